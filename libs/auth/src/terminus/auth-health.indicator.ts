// The answers to health checks. They are often public: they say up, degraded or down and counts, never a host or an error.
import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Authentication } from '../core/internal.js';
import { LoginStore, BlocklistStore } from '../stores.js';
import { Clock, type HashingQueue } from '../index.js';
import { AUTHENTICATION } from '../nest/internal.js';

/** A subject and sign-in that do not exist: a query for them is a full round trip and finds nothing. */
const NO_ACCOUNT = { issuer: 'health', id: 'health' } as const;

/**
 * Health indicators for `@nestjs/terminus`. Provide it in the module of your health check, beside `TerminusModule`.
 *
 * @example
 * ```ts
 * import { Controller, Get, Module } from '@nestjs/common';
 * import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
 * import { Public } from 'nestjs-latchkey';
 * import { AuthHealthIndicator } from 'nestjs-latchkey/terminus';
 *
 * @Public()
 * @Controller('ready')
 * class ReadyController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly auth: AuthHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check() {
 *     return this.health.check([() => this.auth.stores(), () => this.auth.keySets()]);
 *   }
 * }
 *
 * @Module({ imports: [TerminusModule], controllers: [ReadyController], providers: [AuthHealthIndicator] })
 * export class HealthModule {}
 * ```
 */
@Injectable()
export class AuthHealthIndicator {
  @Inject(HealthIndicatorService) private readonly indicators!: HealthIndicatorService;
  @Inject(BlocklistStore) private readonly revocations!: BlocklistStore;
  @Inject(LoginStore) private readonly logins!: LoginStore;
  @Inject(AUTHENTICATION) private readonly core!: Authentication;
  @Inject(Clock) private readonly clock!: Clock;

  /** Up if both stores answer, within the time that a request would wait for them. */
  async stores(key = 'auth-stores'): Promise<HealthIndicatorResult> {
    const looks = await Promise.allSettled([
      this.revocations.subjectRevokedAt(NO_ACCOUNT),
      this.logins.list(NO_ACCOUNT, this.clock.nowSeconds()),
    ]);
    const [revocations, logins] = looks.map(({ status }) => (status === 'fulfilled' ? 'up' : 'down'));
    const indicator = this.indicators.check(key);
    const isUp = revocations === 'up' && logins === 'up';
    return isUp ? indicator.up() : indicator.down({ revocations, logins });
  }

  /**
   * Up if no trusted issuer fails to serve its keys; one that was not queried yet counts as up. Otherwise degraded: tokens of the
   * others are still checked, so that restarting the process would not help.
   */
  keySets(key = 'auth-key-sets'): HealthIndicatorResult {
    const sets = this.core.issuers.issuers.flatMap(({ remotes }) => remotes);
    const failing = sets.filter((set) => set.isFailing).length;
    const unusable = sets.filter((set) => set.isFailing && !set.isReady).length;
    const indicator = this.indicators.check(key);
    return failing === 0 ? indicator.up() : degraded(indicator, { issuers: sets.length, failing, unusable });
  }

  /**
   * Up if fewer hashes wait than `most`, 32 unless given; otherwise degraded: sign-ins are slow or refused, and all else goes on.
   */
  hashing(queue: HashingQueue, { key = 'auth-hashing', most = 32 } = {}): HealthIndicatorResult {
    const { waiting } = queue;
    const indicator = this.indicators.check(key);
    return waiting < most ? indicator.up({ waiting }) : degraded(indicator, { waiting });
  }
}

/** What terminus has for this from version 12. Version 11 knows up and down alone, and takes a process that is down away. */
interface MayBeDegraded {
  up(data: Readonly<Record<string, unknown>>): HealthIndicatorResult;
  degraded?(data: Readonly<Record<string, unknown>>): HealthIndicatorResult;
}

function degraded(indicator: MayBeDegraded, data: Readonly<Record<string, unknown>>): HealthIndicatorResult {
  return indicator.degraded?.(data) ?? indicator.up({ degraded: true, ...data });
}
