// The port of the audit trail: the entries that are kept for later audits. They are separate from events, which exist only while the
// process runs. Entries hold codes and identifiers, never a token, key, password or claim.
import { randomUUID } from 'node:crypto';
import { reasonText, type AuthErrorCode } from '../base/errors.js';
import type {
  AuthEvent,
  ClientRefusalEvent,
  ClientSignInEvent,
  RefusalEvent,
  RevocationEvent,
  SignInEvent,
  SignInStepEvent,
  SignInStepRefusalEvent,
} from '../base/events.js';
import type { Subject } from '../base/principal.js';

/** What an entry may be about. */
export type AuditType =
  | SignInEvent['type']
  | RefusalEvent['type']
  | SignInStepEvent['type']
  | SignInStepRefusalEvent['type']
  | ClientSignInEvent['type']
  | ClientRefusalEvent['type']
  | RevocationEvent['type']
  | 'keys_rotated'
  | 'keys_refused';

/** One line of the trail. */
export interface AuditEntry {
  /** Random; a second entry of the same id is the same one. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly type: AuditType;
  readonly issuer?: string | undefined;
  /** The user, or the client that acts for itself. */
  readonly subject?: string | undefined;
  readonly sid?: string | undefined;
  /** Why it was refused, exactly. */
  readonly code?: AuthErrorCode | undefined;
  /** What else an operator needs: why something was revoked, which key signs, which step was asked for, how a client proved who it is. */
  readonly detail?: string | undefined;
}

/**
 * Keeps the audit trail. Every method rejects only when the sink is unavailable.
 *
 * Many callers at once are usual, from several processes; entries with the same time come in any order.
 *
 * @example
 * ```ts
 * import type { Subject } from 'nestjs-latchkey';
 * import type { AuditSink } from 'nestjs-latchkey/events';
 *
 * export const lastEntries = (sink: AuditSink, subject: Subject) => sink.list(subject, 20);
 * ```
 */
export abstract class AuditSink {
  /** Keeps an entry; once the promise resolves it is kept. Idempotent: an `id` that is there changes nothing. */
  abstract record(entry: AuditEntry): Promise<void>;

  /**
   * The last entries of one subject, newest first. Subject and issuer are compared exactly, with case.
   * @param limit at most 1,000
   */
  abstract list(subject: Subject, limit: number): Promise<readonly AuditEntry[]>;

  /** Deletes entries older than that time, in epoch milliseconds. Resolves how many. */
  abstract prune(beforeMs: number): Promise<number>;
}

/**
 * The trail in the memory of this process: the readable specification of the port, and useful in tests.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { MemoryAuditSink } from 'nestjs-latchkey/events';
 *
 * export const auth = AuthModule.forRoot({ audit: { sink: { useFactory: () => new MemoryAuditSink() } } });
 * ```
 */
export class MemoryAuditSink extends AuditSink {
  readonly #entries = new Map<string, AuditEntry>();

  override async record(entry: AuditEntry): Promise<void> {
    if (!this.#entries.has(entry.id)) this.#entries.set(entry.id, entry);
  }

  override async list({ issuer, id }: Subject, limit: number): Promise<readonly AuditEntry[]> {
    const own = [...this.#entries.values()].filter((entry) => entry.issuer === issuer && entry.subject === id);
    return own.sort((one, other) => other.atMs - one.atMs).slice(0, limit);
  }

  override async prune(beforeMs: number): Promise<number> {
    const old = [...this.#entries.values()].filter(({ atMs }) => atMs < beforeMs);
    for (const { id } of old) this.#entries.delete(id);
    return old.length;
  }
}

/** The width of the column in a database. */
const MOST_DETAIL = 255;

/** What the trail keeps of an event. Most events are not recorded: unauthenticated clients could fill the table. */
export function auditEntryOf(event: AuthEvent, atMs: number): AuditEntry | undefined {
  const facts = factsOf(event);
  return facts && { id: randomUUID(), atMs, ...facts };
}

function factsOf(event: AuthEvent): Facts | undefined {
  if ('sid' in event) return { type: event.type, issuer: event.issuer, subject: event.subject, sid: event.sid };
  if (event.type === 'revoked') return revokedFacts(event);
  if (event.type === 'sign_in_refused' || event.type === 'refresh_refused')
    return { type: event.type, code: event.code };
  return stepFacts(event) ?? clientFacts(event) ?? keyFacts(event);
}

type Facts = Omit<AuditEntry, 'id' | 'atMs'>;

function stepFacts(event: AuthEvent): Facts | undefined {
  if (event.type === 'sign_in_step_failed') return { ...stepOf(event), code: event.code };
  return event.type === 'sign_in_step_required' || event.type === 'sign_in_step_passed' ? stepOf(event) : undefined;
}

function stepOf({ type, issuer, subject, kind }: SignInStepEvent | SignInStepRefusalEvent): Facts {
  return { type, issuer, subject, detail: kind };
}

/** Of a client that is known, under its id; the code alone does not say which rule refused it. */
function clientFacts(event: AuthEvent): Facts | undefined {
  if (event.type === 'client_sign_in') {
    const { type, issuer, clientId: subject, method } = event;
    return { type, issuer, subject, detail: method };
  }
  if (event.type !== 'client_sign_in_refused') return undefined;
  const { type, issuer, clientId: subject, code, method, reason } = event;
  const detail = [method, reason && reasonText(reason)].filter((each) => each !== undefined).join(': ');
  return { type, issuer, subject, code, ...(detail !== '' && { detail: detail.slice(0, MOST_DETAIL) }) };
}

function keyFacts(event: AuthEvent): Facts | undefined {
  if (event.type !== 'keys_rotated' && event.type !== 'keys_refused') return undefined;
  return { type: event.type, issuer: event.issuer, detail: event.kid };
}

function revokedFacts({ kind, issuer, id, subject, reason }: RevocationEvent): Facts {
  const detail = reason === undefined ? kind : `${kind}: ${reason}`;
  return { type: 'revoked', issuer, subject, sid: kind === 'login' ? id : undefined, detail };
}

/** A sink of your own, as data: what to inject, and how to make it of that. */
export interface AuditSinkFactory {
  readonly inject?: readonly unknown[] | undefined;
  // A method, because its parameters are compared loosely: each factory names the types of what it injects.
  useFactory(...injected: readonly unknown[]): AuditSink | Promise<AuditSink>;
}
