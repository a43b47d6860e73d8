// The wiring: which service is made of what. What browsers need is browser-services.ts.
import type { InjectionToken, Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Authenticator } from '../../core/authentication/authenticator.js';
import { BlocklistService } from '../../core/logins/blocklist-service.js';
import { AuthConfigurationError } from '../../core/base/errors.js';
import { Clock, SystemClock } from '../../core/base/clock.js';
import { LoginService } from '../../core/logins/login-service.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { SignInService } from '../../core/users/sign-in.js';
import { LoginStore, BlocklistStore } from '../../core/stores/stores.js';
import { defaultLimits, ownLimits, widestLimits } from '../../core/base/limits.js';
import { TokenMinter } from '../../core/issuing/token-minter.js';
import { selfCheck } from '../../core/tokens/self-check.js';
import { TokenService } from '../../core/issuing/token-service.js';
import { TokenVerifier } from '../../core/tokens/token-verifier.js';
import { AccountResolver } from '../../core/users/users.js';
import { EventSink } from '../../core/base/event-sink.js';
import { ErrorResponses } from '../refusals/error-responses.js';
import type { ResolvedStructure } from '../options/resolved-structure.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { browserProviders, browserServices } from './browser-services.js';
import {
  applicationContextProviders,
  applicationContextServices,
  contextProviders,
  contextServices,
} from './context-services.js';
import { inConfiguration, repetitionProblems } from '../configurations/configurations.js';
import { awaitingStart } from '../refusals/early-use.js';
import { FaultLog } from '../refusals/fault-log.js';
import { ExternalIssuers } from './external-issuers.js';
import { factoryProvider } from './factory-provider.js';
import { mistakeLog } from './mistake-log.js';
import { OperatorLog } from './operator-log.js';
import { OwnKeys } from './own-keys.js';
import { issuersOf, ownProfilesOf } from './own-issuer.js';
import { resolveAuthOptions } from '../options/options-check.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { RouteAddresses } from '../routes/route-addresses.js';
import { RouteAudit } from '../routes/route-audit.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';
import type { AuthSettings } from '../options/settings.js';
import { storeProviders } from './store-services.js';
import { CorsWatch } from '../surroundings/cors-watch.js';
import {
  AUTH_MODULE_OPTIONS,
  AUTH_SETTINGS,
  AUTH_STORES,
  AUTH_STRUCTURE,
  CONFIGURED_SCHEMES,
} from '../options/injection-tokens.js';

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

const writePath = [
  factoryProvider(
    LoginService,
    [LoginStore, BlocklistService, Clock],
    (store: LoginStore, blocklist: BlocklistService, clock: Clock) => new LoginService(store, blocklist, clock),
  ),
  factoryProvider(
    TokenMinter,
    [AUTH_SETTINGS, OwnKeys],
    (settings: AuthSettings, keys: OwnKeys) =>
      new TokenMinter(settings.tokens, () => keys.signingKey, {
        check: selfCheck(() => ownProfilesOf(settings, []).access),
        // Lowered limits are for what is presented.
        limits: widestLimits([defaultLimits, ownLimits(settings.limits)]),
      }),
  ),
  factoryProvider(
    TokenService,
    [AUTH_SETTINGS, Clock, AccountResolver, TokenVerifier, TokenMinter, LoginService, BlocklistService],
    (...[settings, clock, users, verifier, minter, logins, blocklist]: ServiceParts) =>
      new TokenService({ settings: settings.tokens, clock, users, verifier, minter, logins, blocklist }),
  ),
  factoryProvider(
    SignInService,
    [AccountResolver, EventSink],
    (users: AccountResolver, eventSink: EventSink) => new SignInService(users, eventSink),
  ),
];

type ServiceParts = [AuthSettings, Clock, AccountResolver, TokenVerifier, TokenMinter, LoginService, BlocklistService];

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
      },
      structure,
      discovery,
      application: { config, applicationId: modules.applicationId },
    }),
);

