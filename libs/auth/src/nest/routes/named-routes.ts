// What the options say about third-party controllers, which cannot be decorated: from the option to statements, and what is wrong
// with it. Nothing is written onto those classes, so two applications in one process do not meet.
import type { Type } from '@nestjs/common';
import type { AuthModuleStructure } from '../options/auth.options.js';
import type { NamedRoute } from '../options/schema/named-route.js';
import {
  brandedGuard,
  type BrandedGuard,
  type NamedClass,
  type NamedStatement,
  type RouteDefaults,
  type ClassOrMethod,
} from './effective-policy.js';

/** The statements by class. What names no method is left out here, and named by {@link namedRouteProblems}. */
function namedClasses(routes: readonly NamedRoute[]): ReadonlyMap<ClassOrMethod, NamedClass> {
  const sound = routes.filter(hasItsMethod);
  const owners = new Set(sound.map(({ controller }) => controller));
  return new Map(
    [...owners].map((owner) => [asTarget(owner), namedClass(sound.filter(({ controller }) => controller === owner))]),
  );
}

/**
 * The requirements of the module for routes that state none, from its structure.
 *
 * @param registered guards of ours that the application itself registered for all routes: they guard as the default guard does
 */
export function routeDefaultsOf(
  { defaultGuard, routes = [] }: Pick<AuthModuleStructure, 'defaultGuard' | 'routes'>,
  registered: readonly BrandedGuard[] = [],
): RouteDefaults {
  const guards = [brandedGuard(defaultGuard), ...registered].filter((guard) => guard !== undefined);
  return { guards: [...new Set(guards)], everywhere: [], named: namedClasses(routes) };
}

/** What only the application shows to be wrong: controllers that it does not have, and methods that they do not have. */
export function namedRouteProblems(
  routes: readonly NamedRoute[],
  mounted: ReadonlySet<ClassOrMethod>,
): readonly string[] {
  return routes.flatMap((route, index) => {
    const { controller, method } = route;
    const place = `routes[${index}] names`;
    if (!hasItsMethod(route)) return [`${place} ${String(method)}, which is not a method of ${controller.name}`];
    if (mounted.has(asTarget(controller))) return [];
    return [`${place} ${controller.name}, which is not a controller of this application`];
  });
}

function hasItsMethod(route: NamedRoute): boolean {
  return route.method === undefined || methodOf(route) !== undefined;
}

function namedClass(routes: readonly NamedRoute[]): NamedClass {
  const whole = routes.filter(({ method }) => method === undefined).map(statementOf);
  const handlers = new Map<ClassOrMethod, NamedStatement>();
  for (const route of routes) {
    const handler = methodOf(route);
    const before = handler === undefined ? undefined : handlers.get(handler);
    if (handler !== undefined)
      handlers.set(handler, [before, statementOf(route)].filter((each) => each !== undefined).reduce(both));
  }
  return { whole: whole.length === 0 ? undefined : whole.reduce(both), handlers };
}

function statementOf({
  public: isPublic = false,
  optional = false,
  policies = [],
  reason,
}: NamedRoute): NamedStatement {
  return Object.freeze({ public: isPublic, optional, policies: [...policies], reason });
}

function both(one: NamedStatement, other: NamedStatement): NamedStatement {
  return {
    public: one.public || other.public,
    optional: one.optional || other.optional,
    policies: [...one.policies, ...other.policies],
    reason: one.reason ?? other.reason,
  };
}

function methodOf({ controller, method }: NamedRoute): ClassOrMethod | undefined {
  const found: unknown = method === undefined ? undefined : Reflect.get(controller.prototype as object, method);
  return typeof found === 'function' && method !== 'constructor' ? (found as ClassOrMethod) : undefined;
}

function asTarget(owner: Type<unknown>): ClassOrMethod {
  // A class is a function; what it takes is of no interest here.
  return owner as unknown as ClassOrMethod;
}
