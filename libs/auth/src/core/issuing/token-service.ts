// The write path: issue, verify, refresh, revoke. All checks run before the store is changed: a refresh changes the store
// last, in one atomic step.
import type { BlocklistService } from '../logins/blocklist-service.js';
import { check, NO_PERMISSIONS, principalOf, type AccountResolver } from '../users/accounts.js';
import { dateOf, type Clock } from '../base/clock.js';
import { AuthError, type AuthErrorCode } from '../base/errors.js';
import type { LoginService } from '../logins/login-service.js';
import { newId } from '../base/new-id.js';
import type { TokenKind } from '../tokens/claims.js';
import type { AuthUser, Principal, Subject, Verified } from '../base/principal.js';
import type { AccessGrant, RefreshGrant, TokenMinter, TokenPair } from './token-minter.js';
import type { ClientTokenOptions, ExpectedToken, IssueOptions, RefreshTokenOptions } from './token-options.js';
import { activeAccountOf, currentFacts, sourceOf } from './accounts-to-issue.js';
import {
  accessTtlIn,
  askedFor,
  assertFilters,
  assertSubject,
  audienceIn,
  authTimeOf,
  isRestricted,
  lifetimeOf,
} from './issue-input.js';
import { asRefreshError, asStored, narrowed, type RefreshedLogin } from './refresh-rules.js';
import type { TokenSettings } from './token-settings.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import type { UserDescription } from '../users/users.js';

/** Refusals at a refresh after which the sign-in must not go on, whatever token is presented next. */
const FATAL: ReadonlySet<AuthErrorCode> = new Set(['user_not_found', 'user_disabled', 'token_superseded']);

/** The word for each way in which a refresh succeeds. */
const REFRESHED = { rotated: 'refresh', retry: 'refresh_retry', held: 'refresh_held' } as const;

/**
 * Issues, verifies, refreshes and revokes the tokens of this application.
 *
 * @example
 * ```ts
 * import type { SignInService, TokenService } from 'nestjs-latchkey';
 *
 * export const signIn = async (signIns: SignInService, tokens: TokenService, body: object) =>
 *   tokens.issue(await signIns.verify(body));
 * ```
 */
