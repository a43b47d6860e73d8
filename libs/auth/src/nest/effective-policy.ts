// Owns the one answer to "what does this route demand?": for the guards, the route audit and OpenAPI alike. The nearest
// statement decides about authentication; policies accumulate; permissive marks are nearest-wins.
import type { CanActivate, Type } from '@nestjs/common';
import type { Permissions } from '../core/checks.js';
import type { Policy } from '../core/policies.js';

/** Metadata keys: texts, so that two copies of the package in one application agree. */
export const MARKS = {
  public: 'nestjs-latchkey:public',
  optional: 'nestjs-latchkey:optional',
  inactive: 'nestjs-latchkey:allow-inactive',
  clients: 'nestjs-latchkey:allow-clients',
  restrictedClients: 'nestjs-latchkey:allow-restricted-clients',
  policies: 'nestjs-latchkey:policies',
} as const;

/** The brand of our guard classes: the names of the schemes that they accept. A static, so that subclasses inherit it. */
export const GUARD_SCHEMES = Symbol.for('nestjs-latchkey:guard-schemes');

/** Where Nest keeps what `@UseGuards()` was given. */
const NEST_GUARDS = '__guards__';

/** A guard class of this library, or a subclass of one. */
export type BrandedGuard = Type<CanActivate> & { readonly [GUARD_SCHEMES]: readonly string[] };

// Any class or method of the application: metadata hangs on the function itself.
export type Target = (...args: never[]) => unknown;

/** What a route demands. */
export interface EffectivePolicy {
  /** `public` never looks at credentials; `open` means that nobody stated anything and there is no default guard. */
  readonly access: 'guarded' | 'public' | 'open';
  readonly statedBy: 'handler' | 'class' | 'default';
  /** Our guards that decide; all of them must pass. */
  readonly guards: readonly BrandedGuard[];
  readonly optional: boolean;
  readonly permissions: Permissions;
  readonly policies: readonly Policy[];
}

/** What one level, a handler or a class, says about authentication. */
interface Statement {
  readonly public: boolean;
  readonly optional: boolean;
  readonly guards: readonly BrandedGuard[];
}

const remembered = new WeakMap<Target, WeakMap<Target, Map<BrandedGuard | undefined, EffectivePolicy>>>();

/**
 * What the route demands. The answer is remembered: by handler, then by class, because inherited handlers are one function on
 * several classes.
 */
export function effectivePolicy(
  handler: Target,
  owner: Target,
  defaultGuard: BrandedGuard | undefined,
): EffectivePolicy {
  const byClass = remembered.get(handler) ?? new WeakMap<Target, Map<BrandedGuard | undefined, EffectivePolicy>>();
  remembered.set(handler, byClass);
  const byDefault = byClass.get(owner) ?? new Map<BrandedGuard | undefined, EffectivePolicy>();
  byClass.set(owner, byDefault);
  const policy = byDefault.get(defaultGuard) ?? readPolicy(handler, owner, defaultGuard);
  byDefault.set(defaultGuard, policy);
  return policy;
}

function readPolicy(handler: Target, owner: Target, defaultGuard: BrandedGuard | undefined): EffectivePolicy {
  const onHandler = statementOf(handler);
  const onClass = statementOf(owner);
  const nearest = isSaid(onHandler) ? onHandler : onClass;
  const statedBy = isSaid(onHandler) ? 'handler' : isSaid(onClass) ? 'class' : 'default';
  const guards = firstNonEmpty([nearest.guards, onClass.guards, defaultGuard === undefined ? [] : [defaultGuard]]);
  return Object.freeze({
    access: nearest.public ? 'public' : guards.length > 0 ? 'guarded' : 'open',
    statedBy,
    guards: nearest.public ? [] : guards,
    optional: nearest.optional,
    permissions: permissionsOf(handler, owner),
    policies: [...marked<Policy[]>(owner, MARKS.policies, []), ...marked<Policy[]>(handler, MARKS.policies, [])],
  });
}

function permissionsOf(handler: Target, owner: Target): Permissions {
  const nearest = (key: string): boolean => marked(handler, key, marked(owner, key, false));
  return Object.freeze({
    inactive: nearest(MARKS.inactive),
    clients: nearest(MARKS.clients),
    restrictedClients: nearest(MARKS.restrictedClients),
  });
}

/** Statements that cannot both be meant. Empty where the route is sound. */
export function policyProblems(handler: Target, owner: Target, policy: EffectivePolicy): readonly string[] {
  const problems: string[] = [];
  for (const [level, target] of [
    ['its handler', handler],
    ['its class', owner],
  ] as const) {
    const said = statementOf(target);
    if (said.public && said.guards.length > 0)
      problems.push(`${level} says both @Public() and @UseGuards(${namesOf(said.guards)})`);
    if (said.public && said.optional) problems.push(`${level} says both @Public() and @OptionalAuth()`);
  }
  if (policy.access === 'public' && policy.policies.length > 0) {
    problems.push('it has a policy, but @Public() means that nobody is recognised: remove one of the two');
  }
  if (policy.access === 'open' && (policy.optional || policy.policies.length > 0)) {
    problems.push(
      'it has a policy or @OptionalAuth(), but no guard that would recognise anybody: add @UseGuards(JwtAuthGuard)',
    );
  }
  return problems;
}

function statementOf(target: Target): Statement {
  const declared = marked<readonly unknown[]>(target, NEST_GUARDS, []);
  return {
    public: marked(target, MARKS.public, false),
    optional: marked(target, MARKS.optional, false),
    guards: declared.map(brandedGuard).filter((guard) => guard !== undefined),
  };
}

function isSaid({ public: isPublic, optional, guards }: Statement): boolean {
  return isPublic || optional || guards.length > 0;
}

/** `@UseGuards()` takes classes and instances; guards of others never count. */
export function brandedGuard(guard: unknown): BrandedGuard | undefined {
  const candidate = typeof guard === 'object' && guard !== null ? guard.constructor : guard;
  // The brand is what makes it one.
  return typeof candidate === 'function' && GUARD_SCHEMES in candidate ? (candidate as BrandedGuard) : undefined;
}

function marked<T>(target: Target, key: string, otherwise: T): T {
  // Our own decorators wrote it, under a key of our own.
  return (Reflect.getMetadata(key, target) as T | undefined) ?? otherwise;
}

function firstNonEmpty<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function namesOf(guards: readonly BrandedGuard[]): string {
  return guards.map(({ name }) => name).join(', ');
}
