// The record of one attempt to authenticate a caller: it travels through the read path, collects what happens there, and becomes the
// one event at the end.
import type { RouteRequirements } from './route-requirements.js';
import type { AuthError } from '../base/errors.js';
import { isRefusalHeard, publish, type AttemptEvent, type AttemptOutcome } from '../base/events.js';
import type { KeyUsed, Principal, Subject } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import type { Candidate } from '../schemes/schemes.js';

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
  /** The key that the last credential was verified with. */
  key: KeyUsed | undefined;
  /** Failures after which the next scheme may answer. The first is what to report: "expired" must not be disguised as "missing". */
  forgiven: readonly Failure[];
  mismatch: Mismatch | undefined;
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
    ...mismatchFields(mismatch),
  });
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

function mismatchFields(mismatch: Mismatch | undefined): Pick<AttemptEvent, 'cookieSubject' | 'sessionSubject'> {
  if (mismatch === undefined) return {};
  return { cookieSubject: mismatch.cookie?.id ?? 'unreadable', sessionSubject: mismatch.session.id };
}
