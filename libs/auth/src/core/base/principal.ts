// Identity types: subject, claims, verified credential, principal.

/**
 * Declare your own types once, by augmenting this interface; services, the principal and the helper types follow.
 *
 * @example
 * ```ts
 * import 'nestjs-latchkey';
 *
 * declare module 'nestjs-latchkey' {
 *   interface Register {
 *     user: { id: string; username: string };
 *     claims: { tenant: string };
 *   }
 * }
 * ```
 */
// An interface, because only interfaces can be augmented. `user` and `claims` are the two members it knows.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Register {}

/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The content of a token as it was signed. Deeply frozen, and without a prototype, so that no claim is ever behaviour. */
export type Claims = Readonly<Record<string, Json | undefined>>;

/** The user that a request without a user source carries: what the token itself says, and nothing else. */
export interface TokenUser {
  /** The `sub` of the token. */
  readonly id: string;
  /** The `iss` of the token. The identity is the pair of both. */
  readonly issuer: string;
}

/** The application's user, as declared in {@link Register}; {@link TokenUser} if nothing is declared. */
export type AuthUser = Register extends { user: infer User } ? User : TokenUser;

/** The application's own claims, as declared in {@link Register}, besides the registered ones. */
export type AuthClaims = Claims & (Register extends { claims: infer Own } ? Partial<Own> : unknown);

/** An identity: an id is unique only within its issuer (RFC 7519 §4.1.2). Never a user name or an e-mail address. */
export interface Subject {
  readonly issuer: string;
  readonly id: string;
}

/**
 * True if both name the same identity. Returns `false` for empty ids.
 *
 * @example
 * ```ts
 * import { sameSubject, type Principal, type Subject } from 'nestjs-latchkey';
 *
 * export const owns = (principal: Principal, owner: Subject) => sameSubject(principal.subject, owner);
 * ```
 */
export function sameSubject(one: Subject, other: Subject): boolean {
  return one.id !== '' && one.id === other.id && one.issuer === other.issuer;
}

/** A user, or a client (service account) that acts for itself. */
export type PrincipalKind = 'user' | 'client';

/** The key that a credential was verified with. */
export interface KeyUsed {
  /** `undefined` if the key has no id, and for shared secrets. */
  readonly kid: string | undefined;
  /** JWS algorithm: `ES256`. */
  readonly alg: string;
}

/** The verified credential: what a scheme asserts, before the user source or a store was queried. */
export interface Verified {
  readonly subject: Subject;
  readonly kind: PrincipalKind;
  readonly claims: AuthClaims;
  /** Granted scopes. Absent if the credential represents all that the user may do (a host session): the user source then provides them. */
  readonly scopes?: readonly string[] | undefined;
  /** Roles, if the credential states them (the `roles` claim). A user source that names roles overrules them. */
  readonly roles?: readonly string[] | undefined;
  /** True if our own half issued it, so that the subject is one of the application's users. */
  readonly own: boolean;
  /** Id of the token, if it has one. */
  readonly jti?: string | undefined;
  /** Id of the sign-in (login) that it belongs to. */
  readonly sid?: string | undefined;
  /** Epoch seconds. */
  readonly issuedAt?: number | undefined;
  /** Epoch seconds. */
  readonly expiresAt?: number | undefined;
  /** When the user last signed in, in epoch seconds (`auth_time`). */
  readonly authTime?: number | undefined;
  /** How strongly the user was authenticated (`acr`), by the names of the issuer. */
  readonly acr?: string | undefined;
  /** How the user was authenticated (`amr`, RFC 8176). */
  readonly amr?: readonly string[] | undefined;
  /** Digest of the user's stamp at the time of issue; see `UserDescription.stamp`. */
  readonly stamp?: string | undefined;
  /** True for a token of a client that may do only what a route allows by name (`is_restricted`). */
  readonly restricted?: boolean | undefined;
  /** The key that it was verified with, for events. */
  readonly key?: KeyUsed | undefined;
  /** The user, if the scheme itself already knows it (a passport strategy). The user source is then not asked. */
  readonly user?: AuthUser | undefined;
}

/** The caller. The outcome of a successful attempt, found on the request as `request.auth`. */
export interface Principal<User = AuthUser> {
  readonly kind: PrincipalKind;
  /** The user; `undefined` for a client principal. */
  readonly user: User | undefined;
  readonly subject: Subject;
  /** True if our own half issued the credential, so that the subject is one of the application's users. */
  readonly own: boolean;
  /** Name of the scheme that recognized the caller: `bearer`, `cookie`, `session` or your own. */
  readonly scheme: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** The verified claims of the token. */
  readonly claims: AuthClaims;
  /** Id of the token, if it has one. */
  readonly jti: string | undefined;
  /** Id of the sign-in that the credential belongs to. */
  readonly sid: string | undefined;
  /** When the user last signed in. */
  readonly authTime: Date | undefined;
  /** How strongly the user was authenticated, by the names of the issuer; `undefined` if the credential does not say. */
  readonly acr: string | undefined;
  /** How the user was authenticated, such as `['pwd', 'otp']` (RFC 8176); empty if the credential does not say. */
  readonly amr: readonly string[];
  /** When the credential expires. */
  readonly expiresAt: Date | undefined;
  /** True for a token of a restricted client. */
  readonly restricted: boolean;
}
