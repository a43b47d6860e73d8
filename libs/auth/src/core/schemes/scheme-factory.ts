// The agreement between the module and schemes that need services of the application, so that a door can bring some.
import type { Scheme } from './schemes.js';

/** Where a factory finds what it needs: a class or token of any module of the application. */
export interface ServiceFinder {
  /** @throws if there is no such provider, or one that is made again per request */
  get<T>(token: unknown): T;
}

/** A scheme that is made when the application starts. */
export interface SchemeFactory {
  /** The name of the scheme that it makes. */
  readonly name: string;
  schemeOf(services: ServiceFinder): Scheme;
}

/** True for a factory; a scheme says itself how to find and verify. */
export function isSchemeFactory(given: object): given is SchemeFactory {
  return 'schemeOf' in given;
}
