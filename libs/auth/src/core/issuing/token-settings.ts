// The numbers that issuing follows, after the options were checked. Seconds, unless the name says otherwise.
import type { AuthClaims, AuthUser, Json } from '../base/principal.js';
import type { ClaimsSchema } from '../tokens/claims-schema.js';

/** What is known when the claims of an access token are made. */
export interface ClaimsContext {
  /** `sign-in`, `refresh`, or `access` for an access token alone: claims are made again each time, never copied from an older token. */
  readonly occasion: 'sign-in' | 'refresh' | 'access';
  readonly scopes: readonly string[];
}

/** Own claims for an access token, besides the registered ones. */
export type ClaimsFor = (user: AuthUser, context: ClaimsContext) => OwnClaims | Promise<OwnClaims>;

/** Claims to sign; `undefined` members are left out. */
export type OwnClaims = Partial<AuthClaims> & Readonly<Record<string, Json | undefined>>;

export interface TokenSettings {
  /** The name of the configuration, if an application has several. */
  readonly configuration?: string | undefined;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly access: {
    readonly ttlSeconds: number;
    readonly maxTtlSeconds: number;
    /** The claim that names the subject besides `sub`, for verifiers that look elsewhere; `sub` for none. */
    readonly subjectClaim: string;
    /** `client_id` of the access tokens of users (RFC 9068 §2.2), unless a sign-in names another client. */
    readonly clientId: string;
    readonly claimsFor: ClaimsFor | undefined;
    /** What the claims must be. @defaultValue no schema */
    readonly claimsSchema?: ClaimsSchema | undefined;
    /** The claim `version` of access tokens; without it they have none of ours. */
    readonly version?: string | undefined;
    /** The highest major of it that is understood; without it the claim is not looked at. */
    readonly supportedMajor?: number | undefined;
  };
  readonly refresh: {
    readonly idleSeconds: number;
    readonly absoluteSeconds: number;
    /** How long after it was replaced a token is still exchanged for the live one. */
    readonly graceMs: number;
  };
}

/**
 * The `aud` of refresh tokens: the issuer itself, so that no lax verifier elsewhere takes one for an access token. Two configurations of
 * one issuer may share keys and stores, so the name of the configuration belongs to it: neither refreshes tokens of the other.
 */
export function refreshAudienceOf({ issuer, configuration }: Pick<TokenSettings, 'issuer' | 'configuration'>): string {
  return configuration === undefined ? issuer : `${issuer}#${configuration}`;
}
