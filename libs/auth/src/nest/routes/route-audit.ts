// The route audit: what every route demands, read from the same metadata as the guards read, and everything that is wrong with
// it. Nothing is checked here: effective-policy.ts and strict-routes.ts do.
import type { ExecutionContext } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { configurationProblems } from '../../core/base/errors.js';
import { nameOfPolicy } from '../../core/policies/policies.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import {
  effectivePolicy,
  policyProblems,
  type BrandedGuard,
  type EffectivePolicy,
  type RouteDefaults,
  type ClassOrMethod,
} from './effective-policy.js';
import { configurationOf } from '../options/named-tokens.js';
import { freshnessProblems, type UserLoading } from './freshness-problems.js';
import { namedRouteProblems } from './named-routes.js';
import { addressOf, patternOf, type ApplicationFacts, type RouteAddress } from './route-paths.js';
import { messageHandlersOf, routesOf, type Route } from './routes.js';
import { strictProblems } from './strict-routes.js';

/** What one route demands of a caller. Plain data, fit for JSON. */
export interface AuditedRoute extends RouteAddress {
  /** `Controller.method`. */
  readonly name: string;
  /** `public` never looks at credentials; `open` means that no guard is stated and there is no default guard. */
  readonly access: 'guarded' | 'optional' | 'public' | 'open';
  readonly statedBy: 'handler' | 'class' | 'default';
  readonly guards: readonly string[];
  /** Names of the schemes that are accepted, in order. */
  readonly schemes: readonly string[];
  /** Scopes that are always required. */
  readonly scopes: readonly string[];
  readonly policies: readonly string[];
  /** `inactive`, `clients`, `restricted clients`: which callers are accepted besides active users. */
  readonly allows: readonly string[];
  readonly reason: string | undefined;
}

/** What the audit asks about a guard's schemes and a route's demand. */
export interface AuditSource {
  readonly defaults: RouteDefaults;
  /** Names of the schemes that a guard accepts, in order. @throws {AuthConfigurationError} for one that is not configured */
  schemeNames(guard: BrandedGuard): readonly string[];
  /** How the configuration of a guard finds the users of requests; `undefined` if that is not known. */
  loadingOf?(guard: BrandedGuard): UserLoading | undefined;
}

/** What the audit reads. */
export interface AuditParts {
  readonly source: AuditSource;
  readonly structure: AuthModuleStructure;
  readonly discovery: Pick<DiscoveryService, 'getControllers'>;
  readonly application: ApplicationFacts;
}

/**
 * Lists what the routes of the application demand.
 *
 * @example
 * ```ts
 * import type { INestApplication } from '@nestjs/common';
 * import { RouteAudit } from 'nestjs-latchkey/policies';
 *
 * export const publicRoutes = (app: INestApplication) =>
 *   app.get(RouteAudit).list().filter(({ access }) => access === 'public');
 * ```
 */
export class RouteAudit {
  private readonly scanner = new MetadataScanner();

  /** @internal The module makes it: inject it. */
  constructor(private readonly parts: AuditParts) {}

  /** Every route of every controller, by path. Gateways and resolvers are not among them. */
  list(): readonly AuditedRoute[] {
    const http = this.httpRoutes().map((route) => this.audited(route, addressOf(route, this.parts.application)));
    const messages = this.messageRoutes().map((route) => this.audited(route, patternOf(route)));
    return [...http, ...messages].sort(byPath);
  }

