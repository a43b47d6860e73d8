// From the options to the settings: everything that is wrong at once, at boot, and what several groups become together.
import { AuthConfigurationError } from '../../core/base/errors.js';
import { isAbsent, type AnyOption, type Place, type ProductionDemand, type Reading } from '../../core/base/option.js';
import { wholeSeconds } from '../../core/base/option-kinds.js';
import { cookieSpecs } from '../../core/browser/cookies.js';
import type { StoresFactory } from '../../core/stores/stores.js';
import { cookies } from './schema/cookies.js';
import { DEVELOPMENT, moduleOptions, type AuthModuleOptions } from './schema/module-options.js';
import { moduleStructure, type AuthModuleStructure } from './schema/module-structure.js';
import { session } from './schema/session.js';
import type { AuthSettings } from './settings.js';

/** What the structure of the module says that the values must agree with. */
export interface OptionsContext {
  readonly production: boolean;
  readonly stores: Pick<StoresFactory, 'warnings'> | undefined;
  /** What is wrong with the structure. @defaultValue nothing */
  readonly problems?: readonly string[] | undefined;
  /** The name of the configuration, if it has one. */
  readonly configuration?: string | undefined;
}

/** Options that stand beside the factory, because they must be known before it runs. */
export const STRUCTURE_NAMES: readonly string[] = Object.keys(moduleStructure.members ?? {});

/** The structure with its defaults, and what is wrong with it; `forRoot` is given the values with it, which are not looked at here. */
export function readStructure(given: object): Reading<Partial<AuthModuleStructure>> {
  const structure = Object.entries(given).filter(([name]) => STRUCTURE_NAMES.includes(name));
  const { problems, value } = moduleStructure.read(Object.fromEntries(structure), { path: '', production: false });
  // An absent member must not replace a default of the module.
  return { problems, value: Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) };
}

/**
 * The settings that the options ask for.
 * @throws {AuthConfigurationError} with every problem at once
 */
export function resolveAuthOptions(asked: AuthModuleOptions, context: OptionsContext): AuthSettings {
  const at: Place = { path: '', production: context.production, configuration: context.configuration };
  const misplaced = Object.keys(asked).filter((name) => isMisplaced(name));
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(asked).filter(([name]) => !isMisplaced(name)),
  );
  const { problems, value } = moduleOptions.read(given, at);
  const issuing = isIssuing(given);
  const absent = issuing ? absentDemands({ ...given, stores: context.stores }, at) : [];
  const found = [
    ...(context.problems ?? []),
    ...misplaced.map(
      (name) => `${name} must stand beside the factory, not come from it: it decides which providers exist`,
    ),
    ...(context.production
      ? absent.map(([name, { needs }]) => `${name} is required with NODE_ENV=production: ${needs}`)
      : []),
    ...problems,
  ];
  if (found.length > 0) throw new AuthConfigurationError(found);
  const filled = absent.map(([name, { filledWith }]) => `${name} (${filledWith})`).join(', ');
  const warnings = [
    ...(filled === '' ? [] : [`Development mode. Set before production: ${filled}.`]),
    ...moduleOptions.warnings(given, at),
    ...(context.stores?.warnings ?? []),
  ];
  return frozenCopy({ ...settingsOf(value, at), production: context.production, issuing, warnings });
}

type Values = ReturnType<typeof moduleOptions.read>['value'];

/** What several options become together. */
function settingsOf(values: Values, at: Place): Omit<AuthSettings, 'production' | 'issuing' | 'warnings'> {
  const { clockTolerance, exclusiveAudience, keys, algorithm, trust, header, loginUrl, revocation, limits } = values;
  const { errors, signIn, userFreshness, tokenUser, basic } = values;
  const { refreshPathGiven, ...cookieSettings } = values.cookies ?? defaultsOf(cookies, at);
  const specs = cookieSpecs(cookieSettings);
  const tokens = tokenSettings(values, at);
  return {
    exclusiveAudience,
    keys,
    algorithm,
    trust,
    header,
    loginUrl,
    revocation,
    limits,
    errors,
    signIn,
    userFreshness,
    tokenUser,
    basic,
    tokens,
    anyAudience: values.audience === false,
    toleranceSeconds: wholeSeconds(clockTolerance),
    cookies: values.cookies === undefined ? undefined : cookieSettings,
    cookieSpecs: specs,
    refreshPathGiven,
    csrf: {
      ...values.csrf,
      // Pages of the issuer itself are our own.
      trustedOrigins: [new URL(tokens.issuer).origin, ...values.csrf.trustedOrigins],
      cookieName: specs.csrf.name,
    },
    session: { ...(values.session ?? defaultsOf(session, at)), enabled: values.session !== undefined },
  };
}

/** Everything that issuing follows. */
function tokenSettings(values: Values, { configuration }: Place): AuthSettings['tokens'] {
  const { issuer = DEVELOPMENT.issuer, audience = DEVELOPMENT.audience, access, refresh } = values;
  return {
    issuer,
    audience: audience === false ? [] : [audience].flat(),
    // Without OAuth clients the issuer is the client: its own routes sign users in.
    access: { ...access, clientId: access.clientId ?? issuer },
    refresh,
    configuration,
  };
}

/** The settings of a group that was not given, if the code needs them anyway. */
function defaultsOf<Settings>(group: AnyOption<Settings>, at: Place): NonNullable<Settings> {
  // The defaults of a group are right, so that it has settings.
  return group.read({}, at).value as NonNullable<Settings>;
}

/** A service that names neither issuer nor keys, but trusts others, only verifies. */
function isIssuing({ keys, issuer, trust }: Readonly<Record<string, unknown>>): boolean {
  return (keys ?? issuer ?? undefined) !== undefined || !Array.isArray(trust) || trust.length === 0;
}

/** The absent options that production demands, and development fills in. */
function absentDemands(
  given: Readonly<Record<string, unknown>>,
  at: Place,
): readonly (readonly [name: string, demand: ProductionDemand])[] {
  return Object.entries({ ...moduleOptions.members, ...moduleStructure.members }).flatMap(([name, { production }]) =>
    production !== undefined && isAbsent(given[name], at) ? [[name, production] as const] : [],
  );
}

function isMisplaced(name: string): boolean {
  return STRUCTURE_NAMES.includes(name) && !Object.hasOwn(moduleOptions.members ?? {}, name);
}

/** A copy that no later change to what the application handed in can reach. Keys and functions stay what they are. */
function frozenCopy<T>(value: T): T {
  // A frozen list of copies is the list it was.
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, member]) => [name, frozenCopy(member)] as const);
  // The same members under the same names.
  return Object.freeze(Object.fromEntries(members)) as T;
}
