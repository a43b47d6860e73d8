// What a running application says about its authentication, for documents about it.
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { structuresIn } from '../configurations/configurations.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import type { ConfigurationName } from '../options/named-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { routesOf, type Route } from '../routes/routes.js';
import { AuthBoot } from './auth.boot.js';
import { findProvider } from './find-provider.js';

/** One configuration, with all schemes that its guards may name. */
export interface DescribedConfiguration {
  readonly name: ConfigurationName;
  readonly settings: AuthSettings;
  readonly schemes: Iterable<Scheme>;
}

/** The application as a whole. */
export interface DescribedApplication {
  readonly authenticator: RouteAuthenticator;
  /** The one without a name first. */
  readonly configurations: readonly DescribedConfiguration[];
  readonly routes: readonly Route[];
}

/**
 * Asks an application, which need not be initialised.
 * @throws {AuthConfigurationError} if it has no AuthModule, or a guard names a scheme that is not configured
 */
export function describedApplication(app: INestApplicationContext): DescribedApplication {
  const names = structuresIn(app.get(ModulesContainer)).flatMap(({ name }) => (name === undefined ? [] : [name]));
  return {
    authenticator: findProvider<RouteAuthenticator>(app, RouteAuthenticator),
    configurations: [undefined, ...names].map((name) => describedConfiguration(app, name)),
    routes: routesOf(findProvider<DiscoveryService>(app, DiscoveryService), new MetadataScanner()),
  };
}

function describedConfiguration(app: INestApplicationContext, name: ConfigurationName): DescribedConfiguration {
  const settings = findProvider<AuthSettings>(app, AUTH_SETTINGS, name);
  const { schemes } = findProvider<RouteAuthenticator>(app, RouteAuthenticator, name);
  const problems = findProvider<AuthBoot>(app, AuthBoot, name).findSchemes();
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return { name, settings, schemes: schemes.values() };
}
