// From a verified credential to the principal that a request carries: whose account it is, whether that may be used, and what is made of
// both. One list of checks for every path: request, refresh and verify.
import { after, isPromise, orUnavailable } from '../base/at-once.js';
import { dateOf } from '../base/clock.js';
import { applicationFault, AuthError } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import type { AuthUser, Principal, Subject, Verified } from '../base/principal.js';
import { withTimeout } from '../base/timeout.js';
import { refused } from '../tokens/refusals.js';
import type { Account } from './account.js';
import { copyOfUser } from './copy-of-user.js';
import { disagreementIn } from './matching-claims.js';
import { descriptionOf, UnusableDescription, type DescribingSource } from './description.js';
import type { RememberedUsers } from './remembered-users.js';
import { SourceCalls } from './source-calls.js';
import { stampDigest, type ExternalUserSource, type UserDescription, type UserSource } from './users.js';

export type { Account } from './account.js';

/** Makes the user of a verified credential where there is no source. */
export type TokenUserMaker = (verified: Verified) => AuthUser;

/** What a route may say of it: `every-request` asks the user source, `token` does not, for tokens that say who their user is. */
export type RouteFreshness = 'every-request' | 'token';

/** How old what is known of a user may be at a request: a time in milliseconds, or as old as the token. */
export type UserFreshness = RouteFreshness | { readonly withinMs: number };

/** How requests ask for users. */
export interface RequestRules {
  readonly freshness: UserFreshness;
  /** With a bound in milliseconds: what is remembered. */
  readonly remembered: RememberedUsers | undefined;
}

const EVERY_REQUEST: RequestRules = { freshness: 'every-request', remembered: undefined };

/** A source that takes longer does not answer. */
const LOOKUP_TIMEOUT_MS = 3_000;

/** Stage 6 of the read path: subject to user. */
export class AccountResolver {
  /** Makes the answer to every call while the sources are still to be found; `undefined` once they are, or if there are none. */
  early: (() => AuthError) | undefined;

  private ownUsers: UserSource | undefined;
  private externalUsers: ExternalUserSource | undefined;

  /**
   * Assigned when the application starts, because the source may itself need services of this library.
   * @throws {AuthError} `users_unavailable` before that
   */
  get source(): UserSource | undefined {
    if (this.early !== undefined) throw this.early();
    return this.ownUsers;
  }

  set source(source: UserSource | undefined) {
    this.ownUsers = source;
  }

  /** As {@link source}, for the tokens of other issuers. */
  get externalSource(): ExternalUserSource | undefined {
    if (this.early !== undefined) throw this.early();
    return this.externalUsers;
  }

  set externalSource(source: ExternalUserSource | undefined) {
    this.externalUsers = source;
  }

  /** How the sources are asked. */
  readonly calls = new SourceCalls();

  /**
   * @param onMistake called for every description that cannot be used: an error of the application, which its log should show
   * @param tokenUser makes the user where no source is asked @defaultValue a {@link TokenUser}
   * @param rules how requests ask @defaultValue the source, each time
   */
  constructor(
    private readonly onMistake: (mistake: TypeError) => void = () => {},
    private readonly tokenUser?: TokenUserMaker,
    private readonly rules: RequestRules = EVERY_REQUEST,
  ) {}

  /**
   * What a source says of a user.
   * @throws {UnusableDescription} a TypeError that names the member; and whatever `describe()` itself throws
   */
  describe<User>(source: DescribingSource<User>, user: User): UserDescription {
    try {
      return descriptionOf(source, user);
    } catch (error) {
      if (error instanceof UnusableDescription) this.onMistake(error);
      throw error;
    }
  }

  /**
   * The account behind a verified credential.
   * @throws {AuthError} `user_not_found`, also if a source answers with another user; `users_unavailable`;
   * `misconfigured` if it describes the user with what is not acceptable
   */
  resolve(verified: Verified): Account | Promise<Account> {
    return this.resolveSeen(verified, verified);
  }

  /**
   * As {@link resolve}, for a request: as fresh as its route asks, or else the module. Clients, and users whom the scheme knows itself, are
   * never looked up.
   */
  forRequest(verified: Verified, asked: UserFreshness = this.rules.freshness): Account | Promise<Account> {
    if (asked === 'every-request' || !isLookedUp(verified)) return this.resolve(verified);
    if (asked !== 'token') return this.rememberedAccount(verified);
    if (!saysWhoTheUserIs(verified) || this.source === undefined) return this.resolve(verified);
    return { user: this.userOfToken(verified, verified), description: undefined };
  }

  private rememberedAccount(verified: Verified): Account | Promise<Account> {
    const { remembered } = this.rules;
    const source = verified.own ? this.source : this.externalSource;
    if (remembered === undefined || source === undefined) return this.resolve(verified);
    const copied = ({ user, description }: Account): Account => ({
      user: user && this.copyOf(user, source),
      description,
    });
    // What is remembered is out of reach of the source, and what is returned out of reach of other requests.
    const load = () => after(this.resolve(verified), copied);
    return after(remembered.of(verified, load), copied);
  }