  /**
   * What the route of a context demands, for guards and interceptors of your own that do not concern public routes. The nearest of
   * decorators, guards and the option `routes` decides, as for the guards of the library.
   *
   * @param context of any kind: http, a resolver, a gateway, a message
   * @example
   * ```ts
   * import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
   * import { RouteAudit } from 'nestjs-latchkey/policies';
   *
   * @Injectable()
   * export class TenantGuard implements CanActivate {
   *   constructor(private readonly routes: RouteAudit) {}
   *
   *   canActivate(context: ExecutionContext) {
   *     if (this.routes.accessOf(context) === 'public') return true;
   *     return context.switchToHttp().getRequest<{ tenant?: string }>().tenant !== undefined;
   *   }
   * }
   * ```
   */
  accessOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): AuditedRoute['access'] {
    // Nest returns the classes and methods of the application, which are functions.
    const [handler, owner] = [context.getHandler(), context.getClass()] as unknown as [ClassOrMethod, ClassOrMethod];
    return accessOf(effectivePolicy(handler, owner, this.parts.source.defaults));
  }

  /** Every problem of a route; with `strictRoutes` also missing decisions. */
  problems(): readonly string[] {
    const mounted = new Set(
      this.parts.discovery.getControllers().map(({ metatype }) => metatype as unknown as ClassOrMethod),
    );
    const named = namedRouteProblems(this.parts.structure.routes ?? [], mounted);
    const all = withoutRepeats([...this.httpRoutes(), ...this.messageRoutes()]);
    return [...named, ...all.flatMap((route) => this.problemsOf(route))];
  }

  /** Names that handlers of several classes have, so that they do not say which is meant. */
  sharedNames(): ReadonlySet<string> {
    const names = withoutRepeats([...this.httpRoutes(), ...this.messageRoutes()]).map(({ name }) => name);
    return new Set(names.filter((name, index) => names.indexOf(name) !== index));
  }

  /** @internal Every guard class of ours that a route, or the module, names. */
  guards(): readonly BrandedGuard[] {
    const { defaults } = this.parts.source;
    const named = [...this.httpRoutes(), ...this.messageRoutes()].flatMap(({ owner, handler }) => [
      ...effectivePolicy(handler, owner, defaults).guards,
    ]);
    return [...new Set([...defaults.guards, ...named])];
  }

  private problemsOf(route: Route): readonly string[] {
    const { owner, handler, name } = route;
    const policy = effectivePolicy(handler, owner, this.parts.source.defaults);
    const unknown = policy.guards.flatMap((guard) => configurationProblems(() => this.parts.source.schemeNames(guard)));
    const loading = policy.guards.flatMap((guard) => this.loadingProblems(policy, guard));
    const strict = this.parts.structure.strictRoutes === true ? strictProblems(policy, this.factsOf(route)) : [];
    return [
      ...policyProblems(handler, owner, this.parts.source.defaults),
      ...unknown,
      ...new Set(loading),
      ...strict,
    ].map((problem) => `${name}: ${problem}`);
  }

  private loadingProblems(policy: EffectivePolicy, guard: BrandedGuard): readonly string[] {
    const loading = this.parts.source.loadingOf?.(guard);
    return loading === undefined ? [] : freshnessProblems(policy, loading);
  }

  private factsOf({ owner }: Route) {
    const mounted = this.parts.structure.controllers ?? [];
    return {
      defaults: this.parts.source.defaults,
      // Those of another configuration are bound to it.
      readyMade:
        mounted.some(({ controller }) => (controller as unknown) === owner) || configurationOf(owner) !== undefined,
    };
  }

  private httpRoutes(): readonly Route[] {
    return routesOf(this.parts.discovery, this.scanner);
  }

  private messageRoutes(): readonly Route[] {
    return messageHandlersOf(this.parts.discovery, this.scanner);
  }

  private audited({ owner, handler, name }: Route, address: RouteAddress): AuditedRoute {
    const policy = effectivePolicy(handler, owner, this.parts.source.defaults);
    const { permissions, statedBy, reason } = policy;
    const access = accessOf(policy);
    const allowed: readonly (readonly [boolean, string])[] = [
      [permissions.inactive, 'inactive'],
      [permissions.clients, 'clients'],
      [permissions.restrictedClients, 'restricted clients'],
    ];
    return {
      ...address,
      name,
      access,
      statedBy,
      guards: policy.guards.map((guard) => guard.name),
      schemes: [...new Set(policy.guards.flatMap((guard) => this.parts.source.schemeNames(guard)))],
      scopes: [...new Set(policy.policies.flatMap(({ requires }) => requires?.scopes ?? []))],
      policies: policy.policies.map(nameOfPolicy),
      allows: policy.access === 'guarded' ? allowed.filter(([holds]) => holds).map(([, who]) => who) : [],
      reason,
    };
  }
}

function accessOf({ access, optional }: EffectivePolicy): AuditedRoute['access'] {
  return access === 'guarded' && optional ? 'optional' : access;
}

/**
 * A handler may listen to http and to messages, and its controller may belong to several modules. Identified by class and method:
 * names say nothing, because classes share them.
 */
function withoutRepeats(routes: readonly Route[]): readonly Route[] {
  const seen = new Map<ClassOrMethod, Set<ClassOrMethod>>();
  return routes.filter(({ owner, handler }) => {
    const handlers = seen.get(owner) ?? new Set<ClassOrMethod>();
    seen.set(owner, handlers);
    return !handlers.has(handler) && handlers.add(handler);
  });
}

function byPath(one: AuditedRoute, other: AuditedRoute): number {
  return (one.paths[0] ?? '').localeCompare(other.paths[0] ?? '') || one.method.localeCompare(other.method);
}