export class TokenService {
  // One named bundle: these are the stages themselves, and each is one line in the methods below.
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly parts: {
      readonly settings: TokenSettings;
      readonly clock: Clock;
      readonly users: AccountResolver;
      readonly verifier: TokenVerifier;
      readonly minter: TokenMinter;
      readonly logins: LoginService;
      readonly blocklist: BlocklistService;
    },
  ) {}

  /**
   * Signs a user in: a new login with its first pair of tokens.
   *
   * @param who the user, or the `sub`: with a user source the user with that id, who is looked up
   * @throws {AuthError} `user_disabled` for an inactive user; `user_not_found` for an id that the user source does not know;
   * `users_unavailable`; `store_unavailable`; `keys_unavailable`
   * @throws {TypeError} if an option, the subject, or what the user source says of the user is not acceptable; the message says which
   */
  async issue(who: AuthUser | string, options: IssueOptions = {}): Promise<TokenPair> {
    const { settings, blocklist, logins, minter } = this.parts;
    const { user, description } = await activeAccountOf(who, this.parts);
    const subject: Subject = { issuer: settings.issuer, id: description.id };
    const issuedAt = await blocklist.earliestIssue(subject);
    const { idleSeconds, absoluteSeconds } = lifetimeOf(options, settings.refresh);
    const absoluteExpiresAt = issuedAt + absoluteSeconds;
    const refresh: RefreshGrant = {
      ...askedFor(options, { subject, description, access: settings.access }),
      sid: newId(),
      jti: newId(),
      issuedAt,
      expiresAt: Math.min(issuedAt + idleSeconds, absoluteExpiresAt),
      idleSeconds: idleSeconds < settings.refresh.idleSeconds ? idleSeconds : undefined,
      absoluteExpiresAt,
      authTime: authTimeOf(options, issuedAt),
    };
    const access = this.accessGrant(refresh, { user, description, options, occasion: 'sign-in' });
    const pair = await minter.pair(access, refresh);
    options.accept?.(pair);
    const { sid, jti, expiresAt } = refresh;
    await logins.open({
      subject,
      sid,
      refresh: { jti, expiresAt },
      issuedAt,
      absoluteExpiresAt,
      label: options.label,
    });
    return pair;
  }

  /**
   * An access token of a user alone, for a job that acts for them: no login is opened, so that there is no refresh token and no device in the
   * list. It does not count as a sign-in: without `authTime` no route with `@RequireRecentAuth()` accepts it. It ends by its time, by
   * {@link revoke}, and with everything else of the user by `LoginService.endAll()`.
   *
   * @param who the user, or the `sub`, as for {@link issue}
   * @param options those of {@link issue} about the access token; `accessTtl` is at most `access.maxTtl`
   * @throws {AuthError} as {@link issue}, but for what a login needs
   * @throws {TypeError} if an option, the subject, or what the user source says of the user is not acceptable; the message says which
   */
  async issueAccess(
    who: AuthUser | string,
    options: Omit<IssueOptions, 'label' | 'refresh' | 'accept'> = {},
  ): Promise<Pick<TokenPair, 'accessToken' | 'expiresIn' | 'accessExpiresAt' | 'subject' | 'scopes'>> {
    const { settings, blocklist, minter } = this.parts;
    const { user, description } = await activeAccountOf(who, this.parts);
    const subject: Subject = { issuer: settings.issuer, id: description.id };
    const issuedAt = await blocklist.earliestIssue(subject);
    const expiresAt = issuedAt + this.accessTtl(options);
    const alone = {
      ...askedFor(options, { subject, description, access: settings.access }),
      // It belongs to no login, and can be ended by its own id like one.
      sid: newId(),
      jti: newId(),
      issuedAt,
      expiresAt,
      idleSeconds: undefined,
      absoluteExpiresAt: expiresAt,
      authTime: options.authTime === undefined ? undefined : authTimeOf(options, issuedAt),
    };
    const grant = this.accessGrant(alone, { user, description, options, occasion: 'access' });
    const accessToken = await minter.accessToken(grant);
    const { ttlSeconds, scopes } = grant;
    return { accessToken, expiresIn: ttlSeconds, accessExpiresAt: dateOf(expiresAt), subject, scopes };
  }

  /**
   * The subject of a user, as their tokens name it: for `LoginService.endAll()` after a password was reset, `LoginService.list()` or
   * `BlocklistService`. No store and no user source is asked.
   *
   * @param user the user, active or not, or the `sub`
   * @throws {TypeError} if the user source describes the user with what is not acceptable, if there is a user and no user source, or for
   * an id that no token can carry; the message says which
   */
  subjectOf(user: AuthUser | string): Subject {
    const { users, settings } = this.parts;
    if (typeof user !== 'string') return { issuer: settings.issuer, id: users.describe(sourceOf(users), user).id };
    assertSubject(user, 'The subject given to TokenService.subjectOf');
    return { issuer: settings.issuer, id: user };
  }

  /**
   * A short-lived token for a client (service account) that acts for itself: no user, no refresh token. Routes refuse it unless they say
   * `@AllowClients()`, and `@AllowRestrictedClients()` for a restricted one.
   *
   * @throws {AuthError} `keys_unavailable`
   * @throws {TypeError} if an option is not acceptable; the message says which
   */
  async issueForClient(
    clientId: string,
    options: ClientTokenOptions = {},
  ): Promise<{ accessToken: string; expiresIn: number }> {
    const { settings, clock, minter } = this.parts;
    assertSubject(clientId, 'The client id given to TokenService.issueForClient');
    return minter.clientToken({
      clientId,
      jti: newId(),
      issuedAt: clock.nowSeconds(),
      ttlSeconds: this.accessTtl(options),
      audience: audienceIn(options) ?? settings.audience,
      scopes: options.scopes ?? [],
      claims:
        options.filters === undefined ? options.claims : { ...options.claims, filters: assertFilters(options.filters) },
      restricted: isRestricted(options.restricted),
    });
  }

  /**
   * Returns what a token is valid for, by the same checks as a guarded request: signature, claims, blocklist, user.
   *
   * @param expected.kind the kind it must be; there is no "any"
   * @param expected.anyAudience true if the issuer itself asks about a token that it made for others: introspection
   * @throws {AuthError} any 401 code of a token; 503 if unknown
   */
  async verify(token: string, expected: ExpectedToken): Promise<Principal> {
    const { verified, account } = await this.authenticateToken(token, expected);
    return principalOf(verified, account, 'token');
  }

  /**
   * Replaces a refresh token, and returns a new pair of the same sign-in. Claims are made again from the user.
   *
   * A call with a token that was replaced within `refresh.grace` gets the one that is live now: a lost answer, or tabs that refresh
   * at once, are not theft. Anything older ends the sign-in. A sign-in that is refreshed 64 times within one grace is given its live
   * token again, until the grace of the first of them is over.
   *
   * @throws {AuthError} `refresh_expired`, `refresh_reused`, `refresh_unknown`, `invalid_scope`, and every 401 code of a token;
   * 503 if unknown: nothing was consumed then
   */
  async refresh(token: string, options: RefreshTokenOptions = {}): Promise<TokenPair> {
    return (await this.refreshLogin(token, options)).pair;
  }

  /** @internal As {@link refresh}, with the user: absent in an application without a user source. */
  async refreshLogin(token: string, options: RefreshTokenOptions = {}): Promise<RefreshedLogin> {
    try {
      return await this.rotate(token, options);
    } catch (error) {
      if (error instanceof AuthError)
        this.parts.blocklist.eventSink.after({ type: 'refresh_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }

  /**
   * Ends what a token represents: an access token alone, or with a refresh token the whole sign-in (RFC 7009 §2.1). Tokens that
   * are unknown, expired or not ours change nothing and are not an error (RFC 7009 §2.2).
   *
   * @throws {AuthError} `store_unavailable`, `keys_unavailable`
   */
  async revoke(token: string): Promise<void> {
    const { blocklist, logins } = this.parts;
    const held = await this.heldToken(token);
    if (held === undefined) return;
    if (held.kind === 'access') await blocklist.revokeToken(held.verified, 'revoked');
    else if (held.verified.sid !== undefined) await logins.end(held.verified.subject, held.verified.sid, 'revoked');
  }

  private async rotate(token: string, options: RefreshTokenOptions): Promise<RefreshedLogin> {
    const { settings, clock, logins, minter } = this.parts;
    // Read before the blocklist is asked, so that a cut-off made while the user is looked up ends the new tokens too.
    const now = clock.nowSeconds();
    const { verified, account } = await this.authenticateRefresh(token);
    const from = minter.readRefresh(verified);
    const scopes = narrowed(from.scopes ?? account.description?.scopes ?? [], options.scopes);
    const next = this.successorOf(from, now);
    const access = this.accessGrant(next, { ...account, options: { scopes }, occasion: 'refresh' });
    const pair = await minter.pair(access, next);
    options.accept?.(pair);
    const { graceMs } = settings.refresh;
    const rotation = {
      issuer: settings.issuer,
      sid: from.sid,
      from: from.jti,
      to: next,
      nowMs: clock.nowMs(),
      graceMs,
    };
    const event = { issuer: settings.issuer, subject: from.subject.id, sid: from.sid } as const;
    await this.parts.blocklist.eventSink.before({ type: 'refresh', ...event });
    const result = await logins.rotate(rotation);
    if (result.outcome === 'unknown') throw new AuthError('refresh_unknown');
    if (result.outcome === 'reused') return this.endReused(from);
    this.parts.blocklist.eventSink.after({ type: REFRESHED[result.outcome], ...event });
    const live = result.outcome === 'rotated' ? pair : await minter.pair(access, asStored(next, result.login));
    return { pair: live, user: account.user };
  }

  /** The grant that takes the place of this one. @throws {AuthError} `refresh_expired` if the sign-in has no time left */
  private successorOf(from: RefreshGrant, now: number): RefreshGrant {
    const { settings } = this.parts;
    // Never before its predecessor, which may have been issued a second ahead: see BlocklistService.earliestIssue.
    const issuedAt = Math.max(now, from.issuedAt);
    const idleSeconds = Math.min(from.idleSeconds ?? Infinity, settings.refresh.idleSeconds);
    const expiresAt = Math.min(issuedAt + idleSeconds, from.absoluteExpiresAt);
    if (expiresAt <= issuedAt) throw new AuthError('refresh_expired');
    return { ...from, jti: newId(), issuedAt, expiresAt };
  }

  /**
   * A token that was already replaced is presented again: it has leaked, and the legitimate client cannot be distinguished from the
   * attacker.
   */
  private async endReused({ subject, sid }: RefreshGrant): Promise<never> {
    // Reported first: if the store fails half-way, the next attempt finds an ended sign-in and would report nothing.
    this.parts.blocklist.eventSink.after({ type: 'refresh_reused', issuer: subject.issuer, subject: subject.id, sid });
    await this.parts.logins.end(subject, sid, 'reuse');
    throw new AuthError('refresh_reused');
  }

  /** Same pipeline as `Authenticator.authenticateCredential`, without a request. */
  private async authenticateToken(token: string, { kind, anyAudience = false }: ExpectedToken) {
    const { verifier, blocklist, users } = this.parts;
    const verified = await (anyAudience ? verifier.verifyIssued(token, kind) : verifier.verify(token, kind));
    await (kind === 'refresh' ? blocklist.assertNotRevokedUncached(verified) : blocklist.assertNotRevoked(verified));
    const isRequest = kind === 'access' && !anyAudience;
    const account = await (isRequest ? users.forRequest(verified) : users.resolve(verified));
    const permissions = { ...NO_PERMISSIONS, clients: true, restrictedClients: true };
    check({ verified, account, permissions, carriesClaims: kind === 'access' });
    return { verified, account };
  }

  /** As {@link authenticateToken}; a user who is deleted, inactive or changed ends the sign-in permanently. */
  private async authenticateRefresh(token: string) {
    const { verifier, blocklist, users, logins } = this.parts;
    const verified = await verifier.verify(token, 'refresh').catch(asRefreshError);
    await blocklist.assertNotRevokedUncached(verified);
    try {
      const account = await users.resolve(verified);
      // What a restricted client may do is a matter of routes; its sign-in goes on like any other.
      check({ verified, account, permissions: { ...NO_PERMISSIONS, restrictedClients: true } });
      return { verified, account };
    } catch (error) {
      const fatal = error instanceof AuthError && FATAL.has(error.code) && verified.sid !== undefined;
      if (fatal && verified.sid !== undefined) await logins.end(verified.subject, verified.sid, 'user-ended');
      throw error;
    }
  }

  /** The token as what it is, if it is one of ours and still held; nothing about users is asked. */
  private async heldToken(token: string): Promise<{ kind: TokenKind; verified: Verified } | undefined> {
    for (const kind of ['access', 'refresh'] as const) {
      try {
        const verified = await this.parts.verifier.verifyIssued(token, kind);
        return verified.own ? { kind, verified } : undefined;
      } catch (error) {
        if (!(error instanceof AuthError) || error.isUnavailable) throw error;
        if (error.code !== 'wrong_token_type') return undefined;
      }
    }
    return undefined;
  }

  private accessGrant(
    refresh: Omit<RefreshGrant, 'authTime'> & Pick<AccessGrant, 'authTime'>,
    { user, description, options, occasion }: AccessOrigin,
  ): AccessGrant {
    const { settings } = this.parts;
    return {
      ...refresh,
      jti: options.jti ?? newId(),
      audience: refresh.audience ?? settings.audience,
      scopes: options.scopes ?? description?.scopes ?? [],
      ttlSeconds: this.accessTtlOf(refresh),
      ...currentFacts(description),
      headers: options.headers,
      claims: options.claims,
      user,
      occasion,
    };
  }

  /** As the login says, within what the module allows now; never beyond the login itself. */
  private accessTtlOf({ accessTtlSeconds, issuedAt, expiresAt }: Omit<RefreshGrant, 'authTime'>): number {
    const { ttlSeconds, maxTtlSeconds } = this.parts.settings.access;
    return Math.min(accessTtlSeconds ?? ttlSeconds, maxTtlSeconds, expiresAt - issuedAt);
  }

  private accessTtl(options: Pick<IssueOptions, 'accessTtl'>): number {
    return accessTtlIn(options, this.parts.settings.access);
  }
}

/** What an access token is made from, besides the grant. */
interface AccessOrigin {
  readonly user: AuthUser | undefined;
  readonly description: UserDescription | undefined;
  readonly options: IssueOptions;
  readonly occasion: AccessGrant['occasion'];
}
