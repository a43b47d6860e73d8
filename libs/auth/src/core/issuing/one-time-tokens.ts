// Tokens that can be used once: for links in mails (a new password, a confirmed address) and for the next step of something that was begun.
// Nothing is stored before one is used, and then its id alone.
import { orUnavailable } from '../base/at-once.js';
import { dateOf, type Clock } from '../base/clock.js';
import { parseDurationMs, type Duration } from '../base/duration.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import type { TokenLimits } from '../base/limits.js';
import { newId } from '../base/new-id.js';
import type { AuthUser, Json, Subject, Verified } from '../base/principal.js';
import type { OwnKeys } from '../keys/own-keys.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import type { OneTimeStore } from '../stores/stores.js';
import { signJws } from '../tokens/jws.js';
import { OWN_TYPES, ownOneTimeProfile } from '../tokens/profiles.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { check, NO_PERMISSIONS, type Account, type AccountResolver } from '../users/accounts.js';
import { stampDigest, type UserDescription } from '../users/users.js';
import { assertSubject } from './issue-input.js';
import { refreshAudienceOf, type TokenSettings } from './token-settings.js';

/** What a one-time token is for, and what it carries. */
export interface OneTimeTokenOptions {
  /** What it can be redeemed for, and for nothing else: `password-reset`. 1 to 64 letters, digits, `.`, `_` and `-`; `nestjs-latchkey.` is reserved. */
  readonly purpose: string;
  /** How long it can be used: 1 second to 1 day. @defaultValue 15 minutes */
  readonly ttl?: Duration | undefined;
  /** What comes back when it is redeemed. It is signed, and the holder of the token can read it. @defaultValue nothing */
  readonly data?: Json | undefined;
}

/** A one-time token that was issued. */
export interface IssuedOneTimeToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** How a token may be redeemed. */
export interface RedeemOptions {
  /** Whether a user who is not active may: to confirm the address that makes them active. @defaultValue false */
  readonly allowInactive?: boolean | undefined;
  /**
   * Work that may fail, like hashing the new password: it is done once the token was found good and before it is used. If it rejects, the
   * token is as good as before, and so is the error. @defaultValue none
   */
  readonly prepare?: ((redeemed: RedeemedToken) => void | Promise<void>) | undefined;
}

/** What a one-time token was valid for. */
export interface RedeemedToken {
  readonly subject: Subject;
  /** Absent in an application without a user source. */
  readonly user: AuthUser | undefined;
  readonly data: Json | undefined;
}

/** A token that was looked at and not used. */
interface InspectedToken {
  readonly verified: Verified;
  readonly user: AuthUser | undefined;
  use(): Promise<void>;
}

/** What one-time tokens are made of. */
export interface OneTimeTokensParts {
  readonly settings: TokenSettings;
  readonly toleranceSeconds: number;
  readonly limits: TokenLimits;
  readonly clock: Clock;
  readonly keys: OwnKeys;
  readonly users: AccountResolver;
  readonly blocklist: BlocklistService;
  readonly store: OneTimeStore | undefined;
}

const PURPOSE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What the library itself issues, like continuations of sign-ins, begins with it. */
const RESERVED = 'nestjs-latchkey.';
const DEFAULT_TTL_SECONDS = 15 * 60;
const MOST_TTL_SECONDS = 86_400;

/**
 * Issues and redeems tokens that can be used once, for one purpose, by the user whom they were issued for.
 *
 * A token ends with the `stamp` of its user: with the password changed, every older link is invalid. It also ends when all of the user's
 * logins are ended. It is never good as an access or refresh token, nor one of these in its place.
 *
 * @example
 * ```ts
 * import type { OneTimeTokens } from 'nestjs-latchkey';
 *
 * export const resetLink = async (oneTime: OneTimeTokens, userId: string) => {
 *   const { token } = await oneTime.issue(userId, { purpose: 'password-reset', ttl: '20m' });
 *   return `https://app.example.com/reset#${token}`;
 * };
 * ```
 */
export class OneTimeTokens {
  /** @internal The module makes it: inject it. */
  constructor(private readonly parts: OneTimeTokensParts) {}

