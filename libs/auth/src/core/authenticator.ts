// Owns the read path: who is asking? Its order is the order of the lines in `recognise`, and is changed nowhere else.
import type { BlocklistService } from './blocklist-service.js';
import { check, type Permissions } from './checks.js';
import { dateOf } from './clock.js';
import { AuthError, during } from './errors.js';
import { publish, type AttemptOutcome, type ForgivenFailure } from './events.js';
import { enforce, type Policy } from './policies.js';
import { sameSubject, type Principal, type Subject, type Verified } from './principal.js';
import { isSafeMethod, type AuthRequest } from './request.js';
import type { Scheme } from './schemes.js';
import type { Account, Users } from './users.js';

/** What a route asks of a caller. */
export interface Demand {
  /** In order of preference. */
  readonly schemes: readonly Scheme[];
  /** Nobody is fine too, unless a policy demands somebody. */
  readonly optional: boolean;
  readonly permissions: Permissions;
  readonly policies: readonly Policy[];
}

/** Whose word counts when a good cookie and a live session name different users. */
export type MismatchRule = 'reject' | 'prefer-jwt' | 'prefer-session';

/** The end of an attempt: a principal, nobody (where nobody is fine), or a refusal and the scheme that it is about. */
export type Decision =
  { readonly principal: Principal | undefined } | { readonly error: AuthError; readonly scheme: string | undefined };

/** What a scheme carried in the request: a credential, or the reason why it cannot be read. */
interface Found {
  readonly scheme: Scheme;
  readonly credential?: unknown;
  readonly error?: AuthError;
}

/** How one scheme ended. */
type Attempt =
  | { readonly end: 'absent' }
  | { readonly end: 'authenticated'; readonly principal: Principal }
  | { readonly end: 'rejected' | 'forgiven'; readonly error: AuthError };

/** What is gathered on the way, for the one event at the end. */
interface Trace {
  outcome: AttemptOutcome;
  scheme: string | undefined;
  principal: Principal | undefined;
  error: AuthError | undefined;
  forgiven: (ForgivenFailure & { readonly error: AuthError })[];
  carried: readonly string[];
  cookieSubject?: string | undefined;
  sessionSubject?: string | undefined;
}

const SESSION = 'session';

/** Decides for every request who is asking. Holds no state of any request. */
export class Authenticator {
  constructor(
    private readonly blocklist: BlocklistService,
    private readonly users: Users,
    private readonly onMismatch: MismatchRule,
  ) {}

  /**
   * The whole read path for one request. Never rejects: every end is a {@link Decision}, and has been published as exactly
   * one `attempt` event.
   */
  async authenticate(request: AuthRequest, demand: Demand): Promise<Decision> {
    const trace: Trace = emptyTrace();
    try {
      await this.decide(request, demand, trace);
    } catch (cause) {
      trace.error = cause instanceof AuthError ? cause : new AuthError('store_unavailable', { cause });
    }
    if (trace.error !== undefined && mayGoOnAsNobody(trace.error, demand)) {
      Object.assign(trace, { outcome: 'anonymous', principal: undefined });
      publishAttempt(trace);
      return { principal: undefined };
    }
    if (trace.error !== undefined) trace.outcome = outcomeOf(trace);
    publishAttempt(trace);
    return trace.error === undefined ? { principal: trace.principal } : { error: trace.error, scheme: trace.scheme };
  }

  /** Tries the schemes in order; whoever is recognised first must also satisfy the policies. */
  private async decide(request: AuthRequest, demand: Demand, trace: Trace): Promise<void> {
    const found = findAll(request, demand.schemes);
    trace.carried = found.map(({ scheme }) => scheme.name);
    for (const each of found) {
      trace.scheme = each.scheme.name;
      const attempt = await this.attempt(request, each, demand);
      if (attempt.end === 'rejected') throw attempt.error;
      if (attempt.end === 'forgiven') {
        trace.forgiven.push({ scheme: each.scheme.name, code: attempt.error.code, error: attempt.error });
        await this.refuseForeignCookie(request, { each, found, error: attempt.error, trace });
      }
      if (attempt.end === 'authenticated' && !(await this.yieldsToSession(request, { each, found, attempt, trace }))) {
        trace.principal = attempt.principal;
        trace.outcome = 'success';
        await enforce(demand.policies, { principal: attempt.principal, request });
        return each.scheme.recognised?.(attempt.principal);
      }
    }
    trace.scheme = trace.forgiven[0]?.scheme;
    if (trace.forgiven[0] !== undefined) throw trace.forgiven[0].error;
    if (!demand.optional || demand.policies.length > 0) throw new AuthError('unauthenticated');
  }

  /** One scheme, from what it found to how it ended. "Cannot tell" is never forgiven. */
  private async attempt(request: AuthRequest, found: Found, demand: Demand): Promise<Attempt> {
    try {
      const principal = await this.recognise(request, found, demand);
      return principal === undefined ? { end: 'absent' } : { end: 'authenticated', principal };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const forgivable = found.scheme.onFailure === 'forgive' && !error.isUnavailable && error.status !== 400;
      return { end: forgivable ? 'forgiven' : 'rejected', error };
    }
  }

  /**
   * The read path. No store is asked before the signature holds and the intent is shown, and no user is loaded for a credential
   * that was revoked.
   */
  private async recognise(request: AuthRequest, found: Found, demand: Demand): Promise<Principal | undefined> {
    const { scheme, credential, error } = found;
    if (error !== undefined) throw error;
    const verified = await during('keys_unavailable', () => scheme.verify(credential, request));
    if (verified === undefined) return undefined;
    if (scheme.sentBy === 'browser' && !isSafeMethod(request.method)) scheme.csrf(request, verified);
    await this.blocklist.refuseRevoked(verified);
    const account = await this.users.resolve(verified);
    check({ verified, account, permissions: demand.permissions });
    return principalOf(verified, account, scheme.name);
  }

