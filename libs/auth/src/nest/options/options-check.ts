// The judgement of the options as a whole: everything that is wrong with them, at once, at boot.
import { AuthConfigurationError } from '../../core/base/errors.js';
import { trustProblems } from '../../core/issuers/trust.js';
import { trustWarnings } from '../../core/issuers/trust-warnings.js';
import type { StoresFactory } from '../../core/stores/stores.js';
import { limitProblems } from '../../core/base/limits.js';
import { DEFAULTS, type AuthModuleOptions } from './auth.options.js';
import { browserSettings, browserWarnings } from './option-browser.js';
import { errorSettings, revocationSettings, tokenSettings, toleranceSeconds } from './option-groups.js';
import { headerSettings } from './option-header.js';
import { walkValues } from './option-shapes.js';
import { OptionErrors, shown } from './option-errors.js';
import type { AuthSettings } from './settings.js';

/** What the structure of the module says that the values must agree with. */
export interface Surroundings {
  readonly production: boolean;
  readonly stores: Pick<StoresFactory, 'warnings'> | undefined;
  /** What is wrong with the structure. @defaultValue nothing */
  readonly problems?: readonly string[] | undefined;
  /** The name of the configuration, if it has one. */
  readonly configuration?: string | undefined;
}

/** Every group, so that nothing below has to ask whether it was given. Those for browsers are judged elsewhere. */
const NO_GROUPS = {
  access: {},
  refresh: {},
  trust: [],
  header: {},
  revocation: {},
  limits: {},
  errors: {},
} as const;

/**
 * The settings that the options ask for.
 * @throws {AuthConfigurationError} with every problem at once
 */
export function resolveAuthOptions(asked: AuthModuleOptions, around: Surroundings): AuthSettings {
  const walked = walkValues(asked);
  // The walk keeps what has the type of its option, and drops the rest after naming it.
  const given = walked.sound as AuthModuleOptions;
  const options = { ...NO_GROUPS, ...given };
  const problems = new OptionErrors();
  problems.found.push(
    ...(around.problems ?? []),
    ...walked.problems,
    ...limitProblems(options.limits),
    ...trustProblems(options.trust),
  );
  const issuing = isIssuing(given);
  if (issuing && around.production) requireForProduction(given, around, problems);
  const settings: AuthSettings = {
    production: around.production,
    issuing,
    tokens: { ...tokenSettings(options, problems), configuration: around.configuration },
    anyAudience: options.audience === false,
    exclusiveAudience: exclusiveAudience(options, problems),
    keys: options.keys,
    algorithm: options.algorithm,
    trust: options.trust,
    header: headerSettings(options.header, problems),
    ...browserSettings(given, around, problems),
    revocation: revocationSettings(options.revocation, problems),
    limits: options.limits,
    toleranceSeconds: toleranceSeconds(options.clockTolerance, problems),
    errors: errorSettings(options.errors, problems),
    warnings: [
      ...warningsOf(given, around, issuing),
      ...trustWarnings(options.trust, around.production),
      ...(around.stores?.warnings ?? []),
    ],
  };
  if (problems.found.length > 0) throw new AuthConfigurationError(problems.found);
  return frozenCopy(settings);
}

/** A list as `aud` is refused then, so that only one audience can be accepted, and issued. */
function exclusiveAudience(
  { audience, exclusiveAudience: given = false }: AuthModuleOptions,
  problems: OptionErrors,
): boolean {
  problems.check(typeof given === 'boolean', `exclusiveAudience is ${shown(given)}; accepted is true or false`);
  const isOne = audience !== false && [audience].flat().length === 1;
  problems.check(given !== true || isOne, 'exclusiveAudience needs one audience');
  return given === true;
}

/** A service that names neither issuer nor keys, but trusts others, only verifies. */
function isIssuing({ keys, issuer, trust = [] }: AuthModuleOptions): boolean {
  return keys !== undefined || issuer !== undefined || trust.length === 0;
}

/** Everything that development fills in and production must state. */
function requireForProduction(options: AuthModuleOptions, around: Surroundings, problems: OptionErrors): void {
  const needed = 'is required with NODE_ENV=production';
  const given = (option: unknown, sentence: string): void => {
    problems.check(option !== undefined, sentence);
  };
  given(options.issuer, `issuer ${needed}: the https address of this service, as it stands in every token`);
  given(options.audience, `audience ${needed}: the name of the service that tokens are meant for`);
  given(options.keys, `keys ${needed}: a private key as JWK or PEM, or a key source like keysFromDirectory()`);
  problems.check(
    around.stores !== undefined,
    `stores ${needed}: typeOrmStores() or redisStores({ client }); memoryStores() only for a single process`,
  );
}

function warningsOf(options: AuthModuleOptions, around: Surroundings, issuing: boolean): readonly string[] {
  const filled = issuing ? filledIn(options, around) : [];
  const warnings: readonly (readonly [boolean, string])[] = [
    [filled.length > 0, `Development mode. Set before production: ${filled.join(', ')}.`],
    [options.audience === false, 'audience is false: tokens meant for other services are accepted here.'],
    [
      options.revocation?.onStoreError === 'allow',
      'revocation.onStoreError is allow: revoked tokens come alive while the store does not answer.',
    ],
    ...browserWarnings(options),
  ];
  return warnings.filter(([holds]) => holds).map(([, sentence]) => sentence);
}

/** What development fills in, and with what. */
function filledIn(options: AuthModuleOptions, around: Surroundings): readonly string[] {
  const missing: readonly (readonly [boolean, string])[] = [
    [options.issuer === undefined, `issuer ('${DEFAULTS.developmentIssuer}')`],
    [options.audience === undefined, `audience ('${DEFAULTS.developmentAudience}')`],
    [options.keys === undefined, 'keys (made now, gone with the process)'],
    [around.stores === undefined, 'stores (memory of this process)'],
  ];
  return missing.filter(([holds]) => holds).map(([, name]) => name);
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