  private copyOf(user: AuthUser, source: DescribingSource<AuthUser>): AuthUser {
    if (source.copy === undefined) return copyOfUser(user);
    try {
      return source.copy(user);
    } catch (error) {
      throw error instanceof AuthError ? error : applicationFault('copy()', error);
    }
  }

  /** What is remembered between requests, if anything is. */
  get remembered(): RememberedUsers | undefined {
    return this.rules.remembered;
  }

  /** Forgets what is remembered of a user, by the `id` that the source describes. */
  forgetUser(id: string): void {
    this.rules.remembered?.forgetUser(id);
  }

  /** @param seen what the source may look at: the credential, if there is one */
  private resolveSeen(verified: Verified, seen: Verified | undefined): Account | Promise<Account> {
    if (verified.kind === 'client') return NO_ACCOUNT;
    const source = verified.own ? this.source : this.externalSource;
    if (source !== undefined) return this.accountBy(source, verified, seen);
    return { user: verified.user ?? this.userOfToken(verified, seen), description: undefined };
  }

  /** Without a source nothing is known of a user but what the token says; without a token, only the id. */
  private userOfToken({ subject }: Verified, seen: Verified | undefined): AuthUser {
    if (this.tokenUser === undefined || seen === undefined) return plainUserOf(subject);
    const made: unknown = this.madeBy(this.tokenUser, seen);
    // What it answers with is the user type that the application registered.
    if (typeof made === 'object' && made !== null && !isPromise(made)) return made as AuthUser;
    throw this.mistake(`tokenUser() answers with ${kindOf(made)}; it must answer at once, with an object.`);
  }

  private madeBy(tokenUser: TokenUserMaker, verified: Verified): unknown {
    try {
      return tokenUser(verified);
    } catch (error) {
      throw error instanceof AuthError ? error : applicationFault('tokenUser()', error);
    }
  }

  /**
   * The account with that id of ours, without any credential.
   * @throws {AuthError} `user_not_found`, `users_unavailable`
   * @throws {UnusableDescription} if the source describes the user with what is not acceptable
   */
  async lookUp(subject: Subject): Promise<Account> {
    try {
      return await this.resolveSeen({ subject, kind: 'user', claims: NO_CLAIMS, own: true }, undefined);
    } catch (error) {
      throw error instanceof AuthError && error.cause instanceof UnusableDescription ? error.cause : error;
    }
  }

