// Classes and providers of the module, bound to a configuration with a name: subclasses that differ in what is injected, and in nothing
// else. Guards, filters and ready-made controllers are bound in the same way.
import type { InjectionToken, Provider, Type } from '@nestjs/common';
import { CONFIGURATION, configurationOf, tokenIn } from '../options/named-tokens.js';

/** Where Nest keeps what is injected: into properties, and into the constructor. */
const PROPERTIES = 'self:properties_metadata';
const PARAMETERS = 'design:paramtypes';
const NAMED_PARAMETERS = 'self:paramtypes';

/** Where Nest keeps what stands around a class or handler. */
const ENHANCERS = ['__guards__', '__exceptionFilters__', '__pipes__', '__interceptors__'] as const;

const bound = new WeakMap<Type<unknown>, Map<string, Type<unknown>>>();

/**
 * The class as it is in a configuration. The same class and name give the same class, so that tests can override it; one that is bound
 * to it already stays what it is.
 * @throws {TypeError} for a class of another configuration
 */
export function boundTo<T extends Type<unknown>>(name: string, original: T): T {
  const known = configurationOf(original);
  if (known === name) return original;
  if (known !== undefined)
    throw new TypeError(`${original.name} belongs to the configuration '${known}'; it cannot be of '${name}', too.`);
  const byName = bound.get(original) ?? new Map<string, Type<unknown>>();
  bound.set(original, byName);
  const made = byName.get(name) ?? bind(name, original);
  byName.set(name, made);
  // A subclass that adds no member.
  return made as T;
}

function bind(name: string, given: Type<unknown>): Type<unknown> {
  // Instances of a class are objects, which its type does not say.
  const original = given as Type<object>;
  class Bound extends original {
    static readonly [CONFIGURATION] = name;
  }
  // Nest's tools, the route audit and logs show it.
  Object.defineProperty(Bound, 'name', { value: `${name}.${original.name}` });
  const rename = (token: InjectionToken): InjectionToken => tokenIn(name, token);
  redefine<{ type: InjectionToken }>(PROPERTIES, Bound, (each) => ({ ...each, type: rename(each.type) }));
  redefine<{ param: InjectionToken }>(NAMED_PARAMETERS, Bound, (each) => ({ ...each, param: rename(each.param) }));
  redefine<InjectionToken>(PARAMETERS, Bound, rename);
  for (const key of ENHANCERS) redefine<unknown>(key, Bound, (each) => boundEnhancer(name, each));
  bindHandlers(name, Bound);
  return Bound;
}

/** What stands around a single handler hangs on the function itself, which the original keeps: the bound class has one of its own. */
function bindHandlers(name: string, target: Type<unknown>): void {
  const prototype = target.prototype as object;
  for (const [method, handler] of methodsOf(prototype)) {
    if (!ENHANCERS.some((key) => Reflect.hasMetadata(key, handler))) continue;
    const own = function (this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(handler, this, args);
    };
    Object.defineProperty(own, 'name', { value: method });
    for (const key of Reflect.getMetadataKeys(handler)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), own);
    }
    for (const key of ENHANCERS) redefine<unknown>(key, own, (each) => boundEnhancer(name, each));
    Object.defineProperty(prototype, method, { value: own, writable: true, configurable: true });
  }
}

/** Every method, the nearest of a name. */
function methodsOf(prototype: object): ReadonlyMap<string, Function> {
  const found = new Map<string, Function>();
  for (let each: object | null = prototype; each !== null && each !== Object.prototype; each = parentOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) {
      const value: unknown = Object.getOwnPropertyDescriptor(each, name)?.value;
      if (name !== 'constructor' && typeof value === 'function' && !found.has(name)) found.set(name, value);
    }
  }
  return found;
}

function parentOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** Guards and filters of the library, and classes that inject something of it; all else is the application's, and shared. */
function boundEnhancer(name: string, enhancer: unknown): unknown {
  if (typeof enhancer !== 'function') return enhancer;
  const injected = (Reflect.getMetadata(PROPERTIES, enhancer) ?? []) as readonly { type: InjectionToken }[];
  const isOurs = injected.some(({ type }) => tokenIn(name, type) !== type);
  // What names a configuration itself was meant so.
  return isOurs && configurationOf(enhancer) === undefined ? boundTo(name, enhancer as Type<unknown>) : enhancer;
}

function redefine<Entry>(key: string, target: object, change: (entry: Entry) => Entry): void {
  // Nest's own lists; entries that are not understood pass through `change` unchanged.
  const entries = Reflect.getMetadata(key, target) as readonly Entry[] | undefined;
  if (entries !== undefined) Reflect.defineMetadata(key, entries.map(change), target);
}

/** A provider of the module as it is in a configuration. */
export function boundProvider(name: string, provider: Provider): Provider {
  if (typeof provider === 'function' && tokenIn(name, provider) === provider) return provider;
  if (typeof provider === 'function') return { provide: tokenIn(name, provider), useClass: boundTo(name, provider) };
  const renamed = { ...provider, provide: tokenIn(name, provider.provide) };
  if ('useExisting' in provider)
    return { ...renamed, useExisting: tokenIn(name, provider.useExisting as InjectionToken) };
  if ('useClass' in provider) return { ...renamed, useClass: provider.useClass } as Provider;
  if (!('useFactory' in provider)) return renamed as Provider;
  const inject = (provider.inject ?? []).map((each) =>
    typeof each === 'object' && 'token' in each
      ? { ...each, token: tokenIn(name, each.token) }
      : tokenIn(name, each as InjectionToken),
  );
  return { ...renamed, inject } as Provider;
}
