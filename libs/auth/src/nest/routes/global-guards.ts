// The guards of the whole application, as far as they are ours and the application registered them itself: `APP_GUARD` or
// `useGlobalGuards()`. They guard as the default guard does, so a nearer statement of a route overrules them.
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { APP_GUARD, type ApplicationConfig } from '@nestjs/core';
import type { AuthModuleStructure } from '../options/auth.options.js';
import {
  brandedGuard,
  effectivePolicy,
  INJECTED,
  isHandmade,
  type BrandedGuard,
  type ClassOrMethod,
  type EffectivePolicy,
  type RouteDefaults,
} from './effective-policy.js';
import { beginDispatch, standsAside } from './dispatches.js';
import { routeDefaultsOf } from './named-routes.js';

/** What of Nest's configuration holds the guards of the whole application. */
type GuardLists = Pick<ApplicationConfig, 'getGlobalGuards' | 'getGlobalRequestGuards' | 'addGlobalGuard'>;

/** Asks what a route demands. */
type PolicyOf = (context: ExecutionContext) => EffectivePolicy;

/**
 * Stands in Nest's list in the place of a guard of ours, and asks it if no nearer statement decides. Only Nest can reach it: a
 * composite guard that calls the guard itself is not a dispatch.
 */
class Seat implements CanActivate {
  constructor(
    readonly guard: CanActivate,
    private readonly policyOf: PolicyOf,
  ) {}

  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    const policy = this.policyOf(context);
    if (policy.byDefaultGuard) return this.guard.canActivate(context);
    // This was the call that Nest makes of the guard: the next one comes from application code.
    beginDispatch(context);
    standsAside(this.guard, context, policy);
    return true;
  }
}

/** Finds the guards, and takes their places. */
export class GlobalGuards {
  private known:
    { readonly defaults: RouteDefaults; readonly from: readonly unknown[]; readonly length: number } | undefined;
  /** What Nest made the handlers with; what is registered after that, it does not call, or only on controllers made per request. */
  private dispatched: readonly CanActivate[] | undefined;
  private policyOf: PolicyOf | undefined;

  constructor(
    private readonly config: GuardLists,
    private readonly structure: AuthModuleStructure,
  ) {
    // While providers are made, before any other: whatever context it is called in, Nest calls the guards after it, too.
    config.addGlobalGuard({ canActivate: (context) => this.begin(context) });
  }

  /** What holds if a route states nothing. The same object until the application registers another guard. */
  get defaults(): RouteDefaults {
    const list = this.config.getGlobalGuards();
    if (this.known?.from === list && this.known.length === list.length) return this.known.defaults;
    this.seatAll(list);
    const defaults = this.readDefaults(list);
    this.known = { defaults, from: list, length: list.length };
    return defaults;
  }

  /**
   * Puts seats in the places of our guards. To be called before Nest makes the handlers of routes; those of gateways it has made, which
   * therefore call the guards themselves.
   */
  takeSeats(policyOf: PolicyOf): void {
    if (this.policyOf !== undefined) return;
    const list = this.config.getGlobalGuards();
    this.policyOf = policyOf;
    this.seatAll(list);
    this.dispatched = [...list];
    this.known = undefined;
  }

  /** A sentence for each guard that cannot work. */
  problems(): readonly string[] {
    return this.config
      .getGlobalGuards()
      .map(guardIn)
      .filter(isHandmade)
      .map((guard) => this.remedyFor(guard));
  }

  /** Guards of ours that were registered too late for Nest to call them. */
  get late(): readonly CanActivate[] {
    const list = this.config.getGlobalGuards();
    const { dispatched } = this;
    if (dispatched === undefined || dispatched.length === list.length) return NONE;
    return list.filter((guard) => guard instanceof Seat && !dispatched.includes(guard));
  }

  private begin(context: ExecutionContext): true {
    // Nest returns the classes and methods of the application, which are functions.
    const [handler, owner] = [context.getHandler() as ClassOrMethod, context.getClass() as unknown as ClassOrMethod];
    if (effectivePolicy(handler, owner, this.defaults).overruled.size > 0) beginDispatch(context);
    return true;
  }

  private seatAll(list: CanActivate[]): void {
    const { policyOf } = this;
    if (policyOf === undefined) return;
    for (const [index, guard] of list.entries()) if (isOurs(guard)) list[index] = new Seat(guard, policyOf);
  }

  private readDefaults(list: readonly CanActivate[]): RouteDefaults {
    const scoped = this.config.getGlobalRequestGuards().map((wrapper) => classOf(wrapper));
    const classes = (guards: readonly CanActivate[]): readonly BrandedGuard[] =>
      [...guards.map((guard) => brandedGuard(guardIn(guard))), ...scoped].filter(isGiven);
    return { ...routeDefaultsOf(this.structure, classes(list)), everywhere: classes(this.dispatched ?? list) };
  }

  private remedyFor(guard: object): string {
    const { name } = guard.constructor;
    const remedy =
      this.structure.defaultGuard === false
        ? `AuthModule.forRoot({ defaultGuard: ${name} })`
        : `AuthModule.forRoot({ defaultGuard: ${name} }), or nothing where that is the default already,`;
    return `useGlobalGuards(new ${name}()) registers a guard into which nothing is injected: write ${remedy} in its place`;
  }
}

function guardIn(guard: CanActivate): CanActivate {
  return guard instanceof Seat ? guard.guard : guard;
}

const NONE: readonly CanActivate[] = [];

/** Every guard of the library says whether it was injected; third-party guards do not. */
function isOurs(guard: CanActivate | undefined): guard is CanActivate {
  return typeof guard === 'object' && guard !== null && INJECTED in guard;
}

/** What a provider looks like to Nest's container. */
interface Registered {
  readonly metatype: unknown;
  readonly inject?: readonly unknown[] | null | undefined;
  readonly instance?: unknown;
}

/**
 * The guards that modules register for all routes with `APP_GUARD`, of an application that is only looked at. What its `main` file adds
 * cannot be seen without running it.
 */
export function registeredGuards(modules: Iterable<ModuleProviders>): readonly BrandedGuard[] {
  return [...modules]
    .flatMap(({ providers, injectables }) => [...providers, ...injectables])
    .filter(([token]) => typeof token === 'string' && token.startsWith(`${APP_GUARD} (`))
    .map(([, provider]) => classOf(provider))
    .filter(isGiven);
}

/** The lists of a module of Nest. */
interface ModuleProviders {
  readonly providers: ReadonlyMap<unknown, Registered>;
  readonly injectables: ReadonlyMap<unknown, Registered>;
}

/** An alias is a factory that injects the provider that it refers to. */
function classOf({ metatype, inject, instance }: Registered): BrandedGuard | undefined {
  return brandedGuard(metatype) ?? brandedGuard(inject?.[0]) ?? brandedGuard(instance);
}

function isGiven(guard: BrandedGuard | undefined): guard is BrandedGuard {
  return guard !== undefined;
}