  /** A bad cookie is not forgiven while a live session belongs to somebody else than the cookie names (EDX-F8, EDX-F9). */
  private async refuseForeignCookie(
    request: AuthRequest,
    { each, found, error, trace }: { each: Found; found: readonly Found[]; error: AuthError; trace: Trace },
  ): Promise<void> {
    if (each.scheme.claimedSubject === undefined) return;
    const session = await this.liveSession(request, each, found);
    if (session === undefined) return;
    const claimed = each.error === undefined ? each.scheme.claimedSubject(each.credential) : undefined;
    if (claimed !== undefined && sameSubject(claimed, session)) return;
    noteMismatch(trace, 'user_mismatch', { cookie: claimed, session });
    throw error;
  }

  /** True where a good cookie must give way to the session of somebody else; refused where nobody is preferred. */
  private async yieldsToSession(
    request: AuthRequest,
    {
      each,
      found,
      attempt,
      trace,
    }: { each: Found; found: readonly Found[]; attempt: { principal: Principal }; trace: Trace },
  ): Promise<boolean> {
    if (each.scheme.sentBy !== 'browser' || each.scheme.name === SESSION) return false;
    const session = await this.liveSession(request, each, found);
    const { subject } = attempt.principal;
    if (session === undefined || sameSubject(subject, session)) return false;
    noteMismatch(trace, 'user_mismatch_enforced', { cookie: subject, session });
    if (this.onMismatch === 'reject') throw new AuthError('session_user_mismatch');
    return this.onMismatch === 'prefer-session';
  }

  /** Whom the host session of this request belongs to, if it has one that was not ended. */
  private async liveSession(request: AuthRequest, each: Found, found: readonly Found[]): Promise<Subject | undefined> {
    const session = found.find(({ scheme }) => scheme.name === SESSION);
    if (session === undefined || session === each) return undefined;
    try {
      if (session.error !== undefined) throw session.error;
      const verified = await during('store_unavailable', () => session.scheme.verify(session.credential, request));
      if (verified !== undefined) await this.blocklist.refuseRevoked(verified);
      return verified?.subject;
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }
}

/** Stage 2: what each scheme of the route carries, collected before any of it is judged. */
function findAll(request: AuthRequest, schemes: readonly Scheme[]): readonly Found[] {
  const found: Found[] = [];
  for (const scheme of schemes) {
    const one = findOne(request, scheme);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function findOne(request: AuthRequest, scheme: Scheme): Found | undefined {
  try {
    const credential = scheme.find(request);
    return credential === undefined ? undefined : { scheme, credential };
  } catch (error) {
    if (!(error instanceof AuthError) || error.status === 400) throw error;
    return { scheme, error };
  }
}

/** The principal that a verified credential and its account make. */
export function principalOf(verified: Verified, account: Account, scheme: string): Principal {
  const { description } = account;
  return Object.freeze({
    kind: verified.kind,
    user: account.user,
    subject: verified.subject,
    scheme,
    scopes: verified.scopes ?? description?.scopes ?? [],
    roles: description?.roles ?? verified.roles ?? [],
    claims: verified.claims,
    jti: verified.jti,
    sid: verified.sid,
    authTime: verified.authTime === undefined ? undefined : dateOf(verified.authTime),
    expiresAt: verified.expiresAt === undefined ? undefined : dateOf(verified.expiresAt),
    restricted: verified.restricted === true,
  });
}

/** An optional route goes on without a bad credential; not without an answer, and not without one that a policy needs. */
function mayGoOnAsNobody(error: AuthError, demand: Demand): boolean {
  return demand.optional && demand.policies.length === 0 && !error.isUnavailable && error.status !== 400;
}

function emptyTrace(): Trace {
  return {
    outcome: 'not_applicable',
    scheme: undefined,
    principal: undefined,
    error: undefined,
    forgiven: [],
    carried: [],
  };
}

function noteMismatch(
  trace: Trace,
  outcome: 'user_mismatch' | 'user_mismatch_enforced',
  { cookie, session }: { cookie: Subject | undefined; session: Subject },
): void {
  trace.outcome = outcome;
  trace.cookieSubject = cookie?.id ?? 'unreadable';
  trace.sessionSubject = session.id;
}

/** The word for a refusal. A mismatch was named where it was found. */
function outcomeOf({ error, outcome, forgiven, principal }: Trace): AttemptOutcome {
  if (error === undefined || outcome === 'user_mismatch' || outcome === 'user_mismatch_enforced') return outcome;
  if (error.isUnavailable) return 'unavailable';
  if (error.code === 'ambiguous_credentials') return 'ambiguous';
  if (error.code === 'unauthenticated') return 'not_applicable';
  if (principal !== undefined || error.status === 403) return 'forbidden';
  return forgiven.some((failure) => failure.error === error) ? 'forgiven' : 'rejected';
}

function publishAttempt(trace: Trace): void {
  const { principal } = trace;
  publish({
    type: 'attempt',
    outcome: trace.outcome,
    scheme: principal?.scheme ?? trace.scheme,
    code: trace.error?.code,
    forgiven: trace.forgiven.map(({ scheme, code }) => ({ scheme, code })),
    carried: trace.carried,
    conflicting: trace.carried.length > 1,
    subject: principal?.subject.id,
    issuer: principal?.subject.issuer,
    kind: principal?.kind,
    cookieSubject: trace.cookieSubject,
    sessionSubject: trace.sessionSubject,
  });
}
