// How core classes become providers: they know no Nest, so each is made by a factory under its own class. And how factories that the
// application names in the options do, with a sentence of ours if something that they inject is missing.
import { setImmediate } from 'node:timers/promises';
import type { FactoryProvider, InjectionToken, Provider } from '@nestjs/common';
import { AuthConfigurationError } from '../../core/base/errors.js';

/** A provider of a core class, made of others. */
export function factoryProvider<Args extends readonly unknown[], T>(
  provide: FactoryProvider['provide'],
  inject: { readonly [Index in keyof Args]: FactoryProvider['provide'] },
  useFactory: (...args: Args) => T | Promise<T>,
): FactoryProvider {
  // Nest types factories over any[]; the arguments are exactly what `inject` lists.
  return { provide, inject: [...inject], useFactory: useFactory as unknown as (...args: unknown[]) => unknown };
}

/** A factory that the application names in the structure; typed loosely because the core knows no framework. */
interface NamedFactory {
  readonly inject?: readonly unknown[] | undefined;
  /** What to do if something of `inject` is missing. */
  readonly remedy?: string | undefined;
  useFactory(...injected: readonly unknown[]): unknown;
}

/** A provider made by a factory of the options. @param option the name of the option, for the sentence about a missing provider */
export function namedFactory(option: string, provide: InjectionToken, factory: NamedFactory): Provider {
  const { inject = [], remedy = REMEDY } = factory;
  const wanted = inject.map(asWanted);
  return {
    provide,
    // Nest would name the token of the factory, and its own words for what is missing; so it is told that all is optional.
    inject: wanted.map(({ token }) => ({ token, optional: true })),
    useFactory: async (...injected: readonly unknown[]) => {
      const missing = wanted.filter(({ optional }, index) => !optional && injected[index] === undefined);
      if (missing.length === 0) return factory.useFactory(...injected);
      // A provider that is there and failed looks the same to Nest. Whatever the version, its own error is reported first.
      await setImmediate();
      const names = missing.map(({ token }) => nameOf(token)).join(' and ');
      throw new AuthConfigurationError([`${option} needs ${names}, which AuthModule cannot inject: ${remedy}`]);
    },
  };
}

const REMEDY = 'provide it in a module that AuthModule can reach, and export it there';

/** As Nest spells a dependency: a token, or an object with one. */
function asWanted(entry: unknown): { readonly token: InjectionToken; readonly optional: boolean } {
  if (typeof entry !== 'object' || entry === null || !('token' in entry))
    return { token: entry as InjectionToken, optional: false };
  return { token: entry.token as InjectionToken, optional: 'optional' in entry && entry.optional === true };
}

function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}
