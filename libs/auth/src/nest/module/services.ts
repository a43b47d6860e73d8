// The wiring of what stands around the core: settings, guards, the audit of routes. What browsers need is browser-services.ts.
import type { InjectionToken, Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { Clock } from '../../core/base/clock.js';
import type { Authentication } from '../../core/composition/create-authentication.js';
import { inConfiguration, repetitionProblems } from '../configurations/configurations.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_MODULE_OPTIONS, AUTH_SETTINGS, AUTH_STRUCTURE, AUTHENTICATION } from '../options/injection-tokens.js';
import { resolveAuthOptions } from '../options/options-check.js';
import type { ResolvedStructure } from '../options/resolved-structure.js';
import type { AuthSettings } from '../options/settings.js';
import { ErrorResponses } from '../refusals/error-responses.js';
import { FaultLog } from '../refusals/fault-log.js';
import { RefusalLog } from '../refusals/refusal-log.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { loadingOf } from '../routes/freshness-problems.js';
import { RouteAddresses } from '../routes/route-addresses.js';
import { RouteAudit } from '../routes/route-audit.js';
import { AnswerWatch } from '../surroundings/answer-watch.js';
import { CorsWatch } from '../surroundings/cors-watch.js';
import { browserProviders, browserServices } from './browser-services.js';
import { applicationContextProviders, contextProviders, contextServices } from './context-services.js';
import { factoryProvider } from './factory-provider.js';
import { OperatorLog } from './operator-log.js';
import { refusalLogOf } from './refusal-explanations.js';

const settingsProvider = factoryProvider(
  AUTH_SETTINGS,
  [AUTH_MODULE_OPTIONS, AUTH_STRUCTURE, ModulesContainer],
  (...[options, structure, modules]: [AuthModuleOptions | undefined, AuthModuleStructure, ModulesContainer]) => {
    // Before anything is opened: keys, stores and listeners of a module that must not be there.
    const problems = repetitionProblems(modules, structure.name);
    if (problems.length > 0) throw new AuthConfigurationError(problems);
    return resolveAuthOptions(options ?? {}, {
      production: process.env['NODE_ENV'] === 'production',
      stores: structure.stores,
      problems: (structure as ResolvedStructure).problems,
      configuration: structure.name,
    });
  },
);

const audit = factoryProvider(
  RouteAudit,
  [RouteAuthenticator, AUTH_STRUCTURE, DiscoveryService, ModulesContainer, ApplicationConfig],
  (...[routes, structure, discovery, modules, config]: AuditServices) =>
    new RouteAudit({
      source: {
        get defaults() {
          return routes.defaults;
        },
        schemeNames: (guard) => routes.schemesOf(guard).map(({ name }) => name),
        loadingOf: (guard) => routes.loadingOf(guard),
      },
      structure,
      discovery,
      application: { config, applicationId: modules.applicationId },
    }),
);

type AuditServices = [RouteAuthenticator, AuthModuleStructure, DiscoveryService, ModulesContainer, ApplicationConfig];

const routeAddresses = factoryProvider(
  RouteAddresses,
  [AUTH_STRUCTURE, DiscoveryService, ModulesContainer, ApplicationConfig],
  (...[structure, discovery, modules, config]: AddressServices) =>
    new RouteAddresses({
      discovery,
      application: { config, applicationId: modules.applicationId },
      configuration: structure.name,
    }),
);

type AddressServices = [AuthModuleStructure, DiscoveryService, ModulesContainer, ApplicationConfig];

const globalGuards = factoryProvider(
  GlobalGuards,
  [ApplicationConfig, AUTH_STRUCTURE],
  (config: ApplicationConfig, structure: AuthModuleStructure) => new GlobalGuards(config, structure),
);

const refusalLog = factoryProvider(
  RefusalLog,
  [AUTH_SETTINGS, Clock, RouteAddresses, GlobalGuards],
  (...[settings, clock, addresses, globals]: [AuthSettings, Clock, RouteAddresses, GlobalGuards]) =>
    refusalLogOf(settings, { clock, addresses, globals }),
);

const guardServices = [
  globalGuards,
  refusalLog,
  factoryProvider(
    ErrorResponses,
    [AUTH_SETTINGS, HttpAdapterHost, RefusalLog],
    (settings: AuthSettings, host: HttpAdapterHost, log: RefusalLog) => new ErrorResponses(settings, host, log),
  ),
  factoryProvider(
    RouteAuthenticator,
    [AUTHENTICATION, ErrorResponses, AUTH_STRUCTURE, AUTH_SETTINGS, ModulesContainer, FaultLog, GlobalGuards],
    (...[{ authenticator, schemes }, answers, structure, settings, modules, faults, globals]: RouteParts) =>
      new RouteAuthenticator(authenticator, answers, {
        schemes,
        globals,
        configuration: structure.name,
        loading: loadingOf(settings, structure),
        faults,
        peer: (name) => inConfiguration<RouteAuthenticator>(modules, name, RouteAuthenticator),
      }),
  ),
];

type RouteParts = [
  Authentication,
  ErrorResponses,
  AuthModuleStructure,
  AuthSettings,
  ModulesContainer,
  FaultLog,
  GlobalGuards,
];

/** Everything that every configuration provides, besides the core. */
export const serviceProviders: Provider[] = [
  settingsProvider,
  factoryProvider(FaultLog, [], () => new FaultLog()),
  ...guardServices,
  audit,
  routeAddresses,
  ...browserProviders,
  ...contextProviders,
];

/** What the application has once, however many configurations there are. */
export const applicationProviders: Provider[] = [AnswerWatch, CorsWatch, OperatorLog, ...applicationContextProviders];

/** What other modules may inject of each configuration, besides the core. */
export const exportedServices: readonly InjectionToken[] = [
  RouteAudit,
  RouteAddresses,
  RouteAuthenticator,
  ErrorResponses,
  AUTH_SETTINGS,
  ...browserServices,
  ...contextServices,
];
