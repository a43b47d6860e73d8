// The notice of connected microservices that the application's guards do not reach: Nest gives them a configuration of their own
// unless `inheritAppConfig` is set, and nothing says so.
import { Catch, Inject, Injectable, Logger, type ExceptionFilter, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Subscription } from 'rxjs';

/** Never thrown; exists only for `@Catch()`. */
class Never extends Error {}

/**
 * A filter for what is never thrown, registered for the whole application. Nest looks at it whenever it builds the handlers of
 * anything that has the application's configuration, and only then.
 */
@Catch(Never)
@Injectable()
export class ConfigurationProbe implements ExceptionFilter<Never> {
  seen = 0;

  get catch(): ExceptionFilter<Never>['catch'] {
    this.seen += 1;
    return (exception) => {
      throw exception;
    };
  }
}

/** Listens for microservices being connected, which happens before the application starts. */
@Injectable()
export class HybridWatch implements OnModuleDestroy {
  private readonly logger = new Logger('AuthModule');
  private readonly subscription: Subscription;
  private unguarded = 0;
  private started = false;

  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(ConfigurationProbe) private readonly probe: ConfigurationProbe,
    @Inject(HttpAdapterHost) private readonly adapters: HttpAdapterHost,
  ) {
    this.subscription = modules.getRpcTargetRegistry().subscribe((server) => this.connected(server));
  }

  /** How many connected microservices do not have the application's guards. */
  problems(exposed: readonly string[]): readonly string[] {
    this.started = true;
    if (this.unguarded === 0 || exposed.length === 0 || !this.isHttp()) return [];
    return [messageFor(exposed)];
  }

  onModuleDestroy(): void {
    this.subscription.unsubscribe();
  }

  /** Nest builds the handlers right after it announced the server, before anything else can run. */
  private connected(server: unknown): void {
    const before = this.probe.seen;
    queueMicrotask(() => {
      if (this.probe.seen > before || !hasHandlers(server)) return;
      this.unguarded += 1;
      if (this.started && this.isHttp()) this.logger.error(messageFor(['its message handlers']));
    });
  }

  /** A microservice that stands alone has the application's configuration anyway. */
  private isHttp(): boolean {
    return this.adapters.httpAdapter !== undefined && this.adapters.httpAdapter !== null;
  }
}

function messageFor(exposed: readonly string[]): string {
  return (
    `a microservice is connected without the application's guards, so ${exposed.join(', ')} are not guarded: ` +
    'call connectMicroservice(options, { inheritAppConfig: true }), or name a guard on the handlers'
  );
}

/** Deferred initialisation builds them later; nothing is known of it yet. */
function hasHandlers(server: unknown): boolean {
  if (typeof server !== 'object' || server === null || !('getHandlers' in server)) return false;
  // Every server of @nestjs/microservices has this method.
  const { getHandlers } = server as { getHandlers(): ReadonlyMap<string, unknown> };
  return getHandlers.call(server).size > 0;
}
