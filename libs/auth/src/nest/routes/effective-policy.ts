// The one answer to "what does this route demand?": for the guards, the route audit and OpenAPI alike. The nearest
// statement decides about authentication; policies accumulate; permissive marks are nearest-wins.
import type { CanActivate, Type } from '@nestjs/common';
import type { Permissions, RouteFreshness } from '../../core/users/accounts.js';
import type { Policy } from '../../core/policies/policies.js';

/** Metadata keys: texts, so that two copies of the package in one application agree. */
export const METADATA = {
  public: 'nestjs-latchkey:public',
  optional: 'nestjs-latchkey:optional',
  inactive: 'nestjs-latchkey:allow-inactive',
  clients: 'nestjs-latchkey:allow-clients',
  restrictedClients: 'nestjs-latchkey:allow-restricted-clients',
  userFreshness: 'nestjs-latchkey:user-freshness',
  policies: 'nestjs-latchkey:policies',
  reason: 'nestjs-latchkey:reason',
} as const;

/** The brand of our guard classes: the names of the schemes that they accept. A static, so that subclasses inherit it. */
export const GUARD_SCHEMES = Symbol.for('nestjs-latchkey:guard-schemes');

/** Where Nest keeps what `@UseGuards()` was given. */
const NEST_GUARDS = '__guards__';

/** Where Nest marks handlers of server-sent events. */
const NEST_SSE = '__sse__';

/** A guard class of this library, or a subclass of one. */
export type BrandedGuard = Type<CanActivate> & { readonly [GUARD_SCHEMES]: readonly string[] };

// Any class or method of the application: metadata hangs on the function itself.
export type ClassOrMethod = (...args: never[]) => unknown;

/** Guard classes, and how often each is listed. Read by the constructor of a guard, so the key is any function. */
export type Overruled = ReadonlyMap<unknown, number>;

/** The usual case: no guard of ours is called in vain. */
export const NONE_OVERRULED: Overruled = new Map();

/**
 * What a route demands, from all that is declared on it, on its class and in the options. Its `policies` are the functions that decide over a
 * principal.
 */
export interface EffectivePolicy {
  /** `public` never looks at credentials; `open` means that no guard is stated and there is no default guard. */
  readonly access: 'guarded' | 'public' | 'open';
  readonly statedBy: 'handler' | 'class' | 'default';
  /** Our guards that decide; all of them must pass. */
  readonly guards: readonly BrandedGuard[];
  /** True if `guards` is the default guard, because no route or class names one. */
  readonly byDefaultGuard: boolean;
  /** Guards of ours that Nest calls for this route although a nearer statement decides, and how often it calls each. */
  readonly overruled: Overruled;
  /** As `overruled`, without the guards of the whole application, which Nest does not call in every context. */
  readonly overruledOnRoute: Overruled;
  readonly optional: boolean;
  readonly permissions: Permissions;
  readonly policies: readonly Policy[];
  /** How fresh the user must be; `undefined` is as the module says. */
  readonly userFreshness: RouteFreshness | undefined;
  /** Why the route deviates, if the level that decides says so. */
  readonly reason: string | undefined;
  /** True if the handler answers with server-sent events, so that the answer outlives the question. */
  readonly isStream: boolean;
}

/** What the options state about a route or a class that is not the application's to decorate. */
export interface NamedStatement {
  readonly public: boolean;
  readonly optional: boolean;
  readonly policies: readonly Policy[];
  readonly reason: string | undefined;
}

/** Statements about one class: about all of it, and about single handlers. */
export interface NamedClass {
  readonly whole: NamedStatement | undefined;
  readonly handlers: ReadonlyMap<ClassOrMethod, NamedStatement>;
}

/** What the module says where routes say nothing. One object for the life of the module: answers are remembered by it. */
export interface RouteDefaults {
  /** Our guards for routes that state none: the default guard, and those that the application registered for all routes itself. */
  readonly guards: readonly BrandedGuard[];
  /** Those of them that Nest calls itself on every route, whatever the route states. */
  readonly everywhere: readonly BrandedGuard[];
  readonly named: ReadonlyMap<ClassOrMethod, NamedClass>;
}

/** What one level, a handler or a class, says about authentication. */
interface Statement extends NamedStatement {
  readonly guards: readonly BrandedGuard[];
  /** Guards that were made with `new`, so that Nest could inject nothing into them. */
  readonly handmade: readonly string[];
}

