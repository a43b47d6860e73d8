// Sign-ins that live in a host session: the port to the host, the `session` scheme, and signing in and out. The session itself,
// its cookie and its store belong to the host; what it holds of us is who, since when, and in which sign-in.
import type { BlocklistService } from '../logins/blocklist-service.js';
import type { Clock } from '../base/clock.js';
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { LoginService } from '../logins/login-service.js';
import { isRecord } from '../base/members.js';
import { acrProblem, amrProblem, assertProof } from '../base/proof.js';
import { newId } from '../base/new-id.js';
import type { AuthUser, Subject, Verified } from '../base/principal.js';
import { defineScheme, type CsrfPolicy, type Scheme } from '../schemes/schemes.js';
import { withTimeout } from '../base/timeout.js';
import { authTimeOf, lifetimeOf } from '../issuing/issue-input.js';
import type { LoginOptions } from '../issuing/token-options.js';
import type { TokenSettings } from '../issuing/token-settings.js';
import { stampDigest } from '../users/users.js';
import type { AccountResolver } from '../users/accounts.js';

/** What a host session holds of a sign-in. Times in epoch seconds. */
export interface SessionRecord {
  readonly iss: string;
  readonly sub: string;
  readonly sid: string;
  readonly issuedAt: number;
  /** The end that no use moves. */
  readonly expiresAt: number;
  readonly authTime: number;
  readonly stamp?: string | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/**
 * The host's session as sign-ins need it. The request is the framework's own.
 *
 * Each method is about the session of that one request. Writes reject when the session store is unavailable; the request then has no
 * session, and its answer sets no session cookie.
 */
export abstract class HostSession {
  /**
   * What {@link start} wrote, or `undefined`. Reads only what the host has loaded already, and changes nothing.
   * @throws {AuthError} `store_unavailable` if the host has no session for the request at the moment; `misconfigured` if it never
   * will have one that fits
   */
  abstract read(request: unknown): unknown;
  /** Gives the session a new id, drops all it held, and writes the record. */
  abstract start(request: unknown, record: SessionRecord): Promise<void>;
  /** Ends the session. A session that has ended is not an error. */
  abstract destroy(request: unknown): Promise<void>;
}

/** If the use of a login is recorded. Not picked from `LoginService`: the declarations leave its inner methods out. */
interface UsedLogins {
  touch(subject: Subject, sid: string): Promise<void>;
}

/** What the scheme is made from. */
export interface SessionSchemeParts {
  readonly issuer: string;
  readonly host: HostSession;
  readonly clock: Clock;
  readonly csrf: CsrfPolicy;
  readonly logins: UsedLogins;
}

/** The scheme that finds sign-ins in host sessions. */
export function sessionScheme({ issuer, host, clock, csrf, logins }: SessionSchemeParts): Scheme {
  const noteUse = useNotes(logins, clock);
  return defineScheme<SessionRecord>({
    name: 'session',
    sentBy: 'browser',
    find: ({ raw }) => readRecord(host.read(raw), issuer),
    verify: async (record) => verifiedOf(record, clock.nowSeconds()),
    csrf,
    recognised: ({ subject, sid }) => noteUse(subject, sid),
  });
}

const BETWEEN_NOTES_SECONDS = 60;
const REMEMBERED_NOTES = 10_000;

/** Updates `lastUsedAt` at most once a minute, in the background. */
function useNotes(logins: UsedLogins, clock: Clock) {
  const notedAt = new Map<string, number>();
  return (subject: Subject, sid: string | undefined): void => {
    const now = clock.nowSeconds();
    if (sid === undefined || Math.abs(now - (notedAt.get(sid) ?? 0)) < BETWEEN_NOTES_SECONDS) return;
    if (notedAt.size >= REMEMBERED_NOTES) notedAt.clear();
    notedAt.set(sid, now);
    void logins.touch(subject, sid).catch(() => notedAt.delete(sid));
  };
}

/** A record of this issuer, or nothing: other applications may share the session store, and any code may write into a session. */
export function readRecord(value: unknown, issuer: string): SessionRecord | undefined {
  return isSessionRecord(value) && value.iss === issuer ? value : undefined;
}

const TEXTS = ['iss', 'sub', 'sid'] as const;
const TIMES = ['issuedAt', 'expiresAt', 'authTime'] as const;

function isSessionRecord(value: unknown): value is SessionRecord {
  if (!isRecord(value)) return false;
  const texts = TEXTS.every((name) => typeof value[name] === 'string' && value[name] !== '');
  const times = TIMES.every((name) => Number.isInteger(value[name]));
  const isProven = acrProblem(value['acr']) === undefined && amrProblem(value['amr']) === undefined;
  return texts && times && isProven && ['string', 'undefined'].includes(typeof value['stamp']);
}

function verifiedOf(record: SessionRecord, now: number): Verified {
  if (record.expiresAt <= now) throw new AuthError('token_expired');
  const { iss, sub, sid, issuedAt, expiresAt, authTime, stamp, acr, amr } = record;
  return {
    subject: { issuer: iss, id: sub },
    kind: 'user',
    claims: Object.freeze({}),
    own: true,
    sid,
    issuedAt,
    expiresAt,
    authTime,
    acr,
    amr,
    stamp,
  };
}

/** A host that takes longer does not answer; what comes later is dropped. */
const HOST_TIMEOUT_MS = 5_000;

/**
 * Signs users in and out by the session of the request.
 *
 * @example
 * ```ts
 * import type { SignInService } from 'nestjs-latchkey';
 * import type { SessionService } from 'nestjs-latchkey/browser';
 *
 * export const signIn = async (sessions: SessionService, signIns: SignInService, request: { body: object }) =>
 *   sessions.signIn(request, await signIns.verify(request.body));
 * ```
 */
export class SessionService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly parts: {
      readonly settings: TokenSettings;
      readonly clock: Clock;
      readonly users: AccountResolver;
      readonly logins: LoginService;
      readonly blocklist: BlocklistService;
      readonly host: HostSession;
    },
  ) {}

  /**
   * Signs a user in: ends what the session stood for, gives it a new id, and opens a sign-in, so that device end, sign-out everywhere
   * and a changed password reach it.
   *
   * @param request the framework's own request
   * @param options of `refresh` the member `absolute` alone counts: how long a session may rest is the host's to decide
   * @throws {AuthError} `user_disabled`, `store_unavailable`, `misconfigured`; the user is not signed in then
   * @throws {TypeError} if there is no user source, or an option or what its `describe()` answers is not acceptable
   */
  async signIn(request: unknown, user: AuthUser, options: LoginOptions = {}): Promise<SignedIn> {
    const { settings, blocklist, logins } = this.parts;
    const { id, active, stamp } = this.describe(user);
    if (!active) throw new AuthError('user_disabled');
    const { acr, amr, label } = options;
    assertProof({ acr, amr });
    const { absoluteSeconds } = lifetimeOf(options, settings.refresh);
    const subject: Subject = { issuer: settings.issuer, id };
    await this.endLogin(request);
    const issuedAt = await blocklist.earliestIssue(subject);
    const absoluteExpiresAt = issuedAt + absoluteSeconds;
    const sid = newId();
    await logins.open({ subject, sid, refresh: undefined, issuedAt, absoluteExpiresAt, label });
    const record: SessionRecord = {
      iss: subject.issuer,
      sub: id,
      sid,
      issuedAt,
      expiresAt: absoluteExpiresAt,
      authTime: authTimeOf(options, issuedAt),
      ...(acr === undefined ? undefined : { acr }),
      ...(amr === undefined ? undefined : { amr }),
      ...(stamp === undefined ? undefined : { stamp: stampDigest(subject, stamp) }),
    };
    await this.start(request, record);
    return { subject, sid };
  }

  /**
   * Signs out: ends the sign-in first, which is what counts, and then the session. A request without one is not an error.
   * @throws {AuthError} `store_unavailable`
   */
  async signOut(request: unknown): Promise<void> {
    await this.endLogin(request);
    await orUnavailable('store_unavailable', () =>
      withTimeout(HOST_TIMEOUT_MS, () => this.parts.host.destroy(request)),
    );
  }

  /** Whose session the request comes with, unless it has ended by itself. Revocation is not asked. */
  current(request: unknown): SignedIn | undefined {
    const record = this.recordOf(request);
    if (record === undefined || record.expiresAt <= this.parts.clock.nowSeconds()) return undefined;
    return { subject: { issuer: record.iss, id: record.sub }, sid: record.sid };
  }

  private async start(request: unknown, record: SessionRecord): Promise<void> {
    try {
      await orUnavailable('store_unavailable', () =>
        withTimeout(HOST_TIMEOUT_MS, () => this.parts.host.start(request, record)),
      );
    } catch (error) {
      // Otherwise the device list would show a sign-in that never completed.
      await this.parts.logins
        .end({ issuer: record.iss, id: record.sub }, record.sid, 'session-failed')
        .catch(() => undefined);
      throw error;
    }
  }

  private async endLogin(request: unknown): Promise<void> {
    const record = this.recordOf(request);
    if (record !== undefined) await this.parts.logins.end({ issuer: record.iss, id: record.sub }, record.sid);
  }

  private recordOf(request: unknown): SessionRecord | undefined {
    return readRecord(this.parts.host.read(request), this.parts.settings.issuer);
  }

  private describe(user: AuthUser) {
    const { users } = this.parts;
    if (users.source === undefined)
      throw new TypeError('Signing in by session needs a user source: give AuthModule `users`.');
    return users.describe(users.source, user);
  }
}

/** A sign-in: whose, and which. */
export interface SignedIn {
  readonly subject: Subject;
  readonly sid: string;
}
