// What happens to open connections when the credential behind them stops being good: they end. Asked again at expiry, at every
// revocation that may concern them, and now and then, because other processes revoke too and users are deactivated.
import type { OnModuleDestroy } from '@nestjs/common';
import type { Decision } from '../../core/authentication/authenticator.js';
import type { Clock } from '../../core/base/clock.js';
import { AuthError } from '../../core/base/errors.js';
import { onUpkeepEvent, type RevocationEvent } from '../../core/base/events.js';
import type { Principal } from '../../core/base/principal.js';
import type { ErrorResponses } from '../refusals/error-responses.js';
import type { Connection } from '../transport/connections.js';

/** How a connection is checked again. */
export type Recheck = () => Promise<Decision>;

interface Followed {
  readonly connection: Connection;
  readonly recheck: Recheck;
  principal: Principal;
  timer: NodeJS.Timeout | undefined;
}

/** How long a connection goes unasked, in milliseconds. */
const RECHECK_MS = 30_000;

/** Between two looks at a credential that has just expired; the clock tolerance has to pass. */
const SOON_MS = 1000;

/** Follows connections from the time their caller was accepted. */
export class LiveConnections implements OnModuleDestroy {
  private readonly followed = new Map<object, Followed>();
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly answers: ErrorResponses,
  ) {}

  /** Follows a connection until it closes. Anonymous ones are not followed, and none is followed twice. */
  follow(connection: Connection | undefined, principal: Principal | undefined, recheck: Recheck): void {
    if (connection === undefined || principal === undefined || this.followed.has(connection.key)) return;
    const entry: Followed = { connection, recheck, principal, timer: undefined };
    this.stopListening ??= onUpkeepEvent((event) => {
      if (event.type === 'revoked') this.recheckAll(event);
    });
    this.followed.set(connection.key, entry);
    connection.onClose(() => this.unfollow(entry));
    this.schedule(entry);
  }

  onModuleDestroy(): void {
    this.stopListening?.();
    for (const entry of this.followed.values()) this.unfollow(entry);
  }

  private recheckAll({ kind, issuer, id }: RevocationEvent): void {
    for (const entry of this.followed.values()) {
      const { jti, sid, subject } = entry.principal;
      const concerned = { token: jti, login: sid, subject: subject.id }[kind];
      if (issuer === subject.issuer && id === concerned) void this.recheck(entry);
    }
  }

  private schedule(entry: Followed): void {
    const { expiresAt } = entry.principal;
    const left = expiresAt === undefined ? RECHECK_MS : expiresAt.getTime() - this.clock.nowMs();
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.recheck(entry), Math.min(RECHECK_MS, Math.max(SOON_MS, left)));
    // An open connection keeps the process running by itself.
    entry.timer.unref();
  }

  /** A 503 ends nothing: the check is repeated. */
  private async recheck(entry: Followed): Promise<void> {
    const decision = await entry.recheck().catch((cause: unknown) => unavailable(cause));
    if (!this.followed.has(entry.connection.key)) return;
    const error = 'error' in decision ? decision.error : undefined;
    const principal = 'error' in decision ? undefined : decision.principal;
    if (error?.isUnavailable === true) return this.schedule(entry);
    if (principal === undefined) return this.end(entry, error ?? new AuthError('token_expired'));
    entry.principal = principal;
    this.schedule(entry);
  }

  private end(entry: Followed, error: AuthError): void {
    this.unfollow(entry);
    entry.connection.end(error, this.answers.told(error));
  }

  private unfollow(entry: Followed): void {
    clearTimeout(entry.timer);
    this.followed.delete(entry.connection.key);
  }
}

function unavailable(cause: unknown): Decision {
  const error = cause instanceof AuthError ? cause : new AuthError('store_unavailable', { cause });
  return { error, scheme: undefined };
}
