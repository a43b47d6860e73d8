// Owns the way into an application's container from outside. `app.get()` is no way: where a provider is missing it ends the process.
import type { INestApplicationContext, InjectionToken } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/errors.js';

/**
 * The one instance of a provider of the library, whichever module holds it.
 * @throws {AuthConfigurationError} where there is none: the application does not import the module
 */
export function findProvider<T>(app: INestApplicationContext, token: InjectionToken): T {
  for (const { providers } of app.get(ModulesContainer).values()) {
    const instance: unknown = providers.get(token)?.instance;
    // The token is the library's own, and so is what stands behind it.
    if (instance !== undefined && instance !== null) return instance as T;
  }
  throw new AuthConfigurationError(['the application does not import AuthModule: add AuthModule.forRoot()']);
}
