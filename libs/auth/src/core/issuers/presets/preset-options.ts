// What presets have in common: how their keys are fetched, whom tokens must be meant for, and careful looks at claims.
import type { KeyFetchOptions } from '../trust-options.js';

/** How keys are fetched, and whom tokens must be meant for. */
export interface PresetOptions extends KeyFetchOptions {
  /** One of these must be named. */
  readonly audience: string | readonly string[];
}

/** What most providers sign with. */
export const RS256 = ['RS256'] as const;

/** True for a claim that is an object and not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
