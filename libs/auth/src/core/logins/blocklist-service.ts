// Revocation: what is on the blocklist, and the one question every path asks of it.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { after, orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { RevocationEvent } from '../base/events.js';
import type { Subject, Verified } from '../base/principal.js';
import type { RevocationAnswer, RevocationEntry, RevocationQuery, BlocklistStore } from '../stores/stores.js';
import { channelSink, type EventSink } from '../base/event-sink.js';

/** How long entries must be kept, in seconds. */
export interface RevocationLifetimes {
  /** The longest life of any access token. */
  readonly accessSeconds: number;
  /** The absolute end of a sign-in. */
  readonly loginSeconds: number;
  /** Clock tolerance: a token is accepted so much longer than it says. */
  readonly toleranceSeconds: number;
}

/** The entry that a call made or found, and whether it is new. */
export interface RevocationResult {
  readonly entry: RevocationEntry;
  readonly created: boolean;
}

/** A sign-in by its id; the id is meant together with the issuer. */
export interface LoginId {
  readonly issuer: string;
  readonly sid: string;
  /** Whose it is, for events and the audit trail. @defaultValue unknown */
  readonly subject?: string | undefined;
}

/** A verified token, as `TokenService.verify` and `@CurrentPrincipal()` give one. */
export interface RevocableToken {
  readonly subject: Subject;
  readonly jti?: string | undefined;
  /** Epoch seconds, or a date. */
  readonly expiresAt?: number | Date | undefined;
}

/** How a request asks: the store itself, or what stands in for it. */
export type RevocationLookup = (
  query: RevocationQuery,
  verified: Verified,
) => RevocationAnswer | Promise<RevocationAnswer>;

/** What a blocklist goes by. */
export interface RevocationRules extends RevocationLifetimes {
  /** How requests ask. @defaultValue the store, each time */
  readonly look?: RevocationLookup | undefined;
  /** Receives every entry. @defaultValue publishes events only */
  readonly eventSink?: EventSink | undefined;
  /** Called for every entry when it is stored, and told whose it is if that is known. @defaultValue ignored */
  readonly onRevoked?: ((entry: RevocationEntry, subject: Subject | undefined) => void) | undefined;
}

/**
 * Puts tokens, sign-ins and subjects on the blocklist, and answers for them. All methods are idempotent.
 *
 * @example
 * ```ts
 * import type { BlocklistService, Principal } from 'nestjs-latchkey';
 *
 * export const block = (blocklist: BlocklistService, principal: Principal) =>
 *   blocklist.revokeToken(principal, 'reported as stolen');
 * ```
 */
export class BlocklistService {
  private readonly look: RevocationLookup;
  /** @internal Shared with LoginService and TokenService, so that all of them report to the same sink. */
  readonly eventSink: EventSink;

  /** @internal The module makes it: inject it. */
  constructor(
    private readonly store: BlocklistStore,
    private readonly clock: Clock,
    private readonly rules: RevocationRules,
  ) {
    this.eventSink = rules.eventSink ?? channelSink;
    this.look = rules.look ?? ((query) => store.find(query));
  }

  /**
   * Blocks one verified token; get one from `TokenService.verify`. The key is `(iss, jti)`, never the token's text, because a
   * token has many spellings.
   *
   * @throws {AuthError} `missing_claim` if tokens of that issuer carry no id: block its subject or sign-in instead;
   * `store_unavailable`
   */
  async revokeToken(token: RevocableToken, reason?: string): Promise<RevocationResult> {
    if (token.jti === undefined) throw new AuthError('missing_claim');
    const endsAt = epochSecondsOf(token.expiresAt) ?? this.clock.nowSeconds() + this.rules.accessSeconds;
    const { issuer, id: subject } = token.subject;
    return this.add({ kind: 'token', issuer, id: token.jti, endsAt, reason }, subject);
  }

  /** Ends a sign-in with every token, cookie and session it issued. @throws {AuthError} `store_unavailable` */
  async revokeLogin(login: LoginId, reason?: string): Promise<RevocationResult> {
    const endsAt = this.clock.nowSeconds() + this.longestLife();
    return this.add({ kind: 'login', issuer: login.issuer, id: login.sid, endsAt, reason }, login.subject);
  }

  /**
   * Ends everything of a subject that was issued up to now, including the current second; later sign-ins are valid.
   * @param options.exceptSid spares one sign-in ("everyone but this one")
   * @throws {AuthError} `store_unavailable`
   */
  async revokeSubject(
    subject: Subject,
    options: { exceptSid?: string; reason?: string } = {},
  ): Promise<RevocationResult> {
    const endsAt = this.clock.nowSeconds() + this.longestLife();
    const { exceptSid, reason } = options;
    // Tokens issued after an earlier cut-off in the same second are dated one second ahead, so the new cut-off must cover that
    // second too. Not further ahead than
    // the tolerance, or those who sign in afterwards would have to wait.
    const latest = this.clock.nowSeconds() + Math.max(0, this.rules.toleranceSeconds - 1);
    const revokedAt = Math.min(await this.earliestIssue(subject), latest);
    const { issuer, id } = subject;
    return this.add({ kind: 'subject', issuer, id, endsAt, revokedAt, exceptSid, reason }, id);
  }

