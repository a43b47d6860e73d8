// What presets have in common: how their keys are fetched, whom tokens must be meant for, and careful looks at claims.
import type { Duration } from '../../base/duration.js';
import type { KeyFetchOptions, TrustOptions } from '../trust-options.js';

/** How keys are fetched, and how long tokens may live. */
export interface ProviderOptions extends KeyFetchOptions {
  /** Where the keys are, if this application reaches them by another address than the world does. @defaultValue the provider's own */
  readonly jwksUri?: string;
  /** The longest accepted life of a token, if the provider is set up for longer ones. @defaultValue '24h' */
  readonly maxLifetime?: Duration;
}

/** The same for tokens that name an audience. */
export interface PresetOptions extends ProviderOptions {
  /** One of these must be named. */
  readonly audience: string | readonly string[];
}

/** An option of the entry, if it was given. */
export function lifetime(maxLifetime: Duration | undefined): Pick<TrustOptions, 'maxLifetime'> {
  return maxLifetime === undefined ? {} : { maxLifetime };
}

/** The members that have a value. */
export function given<T extends object>(members: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  // Only members without a value are left out.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
}

/** An address without the slash at its end. */
export function withoutSlash(address: string): string {
  return address.replace(/\/$/, '');
}

/** What most providers sign with. */
export const RS256 = ['RS256'] as const;
