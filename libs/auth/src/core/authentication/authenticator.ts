// The read path: who is asking? Its order is the order of the lines in `authenticateCredential`, and is changed nowhere else.
import { Attempt } from './attempt.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import { check, type Permissions } from '../users/account-checks.js';
import type { Clock } from '../base/clock.js';
import { applicationFault, AuthError } from '../base/errors.js';
import { enforce, type Policy } from '../policies/policies.js';
import type { Principal, Verified } from '../base/principal.js';
import { isSafeMethod, type AuthRequest } from '../base/request.js';
import { SchemeCalls } from '../schemes/scheme-calls.js';
import { findCandidates, isSentByBrowser, type Candidate, type Scheme } from '../schemes/schemes.js';
import { SessionMismatch, type MismatchRule, type CandidateContext } from './session-mismatch.js';
import { principalOf } from '../users/principal-of.js';
import type { AccountResolver } from '../users/users.js';

/** What a route asks of a caller. */
export interface RouteRequirements {
  /** In order of preference. */
  readonly schemes: readonly Scheme[];
  /** Anonymous access is allowed unless the route has a policy. */
  readonly optional: boolean;
  readonly permissions: Permissions;
  readonly policies: readonly Policy[];
}

/** The end of an attempt: a principal, nobody (where nobody is fine), or a refusal and the scheme that it is about. */
export type Decision =
  { readonly principal: Principal | undefined } | { readonly error: AuthError; readonly scheme: string | undefined };

/** Decides for every request who is asking. Holds no state of any request. */
export class Authenticator {
  private readonly mismatch: SessionMismatch;
  private readonly calls = new SchemeCalls();

  constructor(
    private readonly blocklist: BlocklistService,
    private readonly users: AccountResolver,
    private readonly rules: { readonly onMismatch: MismatchRule; readonly clock: Clock },
  ) {
    this.mismatch = new SessionMismatch(blocklist, rules.onMismatch);
  }

  /**
   * The whole read path for one request. Never rejects: every end is a {@link Decision}, and has been published as exactly
   * one `attempt` event.
   */
  async authenticate(request: AuthRequest, demand: RouteRequirements): Promise<Decision> {
    const attempt = new Attempt();
    try {
      const principal = await this.authenticateFirst(request, demand, attempt);
      attempt.end(principal === undefined ? 'not_applicable' : 'success');
      return { principal };
    } catch (cause) {
      const error = cause instanceof AuthError ? cause : applicationFault(phaseOf(attempt), cause);
      const nobody = canContinueAnonymously(error, demand);
      attempt.end(nobody ? 'anonymous' : attempt.outcomeOf(error), error);
      return nobody ? { principal: undefined } : { error, scheme: attempt.scheme };
    }
  }

  /** The first scheme that authenticates the caller wins; its principal must then satisfy the policies. */
  private async authenticateFirst(
    request: AuthRequest,
    demand: RouteRequirements,
    attempt: Attempt,
  ): Promise<Principal | undefined> {
    const found = findCandidates(request, demand.schemes);
    attempt.carried = found.map(({ scheme }) => scheme.name);
    for (const each of found) {
      attempt.scheme = each.scheme.name;
      const principal = await this.authenticateWith(demand, { request, each, found, attempt });
      if (principal === undefined) continue;
      attempt.principal = principal;
      if (demand.policies.length > 0) {
        await enforce(demand.policies, { principal, request, nowSeconds: this.rules.clock.nowSeconds() });
      }
      each.scheme.recognised?.(principal);
      return principal;
    }
    assertAnonymousAllowed(demand, attempt);
    return undefined;
  }

  /** One scheme; `undefined` where the next one may answer. */
  private async authenticateWith(demand: RouteRequirements, rivalry: CandidateContext): Promise<Principal | undefined> {
    try {
      const principal = await this.authenticateCredential(rivalry, demand);
      if (principal === undefined) return undefined;
      return (await this.mismatch.sessionWins(principal, rivalry)) ? undefined : principal;
    } catch (error) {
      const { each, attempt } = rivalry;
      if (!isForgivable(error, each.scheme)) throw error;
      attempt.forgive(each.scheme.name, error);
      await this.mismatch.rejectCookieOfOtherUser(error, rivalry);
      return undefined;
    }
  }

  /**
   * The read path. No store is queried before the signature and the CSRF token have been verified, and no user is loaded for a
   * credential that was revoked.
   */
  private async authenticateCredential(
    { request, each, attempt }: CandidateContext,
    demand: RouteRequirements,
  ): Promise<Principal | undefined> {
    const { scheme, error } = each;
    attempt.key = undefined;
    if (error !== undefined) throw error;
    const verified = await this.calls.verify(each, request);
    if (verified === undefined) return undefined;
    attempt.key = verified.key;
    if (!isSafeMethod(request.method)) proveIntent(each, request, verified);
    await this.blocklist.assertNotRevoked(verified);
    const account = await this.users.resolve(verified);
    check({ verified, account, permissions: demand.permissions });
    return principalOf(verified, account, scheme.name);
  }
}

/** Asked of whatever the browser may have added by itself. */
function proveIntent({ scheme, credential }: Candidate, request: AuthRequest, verified: Verified): void {
  if (scheme.sentBy === 'client' || !isSentByBrowser(scheme, credential, request)) return;
  scheme.csrf(request, verified);
}

/** Where something broke that has no phase of its own: most likely in what the application hands in. */
function phaseOf({ scheme }: Attempt): string {
  return scheme === undefined ? 'looking for a credential' : `recognising a caller by '${scheme}'`;
}

/** Nobody was recognised: what was forgiven on the way is reported first, because "expired" must not be disguised as "missing". */
function assertAnonymousAllowed({ optional, policies }: RouteRequirements, attempt: Attempt): void {
  const failure = attempt.firstForgiven;
  attempt.scheme = failure?.scheme;
  if (failure !== undefined) throw failure.error;
  if (!optional || policies.length > 0) throw new AuthError('unauthenticated');
}

/**
 * Unavailable (503) and malformed (400) errors never fall through to the next scheme, and a cookie/session mismatch is handled by
 * `session.mismatch`.
 */
function isForgivable(error: unknown, scheme: Scheme): error is AuthError {
  if (!(error instanceof AuthError) || scheme.onFailure !== 'forgive') return false;
  return !error.isUnavailable && error.status !== 400 && error.code !== 'session_user_mismatch';
}

/** Optional routes ignore an invalid credential, but not a 503, a 400, or a route policy. */
function canContinueAnonymously(error: AuthError, demand: RouteRequirements): boolean {
  return demand.optional && demand.policies.length === 0 && !error.isUnavailable && error.status !== 400;
}