  /** The question of every request. @throws {AuthError} `token_revoked`, `store_unavailable` */
  async assertNotRevoked(verified: Verified): Promise<void> {
    return this.refuseRevoked(verified);
  }

  /** As {@link assertNotRevoked}, and at once if the blocklist is in this process: it then throws, and returns no promise. */
  refuseRevoked(verified: Verified): void | Promise<void> {
    return after(this.ask(verified), refuseListed);
  }

  /**
   * The question before anything is issued that outlives the request: the store itself is asked, whatever the options say. A
   * refresh answered from a stale cache could issue tokens with an `iat` after the missed revocation.
   * @throws {AuthError} `token_revoked`, `store_unavailable`
   */
  async assertNotRevokedUncached(verified: Verified): Promise<void> {
    refuseListed(await orUnavailable('store_unavailable', () => this.store.find(queryOf(verified))));
  }

  /**
   * The first second at which something new for this subject can be issued and live: now, or the second after the last
   * {@link revokeSubject}. Without this, a sign-in in the same second as "sign out everywhere" would issue tokens
   * that are already revoked.
   */
  async earliestIssue(subject: Subject): Promise<number> {
    const now = this.clock.nowSeconds();
    const revokedAt = await orUnavailable('store_unavailable', () =>
      this.store.subjectRevokedAt({ ...subject, id: storedId(subject.id) }),
    );
    return revokedAt === undefined ? now : Math.max(now, revokedAt + 1);
  }

  /** Live entries, newest first, for operators. @param limit at most 1,000 @defaultValue 100 */
  async list(limit = 100): Promise<readonly RevocationEntry[]> {
    const now = this.clock.nowSeconds();
    return orUnavailable('store_unavailable', () => this.store.list({ now, limit: Math.min(limit, 1000) }));
  }

  /** Deletes entries that can no longer match. Resolves how many. Run it now and then if the store does not expire. */
  async prune(): Promise<number> {
    return orUnavailable('store_unavailable', () => this.store.prune(this.clock.nowSeconds()));
  }

  private ask(verified: Verified): RevocationAnswer | Promise<RevocationAnswer> {
    return orUnavailable('store_unavailable', () => this.look(queryOf(verified), verified));
  }

  private longestLife(): number {
    return Math.max(this.rules.loginSeconds, this.rules.accessSeconds);
  }

  /**
   * Keep the entry for the clock tolerance plus one second after the token expires, so rounding cannot make the token valid
   * again.
   */
  private async add(
    fields: Omit<RevocationEntry, 'revokedAt' | 'expiresAt'> & { readonly endsAt: number; readonly revokedAt?: number },
    subject?: string,
  ): Promise<RevocationResult> {
    const { endsAt, revokedAt = this.clock.nowSeconds(), ...key } = fields;
    const expiresAt = Math.ceil(endsAt) + this.rules.toleranceSeconds + 1;
    const { kind, issuer, id, reason } = key;
    const exceptSid = key.exceptSid === undefined ? undefined : storedId(key.exceptSid);
    const entry: RevocationEntry = { ...key, id: storedId(id), exceptSid, revokedAt, expiresAt };
    const event: RevocationEvent = { type: 'revoked', kind, issuer, id, subject, reason };
    await this.eventSink.before(event);
    const created = await orUnavailable('store_unavailable', () => this.store.add(entry));
    this.rules.onRevoked?.(entry, subject === undefined ? undefined : { issuer, id: subject });
    if (created || kind === 'subject') this.eventSink.after(event);
    return { entry, created };
  }
}

function refuseListed(kind: RevocationAnswer): void {
  if (kind !== undefined) throw new AuthError('token_revoked');
}

function queryOf({ subject, jti, sid, issuedAt }: Verified): RevocationQuery {
  return {
    issuer: subject.issuer,
    subject: storedId(subject.id),
    jti: jti === undefined ? undefined : storedId(jti),
    sid: sid === undefined ? undefined : storedId(sid),
    issuedAt,
  };
}

/** Ids of our own have at most 255 characters; other issuers write what they like, and stores must not grow by it. */
const LONGEST_ID = 255;

/** An id as stores keep it: itself, or a digest of one that is too long. */
function storedId(id: string): string {
  return id.length <= LONGEST_ID ? id : `sha256:${createHash('sha256').update(id).digest('base64url')}`;
}

function epochSecondsOf(time: number | Date | undefined): number | undefined {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
