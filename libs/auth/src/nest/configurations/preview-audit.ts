// The route audit of an application that Nest only looked at (its preview mode): no provider was made, so all is read from the modules.
import { ApplicationConfig, DiscoveryService, type ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_STRUCTURE } from '../options/injection-tokens.js';
import { registeredGuards } from '../routes/global-guards.js';
import { routeDefaultsOf } from '../routes/named-routes.js';
import { RouteAudit } from '../routes/route-audit.js';
import { GUARD_SCHEMES } from '../routes/effective-policy.js';
import { inConfiguration } from './configurations.js';

/**
 * Lists what the routes demand by the configuration without a name. What `main.ts` sets on the application, a global prefix, versions or
 * guards, is not known.
 * @throws {AuthConfigurationError} if the application does not import AuthModule
 */
export function previewAudit(modules: ModulesContainer): RouteAudit {
  const structure = inConfiguration<AuthModuleStructure>(modules, undefined, AUTH_STRUCTURE);
  if (structure === undefined) {
    throw new AuthConfigurationError([
      'the application does not import AuthModule: there is nothing that guards a route',
    ]);
  }
  return new RouteAudit({
    source: {
      defaults: routeDefaultsOf(structure, registeredGuards(modules.values())),
      schemeNames: (guard) => guard[GUARD_SCHEMES],
    },
    structure,
    discovery: new DiscoveryService(modules),
    application: { config: new ApplicationConfig(), applicationId: modules.applicationId },
  });
}