/** The two levels of a route, each with what was decorated and what the options name. */
interface Levels {
  readonly onHandler: Statement;
  readonly onClass: Statement;
}

type ErrorResponses = WeakMap<RouteDefaults, EffectivePolicy>;

const remembered = new WeakMap<ClassOrMethod, WeakMap<ClassOrMethod, ErrorResponses>>();

/** The last answer about a handler. */
interface Latest {
  readonly owner: ClassOrMethod;
  readonly defaults: RouteDefaults;
  readonly policy: EffectivePolicy;
}

const latest = new WeakMap<ClassOrMethod, Latest>();

/**
 * What the route demands. The answer is remembered: by handler, then by class, because inherited handlers are one function on
 * several classes. Nearly always the last answer about a handler is asked for again.
 */
export function effectivePolicy(
  handler: ClassOrMethod,
  owner: ClassOrMethod,
  defaults: RouteDefaults,
): EffectivePolicy {
  const last = latest.get(handler);
  if (last !== undefined && last.owner === owner && last.defaults === defaults) return last.policy;
  const policy = rememberedPolicy(handler, owner, defaults);
  latest.set(handler, { owner, defaults, policy });
  return policy;
}

function rememberedPolicy(handler: ClassOrMethod, owner: ClassOrMethod, defaults: RouteDefaults): EffectivePolicy {
  const byClass = remembered.get(handler) ?? new WeakMap<ClassOrMethod, ErrorResponses>();
  remembered.set(handler, byClass);
  const byDefaults = byClass.get(owner) ?? new WeakMap<RouteDefaults, EffectivePolicy>();
  byClass.set(owner, byDefaults);
  const policy = byDefaults.get(defaults) ?? readPolicy(handler, owner, defaults);
  byDefaults.set(defaults, policy);
  return policy;
}

function readPolicy(handler: ClassOrMethod, owner: ClassOrMethod, defaults: RouteDefaults): EffectivePolicy {
  const { onHandler, onClass } = levelsOf(handler, owner, defaults);
  const statedBy = hasStatement(onHandler) ? 'handler' : hasStatement(onClass) ? 'class' : 'default';
  const nearest = statedBy === 'handler' ? onHandler : onClass;
  const stated = firstNonEmpty([nearest.guards, onClass.guards]);
  const guards = stated.length > 0 ? stated : defaults.guards;
  const deciding = nearest.public ? [] : guards;
  return Object.freeze({
    access: accessOf(nearest, guards),
    statedBy,
    guards: deciding,
    byDefaultGuard: !nearest.public && stated.length === 0,
    overruled: overruledBy(deciding, [...defaults.everywhere, ...onClass.guards, ...onHandler.guards]),
    overruledOnRoute: overruledBy(deciding, [...onClass.guards, ...onHandler.guards]),
    optional: nearest.optional,
    permissions: permissionsOf(handler, owner),
    policies: [...onClass.policies, ...onHandler.policies],
    userFreshness: readMetadata<RouteFreshness | undefined>(
      handler,
      METADATA.userFreshness,
      readMetadata<RouteFreshness | undefined>(owner, METADATA.userFreshness, undefined),
    ),
    reason: nearest.reason,
    isStream: readMetadata(handler, NEST_SSE, false),
  });
}

/** A guard that decides, or extends one that does, is never called in vain. */
function overruledBy(deciding: readonly BrandedGuard[], listed: readonly BrandedGuard[]): Overruled {
  const idle = listed.filter((guard) => !deciding.some((each) => guard === each || guard.prototype instanceof each));
  if (idle.length === 0) return NONE_OVERRULED;
  return new Map(idle.map((guard) => [guard, idle.filter((each) => each === guard).length]));
}

function accessOf(nearest: Statement, guards: readonly BrandedGuard[]): EffectivePolicy['access'] {
  if (nearest.public) return 'public';
  return guards.length > 0 ? 'guarded' : 'open';
}

function permissionsOf(handler: ClassOrMethod, owner: ClassOrMethod): Permissions {
  const nearest = (key: string): boolean => readMetadata(handler, key, readMetadata(owner, key, false));
  return Object.freeze({
    inactive: nearest(METADATA.inactive),
    clients: nearest(METADATA.clients),
    restrictedClients: nearest(METADATA.restrictedClients),
  });
}