  /**
   * Signs a token. Nothing is stored.
   *
   * @param who the user, active or not, or the `sub`: with a user source the user with that id, who is looked up
   * @throws {AuthError} `user_not_found` for an id that the user source does not know; `users_unavailable`, `store_unavailable`,
   * `keys_unavailable`
   * @throws {TypeError} if an option is not acceptable, or the data no JSON
   * @throws {AuthConfigurationError} without a store for one-time tokens, and in a service that only verifies
   */
  async issue(who: AuthUser | string, options: OneTimeTokenOptions): Promise<IssuedOneTimeToken> {
    assertFree(options.purpose);
    const { token, expiresAt } = await this.sign(who, options);
    return { token, expiresAt };
  }

  /** @internal As {@link issue}, also for a purpose of the library, and with the user whom it is for. */
  async sign(
    who: AuthUser | string,
    options: OneTimeTokenOptions,
  ): Promise<IssuedOneTimeToken & { readonly subject: Subject }> {
    const { settings, keys, limits, blocklist } = this.parts;
    this.storeInUse();
    const audience = this.audienceOf(options.purpose);
    const ttlSeconds = ttlIn(options);
    const { id, stamp } = await this.descriptionOf(who);
    const subject: Subject = { issuer: settings.issuer, id };
    const issuedAt = await blocklist.earliestIssue(subject);
    const claims = {
      iss: subject.issuer,
      sub: id,
      aud: audience,
      iat: issuedAt,
      exp: issuedAt + ttlSeconds,
      jti: newId(),
      stamp: stamp === undefined ? undefined : stampDigest(subject, stamp),
      data: options.data,
    };
    const { kid, alg, ...key } = signerOf(keys);
    const token = await signJws({ typ: OWN_TYPES.oneTime }, claims, { kid, alg, sign: key.sign, limits });
    return { token, subject, expiresAt: dateOf(claims.exp) };
  }

  /**
   * Uses a token. Of many calls with one token, on all processes, exactly one resolves. The use is the last thing that happens: if
   * any check before it is unavailable, the token stays valid.
   *
   * @param purpose the one that it was issued for
   * @throws {AuthError} `one_time_token_invalid`, the same for every reason: forged, expired, used, for another purpose, or of a user who
   * is deleted, inactive or changed; `users_unavailable`, `store_unavailable`, `keys_unavailable`; and whatever `prepare` rejects with
   * @throws {TypeError} if the purpose is not acceptable
   * @throws {AuthConfigurationError} without a store for one-time tokens, and in a service that only verifies
   */
  async redeem(token: string, purpose: string, options: RedeemOptions = {}): Promise<RedeemedToken> {
    assertFree(purpose);
    const { verified, user, use } = await this.inspect(token, purpose, options);
    const redeemed: RedeemedToken = { subject: verified.subject, user, data: verified.claims['data'] };
    await options.prepare?.(redeemed);
    await use();
    return redeemed;
  }

  /** @internal The first half of {@link redeem}, also for a purpose of the library: what the token is valid for, and how it is used. */
  async inspect(token: string, purpose: string, { allowInactive }: RedeemOptions = {}): Promise<InspectedToken> {
    const store = this.storeInUse();
    const audience = this.audienceOf(purpose);
    const { verified, account } = await this.stand(token, audience, allowInactive === true).catch(refuse);
    return { verified, user: account.user, use: () => this.use(store, verified).catch(refuse) };
  }

  /**
   * Forgets uses that have ended, those of clients' assertions included. Resolves how many. With `revocation.pruneEvery` it is done by itself.
   * @throws {AuthError} `store_unavailable`
   */
  async prune(): Promise<number> {
    const store = this.storeInUse();
    return orUnavailable('store_unavailable', () => store.prune(this.parts.clock.nowSeconds()));
  }

  /** Whose token it is. @throws {AuthError} if it is not good, or that cannot be told */
  private async stand(token: string, audience: string, inactive: boolean) {
    const { blocklist, users } = this.parts;
    const verified = await this.verifierFor(audience).verify(token, 'access');
    await blocklist.assertNotRevokedUncached(verified);
    const account: Account = await users.resolve(verified);
    check({ verified, account, permissions: { ...NO_PERMISSIONS, inactive } });
    return { verified, account };
  }

