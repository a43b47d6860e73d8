// Handles requests whose token cookie and live session belong to different users: after a switch of accounts a browser carries both, and
// if either won silently, the request would act as the wrong user.
import type { Attempt } from './attempt.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { sameSubject, type Principal, type Subject } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import { isSentByBrowser, type Candidate } from '../schemes/schemes.js';

/** Whose word counts when a good cookie and a live session name different users. */
export type MismatchRule = 'reject' | 'prefer-jwt' | 'prefer-session';

/** The name of the built-in scheme that reads the host's session. */
export const SESSION = 'session';

/** Compares cookie and session if the route knows both; elsewhere there is nothing to compare. */
export class SessionMismatch {
  constructor(
    private readonly blocklist: BlocklistService,
    private readonly rule: MismatchRule,
  ) {}

  /**
   * A bad cookie is not forgiven while a live session belongs to another user than the cookie names; an unreadable one counts as another
   * user.
   * @throws {AuthError} the error that was about to be forgiven
   */
  async rejectCookieOfOtherUser(error: AuthError, each: Candidate, attempt: Attempt): Promise<void> {
    const { scheme, credential, error: unreadable } = each;
    if (scheme.claimedSubject === undefined) return;
    const session = await this.liveSession(each, attempt);
    if (session === undefined) return;
    const cookie = unreadable === undefined ? scheme.claimedSubject(credential) : undefined;
    if (cookie !== undefined && sameSubject(cookie, session)) return;
    attempt.mismatch = { outcome: 'user_mismatch', cookie, session };
    throw error;
  }

  /**
   * True if a good cookie gives way to the session of another user.
   * @throws {AuthError} `session_user_mismatch` if neither is preferred
   */
  sessionWins(principal: Principal, each: Candidate, attempt: Attempt): boolean | Promise<boolean> {
    const { scheme, credential } = each;
    if (scheme.name === SESSION || !isSentByBrowser(scheme, credential, attempt.request)) return false;
    return this.isOverriddenBySession(principal, each, attempt);
  }

  private async isOverriddenBySession({ subject }: Principal, each: Candidate, attempt: Attempt): Promise<boolean> {
    const session = await this.liveSession(each, attempt);
    if (session === undefined || sameSubject(subject, session)) return false;
    attempt.mismatch = { outcome: 'user_mismatch_enforced', cookie: subject, session };
    if (this.rule === 'reject') throw new AuthError('session_user_mismatch');
    return this.rule === 'prefer-session';
  }

  /** Whom the host session of this request belongs to, if it has one that was not ended. */
  private async liveSession(each: Candidate, { request, found }: Attempt): Promise<Subject | undefined> {
    const session = found.find(({ scheme }) => scheme.name === SESSION);
    if (session === undefined || session === each) return undefined;
    try {
      return await this.subjectOf(session, request);
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }

  private async subjectOf(
    { scheme, credential, error }: Candidate,
    request: AuthRequest,
  ): Promise<Subject | undefined> {
    if (error !== undefined) throw error;
    const verified = await orUnavailable('store_unavailable', () => scheme.verify(credential, request));
    if (verified !== undefined) await this.blocklist.assertNotRevoked(verified);
    return verified?.subject;
  }
}
