// The read path: who is asking? `authenticate` finds the credentials of a request and tries one scheme after the other; the order of the
// stages for one credential is the order of the lines in `authenticateCredential`; policies come last. `after` goes on at once with what is
// known, and awaits what is not.
import { outcomeOf, publishEarlyEnd, publishEnd, type Attempt } from './attempt.js';
import { EarlyFacts } from './early-facts.js';
import type { RouteRequirements } from './route-requirements.js';
import { SessionMismatch, type MismatchRule } from './session-mismatch.js';
import { after, rescued } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import { applicationFault, AuthError } from '../base/errors.js';
import { events } from '../base/events.js';
import type { Principal, Verified } from '../base/principal.js';
import { SAFE_METHODS, type AuthRequest } from '../base/request.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import { enforce } from '../policies/policies.js';
import { SchemeCalls } from '../schemes/scheme-calls.js';
import { findCandidates, isSentByBrowser, type Candidate, type Scheme } from '../schemes/schemes.js';
import { check, NO_PERMISSIONS, principalOf, type Account, type AccountResolver } from '../users/accounts.js';

export type { RouteRequirements } from './route-requirements.js';

/** The end of an attempt: a principal, `undefined` if anonymous access is allowed, or a refusal and the scheme that it is about. */
export type Decision =
  { readonly principal: Principal | undefined } | { readonly error: AuthError; readonly scheme: string | undefined };

/** A principal, or `undefined` if the next scheme may answer: at once, or later. */
type Answer = Principal | undefined | Promise<Principal | undefined>;

/** Decides for every request who is asking. Holds no state of any request. */
export class Authenticator {
  private readonly mismatch: SessionMismatch;
  private readonly calls = new SchemeCalls();
  /** Made when it is first needed: most applications never look early. */
  private early: EarlyFacts | undefined;

  constructor(
    private readonly blocklist: BlocklistService,
    private readonly users: AccountResolver,
    private readonly rules: { readonly onMismatch: MismatchRule; readonly clock: Clock },
  ) {
    this.mismatch = new SessionMismatch(blocklist, users, rules.onMismatch);
  }

  /**
   * The whole read path for one request. Never throws or rejects: every end is a {@link Decision}, and is published as exactly one
   * `attempt` event if there is a listener.
   */
  authenticate(request: AuthRequest, demand: RouteRequirements): Decision | Promise<Decision> {
    const attempt = attemptOf(request, demand);
    return rescued(
      () => after(this.authenticateFirst(attempt), (principal) => admitted(attempt, principal)),
      (cause) => refused(attempt, cause),
    );
  }

  /**
   * Who asks, as far as credentials tell before the route is known: for logs and limits. It grants nothing: the guard of the route goes on
   * from what was found out, and checks what its route demands. Never throws or rejects; whatever fails is `undefined`.
   */
  async identify(request: AuthRequest, schemes: readonly Scheme[]): Promise<Principal | undefined> {
    this.early ??= new EarlyFacts(this.rules.clock);
    const attempt: Attempt = { ...attemptOf(request, { ...ANY_ROUTE, schemes }), isEarly: true };
    try {
      const principal = await this.authenticateFirst(attempt);
      publishEarlyEnd(attempt, principal === undefined ? 'not_applicable' : 'success');
      return principal;
    } catch (cause) {
      const error = cause instanceof AuthError ? cause : applicationFault(phaseOf(attempt), cause);
      publishEarlyEnd(attempt, outcomeOf(attempt, error));
      return undefined;
    }
  }

  /** All that the request carries is found before any of it is verified. */
  private authenticateFirst(attempt: Attempt): Answer {
    attempt.found = findCandidates(attempt.request, attempt.demand.schemes);
    return this.authenticateFrom(0, attempt);
  }

  /** The first scheme that authenticates the caller wins; its principal must then satisfy the policies. */
  private authenticateFrom(index: number, attempt: Attempt): Answer {
    const each = attempt.found[index];
    if (each === undefined) return assertAnonymousAllowed(attempt);
    attempt.scheme = each.scheme.name;
    return after(this.authenticateWith(each, attempt), (principal) =>
      principal === undefined
        ? this.authenticateFrom(index + 1, attempt)
        : this.assertPolicies(principal, each.scheme, attempt),
    );
  }

  /** One scheme; `undefined` if the next one may answer. */
  private authenticateWith(each: Candidate, attempt: Attempt): Answer {
    if (each.scheme.onFailure !== 'forgive') return this.authenticateUncontradicted(each, attempt);
    return rescued(
      () => this.authenticateUncontradicted(each, attempt),
      (error) => {
        if (!isForgivable(error)) throw error;
        attempt.forgiven = [...attempt.forgiven, { scheme: each.scheme.name, error }];
        return after(this.mismatch.rejectCookieOfOtherUser(error, each, attempt), () => undefined);
      },
    );
  }

  /** A request with one credential has nothing that could contradict it. */
  private authenticateUncontradicted(each: Candidate, attempt: Attempt): Answer {
    const answer = this.authenticateCredential(each, attempt);
    if (attempt.found.length === 1) return answer;
    return after(answer, (principal) =>
      principal === undefined
        ? undefined
        : after(this.mismatch.sessionWins(principal, each, attempt), (wins) => (wins ? undefined : principal)),
    );
  }

