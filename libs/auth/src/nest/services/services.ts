// Owns the wiring: which service is made of what. What browsers need is browser-services.ts.
import type { InjectionToken, Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Authenticator } from '../../core/authenticator.js';
import { BlocklistService } from '../../core/blocklist-service.js';
import { AuthConfigurationError } from '../../core/errors.js';
import { Clock, SystemClock } from '../../core/clock.js';
import { FamilyService } from '../../core/families.js';
import type { Scheme } from '../../core/schemes.js';
import { SignInService } from '../../core/users/sign-in.js';
import { RefreshStore, RevocationStore } from '../../core/stores/stores.js';
import { defaultLimits, ownLimits, widestLimits } from '../../core/tokens/limits.js';
import { TokenMinter } from '../../core/token-minter.js';
import { selfCheck } from '../../core/tokens/self-check.js';
import { TokenService } from '../../core/token-service.js';
import { TokenVerifier } from '../../core/tokens/token-verifier.js';
import { Users } from '../../core/users/users.js';
import { Witness } from '../../core/audit/witness.js';
import { Answers } from '../answers.js';
import type { ResolvedStructure } from '../auth.module-definition.js';
import type { AuthModuleOptions, AuthModuleStructure } from '../options/auth.options.js';
import { browserProviders, browserServices } from '../browser/browser-services.js';
import {
  applicationContextProviders,
  applicationContextServices,
  contextProviders,
  contextServices,
} from '../contexts/context-services.js';
import { inConfiguration, repetitionProblems } from '../configurations/configurations.js';
import { awaitingStart } from './early-use.js';
import { FaultLog } from '../fault-log.js';
import { ForeignIssuers } from './foreign-issuers.js';
import { made } from './made.js';
import { mistakeLog } from './mistake-log.js';
import { OperatorLog } from './operator-log.js';
import { OwnKeys } from './own-keys.js';
import { issuersOf, ownProfilesOf } from './own-issuer.js';
import { resolveAuthOptions } from '../options/options-check.js';
import { GlobalGuards } from '../routes/global-guards.js';
import { RouteAddresses } from '../routes/route-addresses.js';
import { RouteAudit } from '../routes/route-audit.js';
import { RouteAuthenticator } from '../routes/route-authenticator.js';
import type { AuthSettings } from '../options/settings.js';
import { storeProviders } from './store-services.js';
import { CorsWatch } from '../surroundings/cors-watch.js';
import { AUTH_MODULE_OPTIONS, AUTH_SETTINGS, AUTH_STORES, AUTH_STRUCTURE, CONFIGURED_SCHEMES } from '../tokens.js';

const settingsProvider = made(
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
  made(
    FamilyService,
    [RefreshStore, BlocklistService, Clock],
    (store: RefreshStore, blocklist: BlocklistService, clock: Clock) => new FamilyService(store, blocklist, clock),
  ),
  made(
    TokenMinter,
    [AUTH_SETTINGS, OwnKeys],
    (settings: AuthSettings, keys: OwnKeys) =>
      new TokenMinter(settings.tokens, () => keys.signingKey, {
        check: selfCheck(() => ownProfilesOf(settings, []).access),
        // Lowered limits are for what is presented.
        limits: widestLimits([defaultLimits, ownLimits(settings.limits)]),
      }),
  ),
  made(
    TokenService,
    [AUTH_SETTINGS, Clock, Users, TokenVerifier, TokenMinter, FamilyService, BlocklistService],
    (...[settings, clock, users, verifier, minter, families, blocklist]: ServiceParts) =>
      new TokenService({ settings: settings.tokens, clock, users, verifier, minter, families, blocklist }),
  ),
  made(SignInService, [Users, Witness], (users: Users, witness: Witness) => new SignInService(users, witness)),
];

type ServiceParts = [AuthSettings, Clock, Users, TokenVerifier, TokenMinter, FamilyService, BlocklistService];

const audit = made(
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

const addresses = made(
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

const globalGuards = made(
  GlobalGuards,
  [ApplicationConfig, AUTH_STRUCTURE],
  (config: ApplicationConfig, structure: AuthModuleStructure) => new GlobalGuards(config, structure),
);

const readPath = [
  globalGuards,
  made(
    TokenVerifier,
    [AUTH_SETTINGS, OwnKeys, ForeignIssuers, Clock],
    (...[settings, keys, foreign, clock]: VerifierParts) =>
      new TokenVerifier({
        issuers: [...issuersOf(settings, keys), ...foreign.issuers],
        clock,
      }),
  ),
  made(
    Authenticator,
    [BlocklistService, Users, AUTH_SETTINGS, Clock],
    (...[blocklist, users, { session }, clock]: AuthenticatorParts) =>
      new Authenticator(blocklist, users, { onMismatch: session.mismatch, clock }),
  ),
  made(
    Answers,
    [AUTH_SETTINGS, HttpAdapterHost],
    (settings: AuthSettings, host: HttpAdapterHost) => new Answers(settings, host),
  ),
  made(
    RouteAuthenticator,
    [Authenticator, CONFIGURED_SCHEMES, Answers, AUTH_STRUCTURE, ModulesContainer, FaultLog, GlobalGuards],
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

type VerifierParts = [AuthSettings, OwnKeys, ForeignIssuers, Clock];
type AuthenticatorParts = [BlocklistService, Users, AuthSettings, Clock];
type RouteParts = [
  Authenticator,
  Map<string, Scheme>,
  Answers,
  AuthModuleStructure,
  ModulesContainer,
  FaultLog,
  GlobalGuards,
];

/** Everything that the module provides, besides its guards and filter. */
export const serviceProviders: Provider[] = [
  made(Clock, [AUTH_STRUCTURE], ({ clock }: AuthModuleStructure) => clock ?? new SystemClock()),
  settingsProvider,
  made(OwnKeys, [AUTH_SETTINGS, Clock, Witness], (settings: AuthSettings, clock: Clock, witness: Witness) =>
    OwnKeys.open(settings, clock, witness),
  ),
  made(ForeignIssuers, [AUTH_SETTINGS, Clock], (settings: AuthSettings, clock: Clock) =>
    ForeignIssuers.open(settings, clock),
  ),
  made(Users, [AUTH_STRUCTURE, Clock], (structure: AuthModuleStructure, clock: Clock) =>
    awaitingStart(new Users(mistakeLog(clock)), structure),
  ),
  made(FaultLog, [], () => new FaultLog()),
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
  FamilyService,
  SignInService,
  RouteAudit,
  RouteAddresses,
  RouteAuthenticator,
  Answers,
  TokenVerifier,
  OwnKeys,
  ForeignIssuers,
  Clock,
  RevocationStore,
  RefreshStore,
  AUTH_SETTINGS,
  AUTH_STORES,
  ...browserServices,
  ...contextServices,
];
