// How core classes become providers: they know no Nest, so each is made by a factory under its own class.
import type { FactoryProvider } from '@nestjs/common';

/** A provider of a core class, made of others. */
export function factoryProvider<Args extends readonly unknown[], T>(
  provide: FactoryProvider['provide'],
  inject: { readonly [Index in keyof Args]: FactoryProvider['provide'] },
  useFactory: (...args: Args) => T | Promise<T>,
): FactoryProvider {
  // Nest types factories over any[]; the arguments are exactly what `inject` lists.
  return { provide, inject: [...inject], useFactory: useFactory as unknown as (...args: unknown[]) => unknown };
}
