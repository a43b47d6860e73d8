// Handles requests whose token cookie and live session belong to different users: after a switch of accounts a browser carries both, and
// if either won silently, the request would act as the wrong user. A cookie of another issuer is compared by the user of ours that it
// stands for.
import type { Attempt } from './attempt.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { sameSubject, type Principal, type Subject, type Verified } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import { isSentByBrowser, type Candidate } from '../schemes/schemes.js';
import type { AccountResolver } from '../users/accounts.js';

/** Whose word counts when a good cookie and a live session name different users. */
export type MismatchRule = 'reject' | 'prefer-jwt' | 'prefer-session';

/** The name of the built-in scheme that reads the host's session. */
export const SESSION = 'session';

/** A credential that failed, and how. */
interface Failed {
  readonly error: AuthError;
  readonly each: Candidate;
  readonly attempt: Attempt;
}

/** True if the credential of another issuer belongs to the account that the session is of. */
function isLinkedTo(session: Subject, { verified, account }: Attempt): boolean {
  return verified?.own === false && verified.kind === 'user' && account?.description?.id === session.id;
}

/** Compares cookie and session if the route knows both; elsewhere there is nothing to compare. */
export class SessionMismatch {
  constructor(
    private readonly blocklist: BlocklistService,
    private readonly users: AccountResolver,
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
    if (cookie !== undefined && (await this.isUserOf(session, cookie, { error, each, attempt }))) return;
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
    if (session === undefined || sameSubject(subject, session) || isLinkedTo(session, attempt)) return false;
    attempt.mismatch = { outcome: 'user_mismatch_enforced', cookie: subject, session };
    if (this.rule === 'reject') throw new AuthError('session_user_mismatch');
    return this.rule === 'prefer-session';
  }

  /** True if the subject of a bad cookie is the user of the session: by its id, or, if another issuer named it, by whom that is here. */
  private async isUserOf(session: Subject, cookie: Subject, { error, each, attempt }: Failed): Promise<boolean> {
    if (cookie.issuer === session.issuer) return sameSubject(cookie, session);
    if (cookie.id === '') return false;
    if (attempt.account !== undefined) return isLinkedTo(session, attempt);
    return (await this.users.ownIdOf(cookie, () => this.held({ error, each, attempt }))) === session.id;
  }

  /**
   * What a bad credential says, if its signature held. No user is made for one that was revoked.
   * @throws {AuthError} `token_revoked`, `store_unavailable`
   */
  private async held({ error, each, attempt }: Failed): Promise<Verified | undefined> {
    if (error.code === 'token_revoked') return undefined;
    if (error.code !== 'token_expired') return attempt.verified;
    // Its time is looked at before the blocklist is, so that it may be revoked as well.
    const lapsed = await each.scheme.lapsed?.(each.credential);
    if (lapsed !== undefined) await this.blocklist.assertNotRevoked(lapsed);
    return lapsed;
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
