// Handles refusals beside the filters of the application: our filter answers what none of theirs takes, and our interceptor
// prepares refusals for theirs. An application without filters of its own does without the interceptor, which every request pays for.
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { ErrorResponses } from '../refusals/error-responses.js';
import { AuthErrorFilter } from '../refusals/auth-error.filter.js';
import { inConfiguration, structuresIn } from '../configurations/configurations.js';
import { configurationOf } from '../options/named-tokens.js';
import { ConfigurationProbe } from './hybrid-app-check.js';
import { RateLimitFilter } from './rate-limit.filter.js';
import { RefusalInterceptor } from '../refusals/refusal.interceptor.js';
import { factoryProvider } from './factory-provider.js';

/** Where Nest keeps what `@UseFilters()` was given. */
const FILTERS = '__exceptionFilters__';

/** Registers both while providers are made, before any other: so the filter is asked last, and the interceptor is the outermost. */
export class RefusalHandling {
  private readonly interceptor: RefusalInterceptor;

  constructor(
    private readonly config: ApplicationConfig,
    private readonly modules: ModulesContainer,
    handlers: { readonly filters: readonly [RateLimitFilter, AuthErrorFilter]; readonly answers: ErrorResponses },
  ) {
    this.interceptor = new RefusalInterceptor(
      (controller) => inConfiguration(modules, configurationOf(controller), ErrorResponses) ?? handlers.answers,
    );
    for (const filter of handlers.filters) config.addGlobalFilter(filter);
    config.addGlobalInterceptor(this.interceptor);
  }

  /** Takes the interceptor out again if it has nothing to do. Called before routes are made, when all filters are known. */
  settle(): void {
    const interceptors = this.config.getGlobalInterceptors();
    const index = interceptors.indexOf(this.interceptor);
    const hasOneConfiguration = structuresIn(this.modules).length === 1;
    if (index >= 0 && hasOneConfiguration && !this.hasOtherFilters()) interceptors.splice(index, 1);
  }

  private hasOtherFilters(): boolean {
    const ofAll = this.config.getGlobalFilters().filter((filter) => !isOurs(filter));
    return ofAll.length + this.config.getGlobalRequestFilters().length > 0 || this.classes().some(namesFilter);
  }

  private classes(): readonly object[] {
    return [...this.modules.values()]
      .flatMap(({ controllers, providers }) => [...controllers.values(), ...providers.values()])
      .flatMap(({ metatype }) => (typeof metatype === 'function' ? [metatype] : []));
  }
}

function isOurs(filter: unknown): boolean {
  return filter instanceof AuthErrorFilter || filter instanceof RateLimitFilter || filter instanceof ConfigurationProbe;
}

function namesFilter(owner: object): boolean {
  if (Reflect.hasMetadata(FILTERS, owner)) return true;
  return handlersOf((owner as { readonly prototype?: object }).prototype).some((handler) =>
    Reflect.hasMetadata(FILTERS, handler),
  );
}

function handlersOf(prototype: object | null | undefined): readonly object[] {
  if (prototype === undefined || prototype === null || prototype === Object.prototype) return [];
  const own = Object.values(Object.getOwnPropertyDescriptors(prototype)).map(({ value }) => value as unknown);
  return [...own.filter((value) => typeof value === 'function'), ...handlersOf(Object.getPrototypeOf(prototype))];
}

type HandlingParts = [ApplicationConfig, ModulesContainer, RateLimitFilter, AuthErrorFilter, ErrorResponses];

/** The provider, which is made with the others. */
export const refusalHandling = factoryProvider(
  RefusalHandling,
  [ApplicationConfig, ModulesContainer, RateLimitFilter, AuthErrorFilter, ErrorResponses],
  (...[config, modules, ...[rateLimits, refusals, answers]]: HandlingParts) =>
    new RefusalHandling(config, modules, { filters: [rateLimits, refusals], answers }),
);
