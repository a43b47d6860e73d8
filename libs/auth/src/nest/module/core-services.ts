// The core inside Nest: its ports are providers, so that each can be replaced; one provider is the assembled core; and its public parts
// are injected by their class.
import type { InjectionToken, Provider } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { AuditSink } from '../../core/audit/audit.js';
import { Clock, SystemClock } from '../../core/base/clock.js';
import { CsrfService } from '../../core/browser/csrf.js';
import { HostSession, SessionService } from '../../core/browser/session.js';
import { createAuthentication, type Authentication } from '../../core/composition/create-authentication.js';
import { guardReplaced, guardStores, type GuardedStores } from '../../core/composition/guard-stores.js';
import { OneTimeTokens } from '../../core/issuing/one-time-tokens.js';
import { TokenService } from '../../core/issuing/token-service.js';
import { OwnKeys } from '../../core/keys/own-keys.js';
import { BlocklistService } from '../../core/logins/blocklist-service.js';
import { LoginService } from '../../core/logins/login-service.js';
import { memoryStores } from '../../core/stores/memory-stores.js';
import { BlocklistStore, LoginStore, OneTimeStore, type Stores } from '../../core/stores/stores.js';
import type { AccountResolver } from '../../core/users/accounts.js';
import { UserChanges } from '../../core/users/user-changes.js';
import { SignInService } from '../../core/sign-in/sign-in-service.js';
import { FrameworkHostSession } from '../browser/host-session.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_SETTINGS, AUTH_STORES, AUTH_STRUCTURE, AUTHENTICATION, RAW_STORES } from '../options/injection-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { awaitingStart } from '../refusals/early-use.js';
import { RefusalLog } from '../refusals/refusal-log.js';
import { bearerSource } from '../transport/bearer-source.js';
import { inConfiguration, structuresIn } from '../configurations/configurations.js';
import { factoryProvider, namedFactory } from './factory-provider.js';
import { mistakeLog } from './mistake-log.js';
import { operatorNotices } from './operator-log.js';
import { refusedPages } from './refusal-explanations.js';

/** What the core needs from outside. Replacing one of these replaces it everywhere. */
function ports({ stores, audit }: AuthModuleStructure): Provider[] {
  return [
    factoryProvider(Clock, [AUTH_STRUCTURE], ({ clock }: AuthModuleStructure) => clock ?? new SystemClock()),
    namedFactory('stores', RAW_STORES, stores ?? memoryStores()),
    factoryProvider(
      AUTH_STORES,
      [RAW_STORES, AUTH_SETTINGS, Clock],
      (raw: Stores, { revocation }: AuthSettings, clock: Clock) => guardStores(raw, revocation, clock),
    ),
    factoryProvider(BlocklistStore, [AUTH_STORES], ({ revocations }: Stores) => revocations),
    factoryProvider(LoginStore, [AUTH_STORES], ({ logins }: Stores) => logins),
    factoryProvider(OneTimeStore, [AUTH_STORES], ({ oneTime }: Stores) => oneTime),
    factoryProvider(
      HostSession,
      [HttpAdapterHost, AUTH_STRUCTURE],
      (adapters: HttpAdapterHost, { name }: AuthModuleStructure) => new FrameworkHostSession(adapters, name),
    ),
    ...(audit === undefined ? [] : [namedFactory('audit.sink', AuditSink, audit.sink)]),
  ];
}

type Ports = [
  AuthModuleStructure,
  AuthSettings,
  Clock,
  GuardedStores,
  BlocklistStore,
  LoginStore,
  OneTimeStore | undefined,
  HostSession,
  RefusalLog,
  AuditSink?,
];

async function assemble(...[structure, settings, clock, guarded, ...others]: Ports): Promise<Authentication> {
  const [revocations, logins, oneTime, hostSession, refusals, sink] = others;
  const core = await createAuthentication(settings, {
    clock,
    stores: guardReplaced(guarded, { revocations, logins, oneTime }, settings.revocation, clock),
    hostSession,
    bearer: bearerSource(settings.header),
    audit: sink && { sink, required: structure.audit?.required },
    onMistake: mistakeLog(clock),
    onPageRefused: settings.production ? undefined : refusedPages(clock, refusals),
    notices: operatorNotices,
  });
  awaitingStart(core.users, structure);
  return core;
}

const PORTS = [
  AUTH_STRUCTURE,
  AUTH_SETTINGS,
  Clock,
  AUTH_STORES,
  BlocklistStore,
  LoginStore,
  OneTimeStore,
  HostSession,
  RefusalLog,
] as const;

function part<Part>(token: InjectionToken, of: (core: Authentication) => Part): Provider {
  return factoryProvider(token, [AUTHENTICATION], of);
}

/** The ports, the assembled core, and what of it is injected by its class. */
export function coreProviders(structure: AuthModuleStructure): Provider[] {
  return [
    ...ports(structure),
    {
      provide: AUTHENTICATION,
      inject: structure.audit === undefined ? [...PORTS] : [...PORTS, AuditSink],
      useFactory: assemble,
    },
    part(TokenService, ({ tokens }) => tokens),
    part(OneTimeTokens, ({ oneTime }) => oneTime),
    part(BlocklistService, ({ blocklist }) => blocklist),
    part(LoginService, ({ logins }) => logins),
    part(SignInService, ({ signIn }) => signIn),
    part(SessionService, ({ sessions }) => sessions),
    part(CsrfService, ({ csrf }) => csrf),
    part(OwnKeys, ({ keys }) => keys),
    factoryProvider(
      UserChanges,
      [AUTHENTICATION, ModulesContainer],
      ({ users }: Authentication, modules: ModulesContainer) => new UserChanges(users, () => resolversIn(modules)),
    ),
  ];
}

/** The account resolvers of all configurations. */
function resolversIn(modules: ModulesContainer): readonly AccountResolver[] {
  return structuresIn(modules).flatMap(({ name }) => {
    const core = inConfiguration<Authentication>(modules, name, AUTHENTICATION);
    return core === undefined ? [] : [core.users];
  });
}

/** What of it other modules may inject. */
export const coreExports: readonly InjectionToken[] = [
  Clock,
  BlocklistStore,
  LoginStore,
  OneTimeStore,
  HostSession,
  AUTHENTICATION,
  TokenService,
  OneTimeTokens,
  BlocklistService,
  LoginService,
  SignInService,
  SessionService,
  CsrfService,
  OwnKeys,
  UserChanges,
];
