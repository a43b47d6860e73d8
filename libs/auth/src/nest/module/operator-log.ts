// The log lines of operators: outages of stores, user sources and key sets with their ends, always; refused credentials with the rule that refused
// them, in development only, because anonymous clients could fill the log of a production service.
import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../core/base/clock.js';
import { MINUTE_MS } from '../../core/base/duration.js';
import { reasonText } from '../../core/base/errors.js';
import {
  onRefusedAttempt,
  onUpkeepEvent,
  type AttemptEvent,
  type AuthEvent,
  type ClientRefusalEvent,
} from '../../core/base/events.js';
import type { OperatorNotices } from '../../core/base/operator-notices.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import { areExplained } from './refusal-explanations.js';

/** What the core tells operators, in Nest's log. */
export const operatorNotices: OperatorNotices = new Logger('AuthModule');

/** Events are those of the process, so one of its applications logs them. */
const started = new Set<OperatorLog>();

/** Writes them with Nest's logger, context `AuthModule`. */
@Injectable()
export class OperatorLog implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('AuthModule');
  private readonly down = new Set<string>();
  private readonly toldAtMs = new Map<string, number>();
  private stops: readonly (() => void)[] = [];

  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(Clock) private readonly clock!: Clock;

  onModuleInit(): void {
    started.add(this);
    this.stops = [
      onUpkeepEvent((event) => {
        if (this.isWriter()) this.upkeep(event);
        if (this.isWriter() && event.type === 'client_sign_in_refused') this.clientRefused(event);
      }),
    ];
    if (!this.settings.production) this.stops = [...this.stops, this.logAttempts()];
  }

  onModuleDestroy(): void {
    started.delete(this);
    for (const stop of this.stops) stop();
  }

  private logAttempts(): () => void {
    return onRefusedAttempt((event) => {
      if (this.isWriter()) this.attempt(event);
    });
  }

  private isWriter(): boolean {
    return started.values().next().value === this;
  }

  private upkeep(event: AuthEvent): void {
    const what = subjectOf(event);
    if (what === undefined) return;
    if (!FAILURES.has(event.type)) this.recovered(what);
    else if ('store' in event) this.failed(what, 'too many calls in a row failed');
    else this.failed(what, 'reason' in event && typeof event.reason === 'string' ? event.reason : undefined);
  }

  /** One line for each outage, however many calls fail meanwhile, and one a minute if clients can make it come and go. */
  private failed(what: string, reason = 'unknown reason'): void {
    const now = this.clock.nowMs();
    if (this.down.has(what) || now - (this.toldAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < MINUTE_MS) return;
    this.down.add(what);
    this.toldAtMs.set(what, now);
    this.logger.error(`${what} does not answer: ${reason}.`);
  }

  private recovered(what: string): void {
    if (this.down.delete(what)) this.logger.warn(`${what} answers again.`);
  }

  /** As refused credentials: in development only. The id is that of a client that the source knows. */
  private clientRefused({ clientId, code, reason }: ClientRefusalEvent): void {
    if (this.settings.production) return;
    const who = clientId === undefined ? 'a client' : `the client ${JSON.stringify(clientId)}`;
    this.logger.debug(`${who}: refused with ${code}${reason === undefined ? '' : `; ${reasonText(reason)}`}`);
  }

  /** What was refused has a line of its own if refusals are explained; what was forgiven has not. */
  private attempt({ scheme = 'unknown', code, reason, forgiven, outcome }: AttemptEvent): void {
    const isExplained = code === undefined || (outcome !== 'anonymous' && areExplained(this.settings));
    const refusals = [...forgiven, ...(isExplained ? [] : [{ scheme, code, reason }])];
    for (const refusal of refusals) {
      if (refusal.reason === undefined) continue;
      this.logger.debug(`${refusal.scheme}: refused with ${refusal.code}; ${reasonText(refusal.reason)}`);
    }
  }
}

const FAILURES: ReadonlySet<AuthEvent['type']> = new Set([
  'store_failed',
  'scheme_failed',
  'users_failed',
  'key_set_failed',
]);

/** What an event about an outage, or about its end, is about. */
function subjectOf(event: AuthEvent): string | undefined {
  if ('store' in event) return `The store of ${event.store}`;
  if ('source' in event) return `The user source (option ${event.source})`;
  if (event.type === 'scheme_failed' || event.type === 'scheme_recovered') return `The scheme '${event.scheme}'`;
  if (event.type !== 'key_set_failed' && event.type !== 'key_set_fetched') return undefined;
  return `The key set of ${event.issuer ?? 'an issuer'}`;
}
