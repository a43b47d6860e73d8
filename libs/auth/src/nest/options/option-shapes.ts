// Every option of the module with its name and what it accepts: the only list of them. What needs more than a type (durations, addresses,
// names that must differ) is judged beside the setting it becomes, in option-groups.ts and its neighbors.
import { algorithms } from '../../core/keys/algorithms.js';
import {
  either,
  flag,
  group,
  judgedElsewhere,
  listOf,
  oneOf,
  string,
  type Members,
  type Walked,
} from '../../core/base/option-shape.js';
import type { AuthModuleOptions, AuthModuleStructure } from './auth.options.js';

type Named<Options> = { readonly [Name in keyof Required<Options>]: Members[string] };

/** Spelt by the types, so that an option which is forgotten here does not compile. */
const VALUES: Named<AuthModuleOptions> = {
  issuer: judgedElsewhere,
  audience: judgedElsewhere,
  exclusiveAudience: flag,
  // A key is no group of options; what is wrong with one is said where it is imported.
  keys: judgedElsewhere,
  algorithm: oneOf(algorithms),
  access: group({
    ttl: judgedElsewhere,
    maxTtl: judgedElsewhere,
    claimsFor: judgedElsewhere,
    subjectClaim: string,
    clientId: string,
  } satisfies Named<NonNullable<AuthModuleOptions['access']>>),
  refresh: group({
    idle: judgedElsewhere,
    absolute: judgedElsewhere,
    grace: judgedElsewhere,
  } satisfies Named<NonNullable<AuthModuleOptions['refresh']>>),
  trust: judgedElsewhere,
  header: group({
    name: string,
    schemes: judgedElsewhere,
    sentBy: judgedElsewhere,
    extractor: judgedElsewhere,
    openapi: judgedElsewhere,
  } satisfies Named<NonNullable<AuthModuleOptions['header']>>),
  cookies: group({
    mode: judgedElsewhere,
    names: group({ access: string, refresh: string, csrf: string }),
    external: string,
    sameSite: judgedElsewhere,
    domain: string,
    refreshPath: string,
    secure: flag,
    forgiving: flag,
    persistent: flag,
    partitioned: flag,
  } satisfies Named<NonNullable<AuthModuleOptions['cookies']>>),
  csrf: either(
    (value) => typeof value === 'object',
    group({
      trustedOrigins: listOf(judgedElsewhere),
      headerName: string,
      secret: judgedElsewhere,
      dangerouslyDisable: flag,
    } satisfies Named<NonNullable<AuthModuleOptions['csrf']>>),
    judgedElsewhere,
  ),
  session: group({ mismatch: judgedElsewhere } satisfies Named<NonNullable<AuthModuleOptions['session']>>),
  loginUrl: judgedElsewhere,
  revocation: group({
    freshness: either((value) => typeof value === 'object', group({ withinMs: judgedElsewhere }), judgedElsewhere),
    onStoreError: judgedElsewhere,
    timeout: judgedElsewhere,
    pruneEvery: judgedElsewhere,
  } satisfies Named<NonNullable<AuthModuleOptions['revocation']>>),
  limits: judgedElsewhere,
  clockTolerance: judgedElsewhere,
  errors: group({
    format: judgedElsewhere,
    body: judgedElsewhere,
    unreadableBodies: judgedElsewhere,
    realm: judgedElsewhere,
  } satisfies Named<NonNullable<AuthModuleOptions['errors']>>),
};

const aClass = either((value) => typeof value === 'function', judgedElsewhere, group({}));
const recipe = either((value) => typeof value === 'object', judgedElsewhere, group({}));

const STRUCTURE: Named<AuthModuleStructure> = {
  name: judgedElsewhere,
  isGlobal: flag,
  defaultGuard: either((value) => value === false, judgedElsewhere, aClass),
  users: judgedElsewhere,
  externalUsers: judgedElsewhere,
  stores: recipe,
  audit: group({ sink: recipe, required: flag } satisfies Named<NonNullable<AuthModuleStructure['audit']>>),
  controllers: listOf(recipe),
  schemes: listOf(judgedElsewhere),
  routes: judgedElsewhere,
  strictRoutes: flag,
  auditRoutes: flag,
  clock: judgedElsewhere,
};

/** Options that stand beside the factory, because they must be known before it runs. */
export const STRUCTURE_NAMES: readonly string[] = Object.keys(STRUCTURE);

/** Walks the values that a factory, or `forRoot`, answered with. */
export function walkValues(options: object): Walked {
  const misplaced = Object.keys(options).filter(
    (name) => !Object.hasOwn(VALUES, name) && STRUCTURE_NAMES.includes(name),
  );
  const values = Object.fromEntries(Object.entries(options).filter(([name]) => !misplaced.includes(name)));
  const { problems, sound } = group(VALUES)(values, '');
  const sentences = misplaced.map(
    (name) => `${name} must stand beside the factory, not come from it: it decides which providers exist`,
  );
  return { problems: [...sentences, ...problems], sound };
}

/** Walks the structure of the module; `forRoot` is given the values with it, which are not looked at here. */
export function walkStructure(given: object): Walked {
  const structure = Object.entries(given).filter(([name]) => STRUCTURE_NAMES.includes(name));
  return group(STRUCTURE)(Object.fromEntries(structure), '');
}