  /**
   * The id of the user of ours that a subject of another issuer is, to compare it with that of a session; `undefined` if there is none, or
   * that cannot be told without making one.
   * @param verified answers what the token of the subject asserts, if its signature held; asked for if the source has no `findLinked`
   * @throws {AuthError} `users_unavailable`, `misconfigured`
   */
  async ownIdOf(subject: Subject, verified: () => Promise<Verified | undefined>): Promise<string | undefined> {
    const source = this.externalSource;
    if (source === undefined) return undefined;
    try {
      const user = await (source.findLinked === undefined ? this.findBy(await verified()) : this.findLinked(subject));
      if (user === undefined || user === null) return undefined;
      return (await orUnavailable('users_unavailable', () => this.checkedDescription(source, user))).id;
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }

  private findBy(verified: Verified | undefined): ReturnType<AccountResolver['find']> {
    return verified === undefined ? undefined : this.find(verified, verified);
  }

  private findLinked(subject: Subject): ReturnType<AccountResolver['find']> {
    return this.calls.ask('externalUsers', () =>
      withTimeout(LOOKUP_TIMEOUT_MS, async () => this.externalSource?.findLinked?.(subject)),
    );
  }

  private async accountBy(
    source: UserSource | ExternalUserSource,
    verified: Verified,
    seen: Verified | undefined,
  ): Promise<Account> {
    const user = await (verified.user ?? this.find(verified, seen));
    if (user === undefined || user === null) throw new AuthError('user_not_found');
    const description = await orUnavailable('users_unavailable', () => this.checkedDescription(source, user));
    // A source that answers with another user would give one user the account of another.
    if (verified.own && description.id !== verified.subject.id) throw new AuthError('user_not_found');
    return { user, description };
  }

  /**
   * As {@link describe}, if a mistake is answered and not thrown at the caller.
   * @throws {AuthError} `misconfigured`
   */
  checkedDescription<User>(source: DescribingSource<User>, user: User): UserDescription {
    try {
      return this.describe(source, user);
    } catch (cause) {
      throw cause instanceof UnusableDescription ? new AuthError('misconfigured', { cause }) : cause;
    }
  }

  /** The refusal for a mistake of the application, which is logged. */
  mistake(sentence: string): AuthError {
    const cause = new TypeError(sentence);
    this.onMistake(cause);
    return new AuthError('misconfigured', { cause });
  }

  private find(
    verified: Verified,
    seen: Verified | undefined,
  ): Promise<AuthUser | undefined | null> | AuthUser | undefined | null {
    return this.calls.ask(verified.own ? 'users' : 'externalUsers', () =>
      withTimeout(LOOKUP_TIMEOUT_MS, async () =>
        verified.own ? this.source?.findBySubject(verified.subject, seen) : this.externalSource?.resolve(verified),
      ),
    );
  }
}

const NO_CLAIMS: Verified['claims'] = Object.freeze({});

/** Client principals have no user, and some schemes know theirs. */
function isLookedUp({ kind, user: known }: Verified): boolean {
  return kind !== 'client' && known === undefined;
}

/**
 * True for tokens of our own. Host sessions and other credentials without claims say nothing of their user, and whose account a token of
 * another issuer leads to only `externalUsers` knows.
 */
function saysWhoTheUserIs({ own, claims }: Verified): boolean {
  return own && claims['sub'] !== undefined;
}

/** Client principals have no user. */
const NO_ACCOUNT: Account = Object.freeze({ user: undefined, description: undefined });

/** Nothing is registered as the user type if nothing makes users, so the token's own user is what `AuthUser` means then. */
function plainUserOf({ id, issuer }: Subject): AuthUser {
  const user: { id: string; issuer: string } = { id, issuer };
  return Object.freeze(user) as unknown as AuthUser;
}

/** What a route permits beyond an active user. Every permission is off unless the route says it by name. */
export interface Permissions {
  /** `@AllowInactive()` */
  readonly inactive: boolean;
  /** `@AllowClients()` */
  readonly clients: boolean;
  /** `@AllowRestrictedClients()` */
  readonly restrictedClients: boolean;
}

/** Nothing beyond an active user. */
export const NO_PERMISSIONS: Permissions = Object.freeze({ inactive: false, clients: false, restrictedClients: false });

/** Everything a check may look at. */
export interface Facts {
  readonly verified: Verified;
  readonly account: Account;
  readonly permissions: Permissions;
  /** True for what carries claims of the user, which must agree with `describe().match`: access tokens. @defaultValue false */
  readonly carriesClaims?: boolean;
}

/** Stays silent, or throws an `AuthError`. */
export type Check = (facts: Facts) => void;

const active: Check = ({ account, permissions }) => {
  const isActive = account.description === undefined || account.description.active === true;
  if (!isActive && !permissions.inactive) throw new AuthError('user_disabled');
};

/** A user with a stamp was changed since the credential was issued, or the credential never carried one. */
const current: Check = ({ verified, account }) => {
  const stamp = account.description?.stamp;
  if (stamp === undefined || !verified.own) return;
  if (verified.stamp !== stampDigest(verified.subject, stamp)) throw new AuthError('token_superseded');
};

/** What is true of the user has changed since the token was issued. A credential without any claim, as a host session, says nothing of it. */
const agreeing: Check = ({ verified: { claims }, account, carriesClaims }) => {
  const match = account.description?.match;
  if (match === undefined || carriesClaims !== true || Object.keys(claims).length === 0) return;
  const claim = disagreementIn(claims, match);
  if (claim !== undefined)
    throw refused('claims_stale', { claim, rule: 'must equal what the user source describes', option: 'match' });
};

const user: Check = ({ verified, permissions }) => {
  if (verified.kind === 'client' && !permissions.clients) throw new AuthError('client_not_allowed');
};

const unrestricted: Check = ({ verified, permissions }) => {
  if (verified.restricted === true && !permissions.restrictedClients) throw new AuthError('restricted_client');
};

/** In the order of what a client should learn first: an invalid credential (401) before a lack of permission (403). */
const CHECKS: readonly Check[] = [active, current, agreeing, user, unrestricted];

/**
 * Checks a verified credential and its account.
 * @throws {AuthError} `user_disabled`, `token_superseded`, `claims_stale`, `client_not_allowed`, `restricted_client`
 */
export function check(facts: Facts): void {
  for (const each of CHECKS) each(facts);
}

const NONE: readonly string[] = Object.freeze([]);

/** The principal of a verified credential and its account. */
export function principalOf(verified: Verified, account: Account, scheme: string): Principal {
  const { description } = account;
  return Object.freeze({
    kind: verified.kind,
    user: account.user,
    subject: verified.subject,
    own: verified.own,
    scheme,
    scopes: scopesOf(verified, account),
    roles: description?.roles ?? verified.roles ?? [],
    claims: verified.claims,
    jti: verified.jti,
    sid: verified.sid,
    authTime: verified.authTime === undefined ? undefined : dateOf(verified.authTime),
    acr: verified.acr,
    amr: verified.amr ?? NONE,
    expiresAt: verified.expiresAt === undefined ? undefined : dateOf(verified.expiresAt),
    restricted: verified.restricted === true,
  });
}

/** A session has the current scopes of its user; a token has the scopes that were granted to it. */
function scopesOf({ scopes }: Verified, { description }: Account): readonly string[] {
  return scopes ?? description?.scopes ?? [];
}