  /**
   * The read path. No store is queried before the signature and the CSRF token have been verified, and no user is loaded for a
   * credential that was revoked.
   */
  private authenticateCredential(each: Candidate, attempt: Attempt): Answer {
    const { request, demand } = attempt;
    const { scheme, credential, error } = each;
    attempt.key = attempt.verified = attempt.account = undefined;
    if (error !== undefined) throw error;
    // What was found out early is as fresh as the module says.
    const known = demand.userFreshness === undefined ? this.early?.of(request, each) : undefined;
    const verifying = rescued(
      () => (known === undefined ? scheme.verify(credential, request) : known.verified),
      (cause) => this.calls.failed(scheme.name, cause),
    );
    return after(verifying, (verified) => {
      if (this.calls.failing.size > 0) this.calls.recovered(scheme.name);
      if (verified === undefined) return undefined;
      attempt.verified = verified;
      attempt.key = verified.key;
      if (!SAFE_METHODS.has(request.method)) proveIntent(each, request, verified);
      return after(known?.account ?? this.accountOf(verified, demand), (account) => {
        attempt.account = account;
        if (attempt.isEarly) this.early?.keep(request, each, { verified, account });
        check({ verified, account, permissions: demand.permissions, carriesClaims: true });
        return principalOf(verified, account, scheme.name);
      });
    });
  }

  private accountOf(verified: Verified, { userFreshness }: RouteRequirements): Account | Promise<Account> {
    return after(this.blocklist.refuseRevoked(verified), () => this.users.forRequest(verified, userFreshness));
  }

  private assertPolicies(principal: Principal, scheme: Scheme, attempt: Attempt): Answer {
    const { request, demand } = attempt;
    attempt.principal = principal;
    if (attempt.isEarly) return principal;
    if (demand.policies.length === 0) return recognised(principal, scheme);
    const context = { principal, request, nowSeconds: this.rules.clock.nowSeconds() };
    return after(enforce(demand.policies, context), () => recognised(principal, scheme));
  }
}

function attemptOf(request: AuthRequest, demand: RouteRequirements): Attempt {
  return {
    request,
    demand,
    found: NONE,
    scheme: undefined,
    principal: undefined,
    verified: undefined,
    account: undefined,
    key: undefined,
    forgiven: NONE,
    mismatch: undefined,
    isEarly: false,
  };
}

const NONE: readonly never[] = Object.freeze([]);

/** What every route demands at the least. */
const ANY_ROUTE = Object.freeze({ optional: true, permissions: NO_PERMISSIONS, policies: NONE });

function recognised(principal: Principal, scheme: Scheme): Principal {
  scheme.recognised?.(principal);
  return principal;
}

function admitted(attempt: Attempt, principal: Principal | undefined): Decision {
  if (events.hasSubscribers || attempt.forgiven.length > 0)
    publishEnd(attempt, principal === undefined ? 'not_applicable' : 'success');
  return { principal };
}

function refused(attempt: Attempt, cause: unknown): Decision {
  const error = cause instanceof AuthError ? cause : applicationFault(phaseOf(attempt), cause);
  const isAnonymous = canContinueAnonymously(error, attempt.demand);
  publishEnd(attempt, isAnonymous ? 'anonymous' : outcomeOf(attempt, error), error);
  return isAnonymous ? { principal: undefined } : { error, scheme: attempt.scheme };
}

/** Asked of whatever the browser may have added by itself. */
function proveIntent({ scheme, credential }: Candidate, request: AuthRequest, verified: Verified): void {
  if (scheme.sentBy === 'client' || !isSentByBrowser(scheme, credential, request)) return;
  scheme.csrf(request, verified);
}

/** The phase of errors without a phase of their own: most likely in a function of the application. */
function phaseOf({ scheme }: Attempt): string {
  return scheme === undefined ? 'looking for a credential' : `recognising a caller by '${scheme}'`;
}

/** No scheme recognized the caller: what was forgiven on the way is reported first, because "expired" must not be disguised as "missing". */
function assertAnonymousAllowed(attempt: Attempt): undefined {
  const [failure] = attempt.forgiven;
  const { optional, policies } = attempt.demand;
  attempt.scheme = failure?.scheme;
  if (failure !== undefined) throw failure.error;
  if (!optional || policies.length > 0) throw new AuthError('unauthenticated');
}

/**
 * Unavailable (503) and malformed (400) errors never fall through to the next scheme, and a cookie/session mismatch is handled by
 * `session.mismatch`.
 */
function isForgivable(error: unknown): error is AuthError {
  if (!(error instanceof AuthError)) return false;
  return !error.isUnavailable && error.status !== 400 && error.code !== 'session_user_mismatch';
}

/** Optional routes ignore an invalid credential, but not a 503, a 400, or a route policy. */
function canContinueAnonymously(error: AuthError, demand: RouteRequirements): boolean {
  return demand.optional && demand.policies.length === 0 && !error.isUnavailable && error.status !== 400;
}
