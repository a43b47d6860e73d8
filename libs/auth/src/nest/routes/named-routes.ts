// What the options say about controllers of others, which nobody can decorate: from the option to statements, and what is wrong
// with it. Nothing is written onto those classes, so two applications in one process do not meet.
import type { Type } from '@nestjs/common';
import type { AuthModuleStructure } from '../options/auth.options.js';
import type { NamedRoute } from '../options/named-route.js';
import {
  brandedGuard,
  type BrandedGuard,
  type NamedClass,
  type NamedStatement,
  type RouteDefaults,
  type ClassOrMethod,
} from './route-requirements.js';

const NAMES = ['controller', 'method', 'public', 'optional', 'policies', 'reason'];

/** The statements by class. Entries that make no sense are left out here, and named by {@link namedRouteProblems}. */
function namedClasses(routes: readonly NamedRoute[]): ReadonlyMap<ClassOrMethod, NamedClass> {
  const sound = routes.filter((route) => problemsWith(route).length === 0);
  const owners = new Set(sound.map(({ controller }) => controller));
  return new Map(
    [...owners].map((owner) => [asTarget(owner), namedClass(sound.filter(({ controller }) => controller === owner))]),
  );
}

/**
 * What the module states where routes state nothing, from its structure.
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

/** A sentence for everything that is wrong with the option. */
export function namedRouteProblems(routes: unknown, mounted: ReadonlySet<ClassOrMethod>): readonly string[] {
  if (!Array.isArray(routes))
    return ['routes must be a list like [{ controller: HealthController, public: true, reason: "..." }]'];
  return routes.flatMap((route: NamedRoute, index) => {
    const problems = problemsWith(route);
    if (problems.length === 0 && !mounted.has(asTarget(route.controller)))
      problems.push(`names ${route.controller.name}, which is no controller of this application`);
    return problems.map((problem) => `routes[${index}] ${problem}`);
  });
}

function problemsWith(route: NamedRoute): string[] {
  if (typeof route !== 'object' || route === null || typeof route.controller !== 'function')
    return ['needs `controller`, a controller class'];
  const { policies = [], reason } = route;
  const unknown = Object.keys(route).filter((name) => !NAMES.includes(name));
  const rules: readonly (readonly [boolean, string])[] = [
    [hasItsMethod(route), `names ${String(route.method)}, which is no method of ${route.controller.name}`],
    [typeof reason === 'string' && reason.trim() !== '', 'needs `reason`, a sentence for the route audit'],
    [areFlags(route), 'has public or optional that is not true or false; text such as "false" is neither'],
    [statesSomething(route), 'states nothing: say public, optional or policies'],
    [isListOfFunctions(policies), 'has a policy that is no function'],
    [unknown.length === 0, `has ${unknown.join(', ')}; there are ${NAMES.join(', ')}`],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

function isListOfFunctions(policies: unknown): boolean {
  return Array.isArray(policies) && policies.every((policy) => typeof policy === 'function');
}

function hasItsMethod(route: NamedRoute): boolean {
  return route.method === undefined || methodOf(route) !== undefined;
}

function areFlags(route: NamedRoute): boolean {
  return [route.public, route.optional].every((each) => each === undefined || typeof each === 'boolean');
}

function statesSomething({ public: isPublic, optional, policies = [] }: NamedRoute): boolean {
  return isPublic === true || optional === true || policies.length > 0;
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