  /** @throws {AuthError} `token_revoked` if it was used before; `store_unavailable` */
  private async use(store: OneTimeStore, { subject, jti, expiresAt }: Verified): Promise<void> {
    if (jti === undefined || expiresAt === undefined) throw new AuthError('missing_claim');
    // A second longer than the tolerance, so that rounding cannot make it good again.
    const forgottenAt = expiresAt + this.parts.toleranceSeconds + 1;
    const id = JSON.stringify(['one-time', subject.issuer, jti]);
    const isFirst = await orUnavailable('store_unavailable', () => store.consume(id, forgottenAt, { joins: true }));
    // Anything but `true` is not a success, whatever a store of the application answers.
    if (isFirst !== true) throw new AuthError('token_revoked');
  }

  /** Made for each use, so that nothing of a token is remembered. */
  private verifierFor(audience: string): TokenVerifier {
    const { settings, toleranceSeconds, limits, clock, keys } = this.parts;
    const { ring } = keys;
    if (ring === undefined)
      throw new AuthConfigurationError(['this service only verifies: one-time tokens need `issuer` and `keys`']);
    const { issuer } = settings;
    const rules = {
      issuer,
      algorithms: ring.algorithms,
      toleranceSeconds,
      maxLifetimeSeconds: MOST_TTL_SECONDS,
      limits,
    };
    const profiles = { access: ownOneTimeProfile(rules, audience) };
    return new TokenVerifier({ issuers: [{ issuer, keys: ring, profiles }], clock });
  }

  /** The issuer itself, for that purpose: no verifier of access or refresh tokens takes it. */
  private audienceOf(purpose: string): string {
    if (typeof purpose !== 'string' || !PURPOSE.test(purpose))
      throw new TypeError('The purpose of a one-time token is 1 to 64 letters, digits, `.`, `_` and `-`.');
    return `${refreshAudienceOf(this.parts.settings)}#one-time/${purpose}`;
  }

  private async descriptionOf(who: AuthUser | string): Promise<Pick<UserDescription, 'id' | 'stamp'>> {
    const { users, settings } = this.parts;
    if (typeof who !== 'string') {
      if (users.source === undefined)
        throw new TypeError('OneTimeTokens.issue was given a user, but there is no user source: pass the subject id.');
      return users.describe(users.source, who);
    }
    assertSubject(who, 'The subject given to OneTimeTokens.issue');
    const { description } = await users.lookUp({ issuer: settings.issuer, id: who });
    return description ?? { id: who };
  }

  private storeInUse(): OneTimeStore {
    if (this.parts.store !== undefined) return this.parts.store;
    throw new AuthConfigurationError([
      'the stores have no `oneTime`, which one-time tokens need; those of nestjs-latchkey have one',
    ]);
  }
}

function signerOf(keys: OwnKeys) {
  const key = keys.signingKey;
  return { kid: key.kid, alg: key.alg, sign: (data: Uint8Array) => key.sign(data) };
}

/** @throws {TypeError} if the purpose is one of the library: a token for it would pass as what the library signed */
function assertFree(purpose: unknown): void {
  if (typeof purpose === 'string' && purpose.startsWith(RESERVED))
    throw new TypeError(
      `The purpose of a one-time token does not begin with '${RESERVED}': the library uses these itself.`,
    );
}

/** @throws {TypeError} */
function ttlIn({ ttl }: OneTimeTokenOptions): number {
  if (ttl === undefined) return DEFAULT_TTL_SECONDS;
  const milliseconds = parseDurationMs(ttl);
  if (milliseconds === undefined || milliseconds < 1_000 || milliseconds > MOST_TTL_SECONDS * 1_000)
    throw new TypeError('ttl must be a duration from 1 second to 1 day.');
  return Math.floor(milliseconds / 1_000);
}

/** One answer for all that is wrong with a token, and unavailable (503) as it is. */
function refuse(error: unknown): never {
  if (!(error instanceof AuthError) || error.status >= 500) throw error;
  throw new AuthError('one_time_token_invalid', { cause: error });
}
