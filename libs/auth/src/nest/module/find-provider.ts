// The way into an application's container from outside. `app.get()` exits the process if the provider is missing, so search the
// container directly.
import type { INestApplicationContext, InjectionToken } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { inConfiguration } from '../configurations/configurations.js';

/**
 * The one instance of a provider of the library, whichever module holds it.
 * @param configuration @defaultValue the one without a name
 * @throws {AuthConfigurationError} if there is none: the application does not import the module
 */
export function findProvider<T>(app: INestApplicationContext, token: InjectionToken, configuration?: string): T {
  const instance = inConfiguration<T>(app.get(ModulesContainer), configuration, token);
  if (instance !== undefined) return instance;
  const call =
    configuration === undefined ? 'AuthModule.forRoot()' : `AuthModule.forRoot({ name: '${configuration}' })`;
  throw new AuthConfigurationError([`the application does not import AuthModule: add ${call}`]);
}
