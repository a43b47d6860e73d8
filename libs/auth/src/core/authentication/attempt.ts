// The record of one attempt to authenticateCredential a caller: what happened on the way, and the one event at its end.
import type { AuthError } from '../base/errors.js';
import { hasSubscribers, publish, type AttemptEvent, type AttemptOutcome } from '../base/events.js';
import type { KeyUsed, Principal, Subject } from '../base/principal.js';

/** A credential that failed without ending the attempt. */
interface Failure {
  readonly scheme: string;
  readonly error: AuthError;
}

/** A cookie and a live session that name different people. */
interface Mismatch {
  readonly outcome: 'user_mismatch' | 'user_mismatch_enforced';
  /** `undefined` if the subject of the cookie cannot be read. */
  readonly cookie: Subject | undefined;
  readonly session: Subject;
}

/** One attempt, from the first look at the request to its only event. */
export class Attempt {
  /** The scheme that is being tried, or that decided. */
  scheme: string | undefined;
  principal: Principal | undefined;
  /** The key that the last credential was verified with. */
  key: KeyUsed | undefined;
  /** The schemes that the request carries something for. */
  carried: readonly string[] = [];
  mismatch: Mismatch | undefined;
  private readonly forgiven: Failure[] = [];

  /** Notes a failure after which the next scheme may answer. */
  forgive(scheme: string, error: AuthError): void {
    this.forgiven.push({ scheme, error });
  }

  /** What to report where nobody was recognised: "expired" must not be disguised as "missing". */
  get firstForgiven(): Failure | undefined {
    return this.forgiven[0];
  }

  /** Publishes how the attempt ended. Called exactly once. */
  end(outcome: AttemptOutcome, error?: AuthError): void {
    if (!hasSubscribers()) return;
    publish({
      type: 'attempt',
      outcome,
      scheme: this.scheme,
      code: error?.code,
      reason: error?.reason,
      key: this.key,
      forgiven: this.forgiven.map(({ scheme, error: { code, reason } }) => ({ scheme, code, reason })),
      carried: this.carried,
      conflicting: this.carried.length > 1,
      ...principalFields(this.principal),
      ...mismatchFields(this.mismatch),
    });
  }

  /** Maps an error to the outcome reported in the event. */
  outcomeOf(error: AuthError): AttemptOutcome {
    if (error.isUnavailable) return 'unavailable';
    if (this.mismatch !== undefined) return this.mismatch.outcome;
    if (error.code === 'ambiguous_credentials') return 'ambiguous';
    if (error.code === 'unauthenticated') return 'not_applicable';
    if (this.forgiven.some((failure) => failure.error === error)) return 'forgiven';
    return error.status === 403 ? 'forbidden' : 'rejected';
  }
}

function principalFields(principal: Principal | undefined): Pick<AttemptEvent, 'subject' | 'issuer' | 'kind'> {
  if (principal === undefined) return {};
  return { subject: principal.subject.id, issuer: principal.subject.issuer, kind: principal.kind };
}

function mismatchFields(mismatch: Mismatch | undefined): Pick<AttemptEvent, 'cookieSubject' | 'sessionSubject'> {
  if (mismatch === undefined) return {};
  return { cookieSubject: mismatch.cookie?.id ?? 'unreadable', sessionSubject: mismatch.session.id };
}