/** Contradictory decorators. Empty if there are none. */
export function policyProblems(
  handler: ClassOrMethod,
  owner: ClassOrMethod,
  defaults: RouteDefaults,
): readonly string[] {
  const { onHandler, onClass } = levelsOf(handler, owner, defaults);
  const policy = effectivePolicy(handler, owner, defaults);
  const problems = [...levelProblems('its handler', onHandler), ...levelProblems('its class', onClass)];
  if (policy.access === 'public' && policy.policies.length > 0) {
    problems.push('it has a policy, but @Public() means that callers are not authenticated: remove one of the two');
  }
  if (policy.access === 'open' && (policy.optional || policy.policies.length > 0)) {
    problems.push(
      'it has a policy or @OptionalAuth(), but no guard that would authenticate the caller: add @UseGuards(JwtAuthGuard)',
    );
  }
  return problems;
}

function levelProblems(level: string, said: Statement): string[] {
  const problems: string[] = [];
  if (said.public && said.guards.length > 0)
    problems.push(`${level} says both @Public() and @UseGuards(${namesOf(said.guards)})`);
  if (said.public && said.optional) problems.push(`${level} says both @Public() and @OptionalAuth()`);
  problems.push(...said.handmade.map((name) => `${level} has @UseGuards(new ${name}(...)): ${HANDMADE_REMEDY(name)}`));
  return problems;
}

const HANDMADE_REMEDY = (name: string): string =>
  `nothing is injected into a guard that was made with \`new\`; name the class, as in @UseGuards(${name})`;

function levelsOf(handler: ClassOrMethod, owner: ClassOrMethod, { named }: RouteDefaults): Levels {
  const options = named.get(owner);
  return {
    onHandler: joined(statementOf(handler), options?.handlers.get(handler)),
    onClass: joined(statementOf(owner), options?.whole),
  };
}

function statementOf(target: ClassOrMethod): Statement {
  const declared = readMetadata<readonly unknown[]>(target, NEST_GUARDS, []);
  return {
    public: readMetadata(target, METADATA.public, false),
    optional: readMetadata(target, METADATA.optional, false),
    guards: declared.map(brandedGuard).filter((guard) => guard !== undefined),
    handmade: declared.filter(isHandmade).map((guard) => guard.constructor.name),
    policies: readMetadata<readonly Policy[]>(target, METADATA.policies, []),
    reason: readMetadata<string | undefined>(target, METADATA.reason, undefined),
  };
}

/** What the options name counts as if it stood on the class or handler itself. */
function joined(said: Statement, named: NamedStatement | undefined): Statement {
  if (named === undefined) return said;
  return {
    public: said.public || named.public,
    optional: said.optional || named.optional,
    guards: said.guards,
    handmade: said.handmade,
    policies: [...said.policies, ...named.policies],
    reason: named.reason ?? said.reason,
  };
}

function hasStatement({ public: isPublic, optional, guards }: Statement): boolean {
  return isPublic || optional || guards.length > 0;
}

/** `@UseGuards()` takes classes and instances; other guards never count. */
export function brandedGuard(guard: unknown): BrandedGuard | undefined {
  const candidate = typeof guard === 'object' && guard !== null ? guard.constructor : guard;
  // The brand is what makes it one.
  return typeof candidate === 'function' && GUARD_SCHEMES in candidate ? (candidate as BrandedGuard) : undefined;
}

/** What every guard of the library says of itself: whether Nest injected its services. A text, for two copies of the package. */
export const INJECTED = Symbol.for('nestjs-latchkey:injected');

/** A guard of ours that was made with `new`, not by Nest. */
export function isHandmade(guard: unknown): guard is object {
  return typeof guard === 'object' && guard !== null && Reflect.get(guard, INJECTED) === false;
}

function readMetadata<T>(target: ClassOrMethod, key: string, otherwise: T): T {
  // Our own decorators wrote it, under a key of our own.
  return (Reflect.getMetadata(key, target) as T | undefined) ?? otherwise;
}

function firstNonEmpty<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function namesOf(guards: readonly BrandedGuard[]): string {
  return guards.map(({ name }) => name).join(', ');
}
