// The structure of the module: what must be known before any factory runs.
import type { Type } from '@nestjs/common';
import type { Clock } from '../../../core/base/clock.js';
import { group } from '../../../core/base/option-group.js';
import { flag, isGroup, listOf, text, value } from '../../../core/base/option-kinds.js';
import type { Scheme } from '../../../core/schemes/schemes.js';
import type { StoresFactory } from '../../../core/stores/stores.js';
import type { ExternalUserSource, UserSource } from '../../../core/users/users.js';
import type { MountableController } from '../mountable-controller.js';
import type { SchemeFactory } from '../../../core/schemes/scheme-factory.js';
import { audit, type AuditOptions } from './audit.js';
import { namedRoute, type NamedRoute } from './named-route.js';

/** The name of a configuration: in tokens, in names of cookies and in paths. */
export const CONFIGURATION_NAME = /^[a-z][a-z0-9-]{0,31}$/;
const CONFIGURATION_NAMES = "lower case letters, digits and hyphens, beginning with a letter: 'admin'";

/** What is wrong with a name, as the end of a sentence; `undefined` for a good one. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name === 'string' && CONFIGURATION_NAME.test(name)) return undefined;
  const given = typeof name === 'string' ? `'${name.slice(0, 40)}'` : typeof name;
  return `is ${given}; accepted are ${CONFIGURATION_NAMES}`;
}

/** The structure of the module: what must be known before any factory runs. */
export interface AuthModuleStructure {
  /**
   * The name of a second configuration beside the one without a name: lower case letters, digits and hyphens. See
   * {@link authConfiguration}. @defaultValue none
   */
  readonly name?: string;
  /** Whether guards and services reach every module without an import. @defaultValue true */
  readonly isGlobal?: boolean;
  /** The guard of every route that states none; `false` leaves such routes open, with a warning. @defaultValue JwtAuthGuard */
  readonly defaultGuard?: Type<unknown> | false;
  /** The provider that is your user source; it may live in any module. Without one the token itself is the user. */
  readonly users?: Type<UserSource<unknown>> | (abstract new (...dependencies: never[]) => UserSource<unknown>);
  /** The provider that turns tokens of other issuers into users. Without one they stay what they say. */
  readonly externalUsers?: Type<ExternalUserSource<unknown>>;
  /** Where revocations and sign-ins are stored. Required in production. @defaultValue memoryStores() */
  readonly stores?: StoresFactory;
  /** The audit trail: sign-ins, refreshes, revocations, refusals and key rotations, kept for later. @defaultValue none */
  readonly audit?: AuditOptions;
  /** Ready-made controllers from `nestjs-latchkey/controllers`. @defaultValue [] */
  readonly controllers?: readonly MountableController[];
  /**
   * Your own schemes, for `AuthGuardFor('name', ...)`: values, factories, or providers found when the application starts. @defaultValue
   * []
   */
  readonly schemes?: readonly (Scheme | Type<Scheme> | SchemeFactory)[];
  /** Requirements of third-party controllers, which you cannot decorate. @defaultValue [] */
  readonly routes?: readonly NamedRoute[];
  /**
   * Refuses to start if a route has no guard and no default guard applies, or deviates from the default without
   * `@AuthReason()`; if restricted clients come in without a policy. @defaultValue false
   */
  readonly strictRoutes?: boolean;
  /** Writes a table of all routes to the log when the application starts. @defaultValue false */
  readonly auditRoutes?: boolean;
  /** Another clock, for tests. */
  readonly clock?: Clock;
}

const isClass = (given: unknown): boolean => typeof given === 'function';

type Users = NonNullable<AuthModuleStructure['users']>;
type AnyScheme = NonNullable<AuthModuleStructure['schemes']>[number];

export const moduleStructure = group<AuthModuleStructure>()({
  summary: 'the structure of the module, beside `useFactory`',
  options: {
    name: text({
      accepts: CONFIGURATION_NAMES,
      check: nameProblem,
      refused: 'Admin',
      otherwise: 'none',
      summary: 'a second configuration beside the one without: [two configurations](configurations.md)',
    }),
    isGlobal: flag({ default: true, summary: 'registers the module globally' }),
    defaultGuard: value<Type<unknown> | false>({
      accepts: 'a guard class, or false',
      holds: (given: unknown) => given === false || isClass(given),
      shows: 'kind',
      refused: 'false',
      otherwise: '`JwtAuthGuard`',
      summary: 'the guard of routes that state none; `false` leaves them open, with a warning',
    }),
    users: value<Users>({
      accepts: 'the class of your UserSource, not an instance of it',
      holds: isClass,
      shows: 'kind',
      refused: 'UsersService',
      otherwise: 'none: the token is the user',
      summary: 'the class of your `UserSource`, wherever it is provided',
    }),
    externalUsers: value<Type<ExternalUserSource<unknown>>>({
      accepts: 'the class of your ExternalUserSource, not an instance of it',
      holds: isClass,
      shows: 'kind',
      refused: 'UsersService',
      otherwise: 'none: they stay what their tokens say',
      summary: 'the class that maps tokens of external issuers to your users',
    }),
    stores: value<StoresFactory>({
      accepts: 'what memoryStores(), typeOrmStores() or redisStores({ client }) returns',
      holds: isGroup,
      shows: 'kind',
      refused: 'redis',
      otherwise: '`memoryStores()`; required in production',
      summary: 'where revocations and logins are kept: [revocation](revocation.md)',
      production: {
        needs: 'typeOrmStores() or redisStores({ client }); memoryStores() only for a single process',
        filledWith: 'memory of this process',
      },
    }),
    audit,
    controllers: listOf(
      value<MountableController>({
        accepts: 'what a function of nestjs-latchkey/controllers returns: tokenController(), and not tokenController',
        holds: isGroup,
        shows: 'kind',
        refused: class {},
        required: 'a controller',
        summary: 'a ready-made controller',
      }),
      {
        accepts: 'a list of controllers, like [tokenController()]',
        default: [],
        summary: 'ready-made controllers from `nestjs-latchkey/controllers`',
      },
    ),
    schemes: listOf(
      value<AnyScheme>({
        accepts: 'a scheme of defineScheme(), a factory, or a class that is provided',
        holds: (given: unknown) => isGroup(given) || isClass(given),
        shows: 'kind',
        refused: 'api-key',
        required: 'a scheme',
        summary: 'a scheme',
      }),
      { accepts: 'a list of schemes', default: [], summary: 'your own schemes for `AuthGuardFor`' },
    ),
    routes: listOf(namedRoute, {
      accepts: 'a list like [{ controller: HealthController, public: true, reason: "..." }]',
      default: [],
      summary: 'statements about controllers that you cannot decorate',
    }),
    strictRoutes: flag({
      default: false,
      summary: 'fails start-up on routes without an explicit decision: [authorization](authorization.md)',
    }),
    auditRoutes: flag({ default: false, summary: 'writes a table of all routes to the log at start-up' }),
    clock: value<Clock>({
      accepts: 'a Clock',
      holds: (given: unknown) => isGroup(given) && typeof given['nowMs'] === 'function',
      shows: 'kind',
      refused: {},
      otherwise: "the system's",
      summary: 'another clock, for tests',
    }),
  },
});

/** What concerns every route of the application is stated once, in the configuration without a name. */
export const OF_THE_APPLICATION = ['defaultGuard', 'routes', 'strictRoutes', 'auditRoutes'] as const;