type AuditServices = [RouteAuthenticator, AuthModuleStructure, DiscoveryService, ModulesContainer, ApplicationConfig];

const addresses = factoryProvider(
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

const readPath = [
  globalGuards,
  factoryProvider(
    TokenVerifier,
    [AUTH_SETTINGS, OwnKeys, ExternalIssuers, Clock],
    (...[settings, keys, foreign, clock]: VerifierParts) =>
      new TokenVerifier({
        issuers: [...issuersOf(settings, keys), ...foreign.issuers],
        clock,
      }),
  ),
  factoryProvider(
    Authenticator,
    [BlocklistService, AccountResolver, AUTH_SETTINGS, Clock],
    (...[blocklist, users, { session }, clock]: AuthenticatorParts) =>
      new Authenticator(blocklist, users, { onMismatch: session.mismatch, clock }),
  ),
  factoryProvider(
    ErrorResponses,
    [AUTH_SETTINGS, HttpAdapterHost],
    (settings: AuthSettings, host: HttpAdapterHost) => new ErrorResponses(settings, host),
  ),
  factoryProvider(
    RouteAuthenticator,
    [Authenticator, CONFIGURED_SCHEMES, ErrorResponses, AUTH_STRUCTURE, ModulesContainer, FaultLog, GlobalGuards],
    (...[authenticator, schemes, answers, structure, modules, faults, globals]: RouteParts) =>
      new RouteAuthenticator(authenticator, answers, {
        schemes,
        get defaults() {
          return globals.defaults;
        },
        configuration: structure.name,
        faults,
        peer: (name) => inConfiguration<RouteAuthenticator>(modules, name, RouteAuthenticator),
      }),
  ),
];

type VerifierParts = [AuthSettings, OwnKeys, ExternalIssuers, Clock];
type AuthenticatorParts = [BlocklistService, AccountResolver, AuthSettings, Clock];
type RouteParts = [
  Authenticator,
  Map<string, Scheme>,
  ErrorResponses,
  AuthModuleStructure,
  ModulesContainer,
  FaultLog,
  GlobalGuards,
];

/** Everything that the module provides, besides its guards and filter. */
export const serviceProviders: Provider[] = [
  factoryProvider(Clock, [AUTH_STRUCTURE], ({ clock }: AuthModuleStructure) => clock ?? new SystemClock()),
  settingsProvider,
  factoryProvider(
    OwnKeys,
    [AUTH_SETTINGS, Clock, EventSink],
    (settings: AuthSettings, clock: Clock, eventSink: EventSink) => OwnKeys.open(settings, clock, eventSink),
  ),
  factoryProvider(ExternalIssuers, [AUTH_SETTINGS, Clock], (settings: AuthSettings, clock: Clock) =>
    ExternalIssuers.open(settings, clock),
  ),
  factoryProvider(AccountResolver, [AUTH_STRUCTURE, Clock], (structure: AuthModuleStructure, clock: Clock) =>
    awaitingStart(new AccountResolver(mistakeLog(clock)), structure),
  ),
  factoryProvider(FaultLog, [], () => new FaultLog()),
  ...storeProviders,
  ...readPath,
  audit,
  addresses,
  ...writePath,
  ...browserProviders,
  ...contextProviders,
];

/** What the application has once, however many configurations there are. */
export const applicationProviders: Provider[] = [CorsWatch, OperatorLog, ...applicationContextProviders];

/** What of it other modules may inject. */
export const applicationExports: readonly InjectionToken[] = applicationContextServices;

/** What other modules may inject of each configuration. */
export const exportedServices: readonly InjectionToken[] = [
  TokenService,
  BlocklistService,
  LoginService,
  SignInService,
  RouteAudit,
  RouteAddresses,
  RouteAuthenticator,
  ErrorResponses,
  TokenVerifier,
  OwnKeys,
  ExternalIssuers,
  Clock,
  BlocklistStore,
  LoginStore,
  AUTH_SETTINGS,
  AUTH_STORES,
  ...browserServices,
  ...contextServices,
];
