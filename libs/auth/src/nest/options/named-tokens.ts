// The injection tokens of a configuration with a name. Whatever the module provides under a class or symbol of its own, a named
// configuration provides under another token, so that nothing is ever found in the wrong configuration by accident.
import type { InjectionToken } from '@nestjs/common';

/** A configuration: `undefined` is the one without a name. */
export type ConfigurationName = string | undefined;

/** Where a guard, and a ready-made controller, says which configuration it belongs to. A text, for two copies of the package. */
export const CONFIGURATION = Symbol.for('nestjs-latchkey:configuration');

const own = new Set<unknown>();

/** Declares what the module provides; called once, when the module's definition is loaded. */
export function declareTokens(tokens: Iterable<unknown>): void {
  for (const token of tokens) own.add(token);
}

/** The token that replaces this one in a named configuration. Tokens of other modules are returned unchanged. */
export function tokenIn(name: ConfigurationName, token: InjectionToken): InjectionToken {
  if (name === undefined || !own.has(token)) return token;
  return Symbol.for(`nestjs-latchkey:configuration:${name}:${labelOf(token)}`);
}

/** The configuration that a class was bound to. */
export function configurationOf(candidate: unknown): ConfigurationName {
  if (typeof candidate !== 'function') return undefined;
  const name: unknown = Reflect.get(candidate, CONFIGURATION);
  return typeof name === 'string' ? name : undefined;
}

function labelOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}
