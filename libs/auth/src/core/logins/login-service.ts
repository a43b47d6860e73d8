// Lifecycle of logins. The blocklist entry is authoritative and written first; deleting the row is cleanup, so a crash between the
// two leaves no valid token.
import type { BlocklistService } from './blocklist-service.js';
import { dateOf, type Clock } from '../base/clock.js';
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { SignInEvent } from '../base/events.js';
import type { Subject } from '../base/principal.js';
import type { Login, LoginStore, Rotation, RotationOutcome } from '../stores/stores.js';

/** A sign-in as users see it: a device. */
export interface Device {
  readonly id: string;
  readonly label: string | undefined;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** When it ends unless it is used again. */
  readonly expiresAt: Date;
}

/** What a new sign-in starts with; times in epoch seconds. */
export interface NewLogin {
  readonly subject: Subject;
  readonly sid: string;
  /** The first refresh token, or `undefined` for a sign-in that cannot be refreshed: a host session. */
  readonly refresh: { readonly jti: string; readonly expiresAt: number } | undefined;
  readonly issuedAt: number;
  readonly absoluteExpiresAt: number;
  readonly label: string | undefined;
}

const LABEL_LENGTH = 255;

/** What an id of ours may look like. */
const LOGIN_ID = /^[\x21-\x7e]{1,255}$/;

/**
 * Opens, lists and ends sign-ins.
 *
 * @example
 * ```ts
 * import type { LoginService, Subject } from 'nestjs-latchkey';
 *
 * export const signOutEverywhere = async (logins: LoginService, subject: Subject) => {
 *   const devices = await logins.list(subject);
 *   await logins.endAll(subject, { reason: 'lost-device' });
 *   return devices.length;
 * };
 * ```
 */
export class LoginService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly store: LoginStore,
    private readonly blocklist: BlocklistService,
    private readonly clock: Clock,
  ) {}

  /** @internal Records a new sign-in. @throws {AuthError} `store_unavailable` */
  async open(login: NewLogin): Promise<void> {
    const { subject, refresh, issuedAt, absoluteExpiresAt } = login;
    const row: Login = {
      issuer: subject.issuer,
      subject: subject.id,
      sid: login.sid,
      currentJti: refresh?.jti ?? '',
      currentIssuedAt: issuedAt,
      currentExpiresAt: refresh?.expiresAt ?? absoluteExpiresAt,
      createdAt: issuedAt,
      lastUsedAt: issuedAt,
      absoluteExpiresAt,
      label: login.label?.slice(0, LABEL_LENGTH),
    };
    const event: SignInEvent = { type: 'sign_in', issuer: row.issuer, subject: row.subject, sid: row.sid };
    await this.blocklist.eventSink.before(event);
    await orUnavailable('store_unavailable', () => this.store.open(row));
    this.blocklist.eventSink.after(event);
  }

  /** @internal One atomic step of a refresh. @throws {AuthError} `store_unavailable` */
  async rotate(rotation: Rotation): Promise<RotationOutcome> {
    return orUnavailable('store_unavailable', () => this.store.rotate(rotation));
  }

  /** @internal Notes that a sign-in without refresh tokens was used. @throws {AuthError} `store_unavailable` */
  async touch(subject: Subject, sid: string): Promise<void> {
    await orUnavailable('store_unavailable', () => this.store.touch(subject.issuer, sid, this.clock.nowSeconds()));
  }

  /** The live sign-ins of a subject, newest first. @throws {AuthError} `store_unavailable` */
  async list(subject: Subject): Promise<readonly Device[]> {
    const logins = await orUnavailable('store_unavailable', () => this.store.list(subject, this.clock.nowSeconds()));
    return logins.map(deviceOf);
  }

  /** Ends a sign-in: its tokens, cookies and session are refused at the next request. @throws {AuthError} `store_unavailable` */
  async end(subject: Subject, sid: string, reason = 'sign-out'): Promise<void> {
    const { issuer } = subject;
    const { created } = await this.blocklist.revokeLogin({ issuer, sid, subject: subject.id }, reason);
    // From here on it has ended, whatever becomes of its row.
    if (created) this.blocklist.eventSink.after({ type: 'sign_out', issuer, subject: subject.id, sid });
    await orUnavailable('store_unavailable', () => this.store.end(issuer, sid));
  }

  /**
   * Ends one sign-in of this subject, as chosen from {@link list}. Resolves `false` for one that is not theirs or not there; the
   * two look alike.
   * @throws {AuthError} `store_unavailable`
   */
  async endOwn(subject: Subject, sid: string): Promise<boolean> {
    // Reject malformed ids before querying: PostgreSQL fails on NUL bytes, and the failures would trip the circuit breaker.
    if (!LOGIN_ID.test(sid)) return false;
    const login = await orUnavailable('store_unavailable', () => this.store.find(subject.issuer, sid));
    if (login === undefined || login.subject !== subject.id) return false;
    await this.end(subject, sid, 'device-ended');
    return true;
  }

  /**
   * Signs the subject out everywhere: everything issued up to now is refused, stored or not, and so is whatever a refresh
   * returns while this goes on.
   * @param options.exceptSid the one sign-in to keep; it must not have ended
   * @throws {AuthError} `token_revoked` if the one to spare was itself ended; `store_unavailable`
   */
  async endAll(subject: Subject, options: { exceptSid?: string; reason?: string } = {}): Promise<void> {
    const { reason = 'sign-out-everywhere', exceptSid } = options;
    if (exceptSid !== undefined) await this.refuseEnded(subject, exceptSid);
    await this.blocklist.revokeSubject(subject, { reason, ...(exceptSid !== undefined && { exceptSid }) });
    // A refresh on another server may have asked the blocklist before, and sign with a later time than the entry's.
    const { issuer } = subject;
    const logins = await orUnavailable('store_unavailable', () => this.store.list(subject, this.clock.nowSeconds()));
    const ended = logins.filter(({ sid }) => sid !== exceptSid);
    await Promise.all(ended.map(({ sid }) => this.blocklist.revokeLogin({ issuer, sid, subject: subject.id }, reason)));
    await orUnavailable('store_unavailable', () => this.store.endAll(subject, options.exceptSid));
  }

  /**
   * @internal A sign-in of this subject that has not ended; `undefined` if it has, or is another's. The store itself is asked.
   * @throws {AuthError} `store_unavailable`
   */
  async findLive(subject: Subject, sid: string): Promise<Login | undefined> {
    try {
      const login = await this.refuseEnded(subject, sid);
      return login?.subject === subject.id ? login : undefined;
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }

  /** Exempting an already revoked sign-in would revive it, so bypass the cache here. */
  private async refuseEnded(subject: Subject, sid: string): Promise<Login | undefined> {
    const login = await orUnavailable('store_unavailable', () => this.store.find(subject.issuer, sid));
    const issuedAt = login?.createdAt;
    await this.blocklist.assertNotRevokedUncached({ kind: 'user', subject, sid, issuedAt, claims: {}, own: true });
    return login;
  }

  /** Deletes sign-ins that have expired. Resolves how many. */
  async prune(): Promise<number> {
    return orUnavailable('store_unavailable', () => this.store.prune(this.clock.nowSeconds()));
  }
}

function deviceOf(login: Login): Device {
  return {
    id: login.sid,
    label: login.label,
    createdAt: dateOf(login.createdAt),
    lastUsedAt: dateOf(login.lastUsedAt),
    expiresAt: dateOf(login.currentExpiresAt),
  };
}
