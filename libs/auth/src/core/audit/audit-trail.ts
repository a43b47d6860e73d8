// The writing of the audit trail: asynchronously, or, with `required`, before the operation takes effect.
import { auditEntryOf, type AuditSink } from './audit.js';
import { CircuitBreaker } from '../stores/circuit-breaker.js';
import { takesTurns } from '../stores/turns.js';
import type { Clock } from '../base/clock.js';
import { publish, type AuthEvent } from '../base/events.js';
import { EventSink } from '../base/event-sink.js';

/** How the trail is written. */
export interface AuditTrailOptions {
  /** True if nothing may happen that was not recorded first. @defaultValue false */
  readonly required?: boolean | undefined;
  /** How long one entry may take, in milliseconds. @defaultValue 300 */
  readonly timeoutMs?: number | undefined;
}

/** What is recorded before it happens, if the trail is required. */
const ANNOUNCED: ReadonlySet<AuthEvent['type']> = new Set(['sign_in', 'client_sign_in', 'refresh', 'revoked']);

/** Publishes every event, and records those that the trail keeps. A sink that throws, hangs or rejects changes no answer. */
export class AuditTrail extends EventSink {
  private readonly breaker: CircuitBreaker;
  private readonly isRequired: boolean;

  constructor(
    private readonly sink: AuditSink,
    private readonly clock: Clock,
    { required = false, timeoutMs }: AuditTrailOptions = {},
  ) {
    super();
    this.isRequired = required;
    this.breaker = new CircuitBreaker(clock, { timeoutMs, store: 'audit', takesTurns: takesTurns(sink) });
  }

  /** @throws {AuthError} `store_unavailable` if the trail is required and cannot be written */
  override async before(event: AuthEvent): Promise<void> {
    if (this.isRequired && ANNOUNCED.has(event.type)) await this.record(event);
  }

  override after(event: AuthEvent): void {
    publish(event);
    if (this.isRequired && ANNOUNCED.has(event.type)) return;
    // Fire and forget: the circuit breaker reports a failing sink.
    this.record(event).catch(() => {});
  }

  private async record(event: AuthEvent): Promise<void> {
    const entry = auditEntryOf(event, this.clock.nowMs());
    if (entry !== undefined) await this.breaker.run(async () => this.sink.record(entry));
  }
}
