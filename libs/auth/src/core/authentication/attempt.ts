// The record of one attempt to authenticate a caller: it travels through the read path, collects what happens there, and becomes the
// one event at the end.
import type { RouteRequirements } from './route-requirements.js';
import type { AuthError } from '../base/errors.js';
import { events, isRefusalHeard, publish, type AttemptEvent, type AttemptOutcome } from '../base/events.js';
import type { KeyUsed, Principal, Subject, Verified } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import { VERSION } from '../base/version.js';
import type { Candidate } from '../schemes/schemes.js';
import type { Account } from '../users/accounts.js';

/** A credential that failed without ending the attempt. */
interface Failure {
  readonly scheme: string;
  readonly error: AuthError;
}

/** A cookie and a live session that name different users. */
interface Mismatch {
  readonly outcome: 'user_mismatch' | 'user_mismatch_enforced';
  /** `undefined` if the subject of the cookie cannot be read. */
  readonly cookie: Subject | undefined;
  readonly session: Subject;
}

/** One attempt, from the first look at the request to its only event. */
export interface Attempt {
  readonly request: AuthRequest;
  readonly demand: RouteRequirements;
  /** What the schemes of the route found in the request. */
  found: readonly Candidate[];
  /** The scheme that is being tried, or that decided. */
  scheme: string | undefined;
  principal: Principal | undefined;
  /** What the credential that is being tried, or that decided, asserts, once it was verified. */
  verified: Verified | undefined;
  /** Whose account that is, once it was found. */
  account: Account | undefined;
  /** The key that the last credential was verified with. */
  key: KeyUsed | undefined;
  /** Failures after which the next scheme may answer. The first is what to report: "expired" must not be disguised as "missing". */
  forgiven: readonly Failure[];
  mismatch: Mismatch | undefined;
  /** True before the route is known: the attempt only finds out, and decides nothing. */
  readonly isEarly: boolean;
}

/** Publishes how the attempt ended. Called once at most: an attempt that simply succeeded is not an event while no listener wants it. */
export function publishEnd(attempt: Attempt, outcome: AttemptOutcome, error?: AuthError): void {
  if (!isRefusalHeard()) return;
  const { found, scheme, key, forgiven, principal, mismatch } = attempt;
  publish({
    type: 'attempt',
    outcome,
    scheme,
    code: error?.code,
    reason: error?.reason,
    key,
    forgiven: forgiven.map(({ scheme: name, error: { code, reason } }) => ({ scheme: name, code, reason })),
    carried: found.map(({ scheme: { name } }) => name),
    conflicting: found.length > 1,
    ...principalFields(principal),
    ...refusedFields(attempt, error),
    ...cookieFields(attempt, error),
    ...(mismatch === undefined ? {} : { sessionSubject: mismatch.session.id }),
    ...foreignFields(attempt),
    version: VERSION,
  });
}

/** Publishes how an early attempt ended. The guard of the route, if it has one, publishes the attempt itself. */
export function publishEarlyEnd({ scheme }: Attempt, outcome: AttemptOutcome): void {
  if (events.hasSubscribers) publish({ type: 'early_attempt', outcome, scheme });
}

/** Maps an error to the outcome reported in the event. */
export function outcomeOf({ mismatch, forgiven }: Attempt, error: AuthError): AttemptOutcome {
  if (error.isUnavailable) return 'unavailable';
  if (mismatch !== undefined) return mismatch.outcome;
  if (error.code === 'ambiguous_credentials') return 'ambiguous';
  if (error.code === 'unauthenticated') return 'not_applicable';
  if (forgiven.some((failure) => failure.error === error)) return 'forgiven';
  return error.status === 403 ? 'forbidden' : 'rejected';
}

function principalFields(principal: Principal | undefined): Pick<AttemptEvent, 'subject' | 'issuer' | 'kind'> {
  if (principal === undefined) return {};
  return { subject: principal.subject.id, issuer: principal.subject.issuer, kind: principal.kind };
}

/** What a refused credential claims about its issuer. */
function refusedFields(
  { found, scheme: name }: Attempt,
  error: AuthError | undefined,
): Pick<AttemptEvent, 'claimedIssuer'> {
  const decided = error === undefined ? undefined : found.find(({ scheme }) => scheme.name === name);
  const claimed = decided === undefined ? undefined : claimedBy(decided);
  return claimed === undefined ? {} : { claimedIssuer: claimed.issuer };
}

/** Whom the token cookie names, whatever became of it. */
function cookieFields(
  { found, forgiven }: Attempt,
  error: AuthError | undefined,
): Pick<AttemptEvent, 'cookieSubject' | 'cookieIssuer' | 'cookieIssue'> {
  const cookie = found.find(({ scheme }) => scheme.name === COOKIE);
  if (cookie === undefined) return {};
  const claimed = claimedBy(cookie);
  if (claimed !== undefined) return { cookieSubject: claimed.id, cookieIssuer: claimed.issuer };
  const failure = forgiven.find(({ scheme }) => scheme === COOKIE)?.error ?? error;
  return { cookieSubject: 'unreadable', cookieIssue: issueOf(failure?.code) };
}

const COOKIE = 'cookie';

/** Ids have a bound, which a claim that was not verified need not keep. */
const LONGEST_ID = 255;

function claimedBy({ scheme, credential, error }: Candidate): Subject | undefined {
  const claimed = error === undefined ? scheme.claimedSubject?.(credential) : undefined;
  return claimed !== undefined && claimed.id.length <= LONGEST_ID ? claimed : undefined;
}

function issueOf(code: AuthError['code'] | undefined): AttemptEvent['cookieIssue'] {
  if (code === 'token_malformed') return 'malformed';
  return code === 'invalid_issuer' ? 'unknown_issuer' : 'missing_subject';
}

/** Names that may be told: what a client writes there has no bound. */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'jwt', 'negotiate', 'token']);

/** An `Authorization` header that is for others. */
function foreignFields({ request, found }: Attempt): Pick<AttemptEvent, 'foreignScheme'> {
  const [line] = request.headerLines('authorization');
  const name = line === undefined ? '' : (line.split(' ', 1)[0] ?? '').toLowerCase();
  const isRead = found.some(({ scheme }) => scheme.name === 'bearer' || scheme.challenge?.toLowerCase() === name);
  if (name === '' || isRead) return {};
  return { foreignScheme: FOREIGN_SCHEMES.has(name) ? name : 'other' };
}
