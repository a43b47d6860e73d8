// Owns the judgement of the options: everything that is wrong with them, at once, at boot. Each sentence names the option, what
// was given unless it may be secret, and what is accepted.
import { parseDurationMs } from '../core/duration.js';
import { AuthConfigurationError } from '../core/errors.js';
import { limitProblems } from '../core/limits.js';
import { DEFAULTS, type AuthModuleOptions } from './auth.options.js';
import { unknownOptions } from './option-names.js';
import type { AuthSettings } from './settings.js';

/** What the structure of the module says that the values must agree with. */
export interface Surroundings {
  readonly production: boolean;
  readonly storesGiven: boolean;
}

/** Collects what is wrong, so that the first problem does not hide the others. */
class Problems {
  readonly found: string[] = [];

  /** Notes the sentence unless it holds. */
  unless(holds: boolean, sentence: string): void {
    if (!holds) this.found.push(sentence);
  }

  /** The duration in milliseconds; noted, and zero, where it is none or out of bounds. */
  duration(
    path: string,
    given: unknown,
    bounds: { readonly min: number; readonly max: number; readonly accepts: string },
  ): number {
    const milliseconds = parseDurationMs(given);
    const fits = milliseconds !== undefined && milliseconds >= bounds.min && milliseconds <= bounds.max;
    this.unless(fits, `${path} is ${shown(given)}; accepted is ${bounds.accepts}, as seconds or as a text like '15m'`);
    return milliseconds ?? 0;
  }

  oneOf(path: string, given: unknown, accepted: readonly string[]): void {
    this.unless(accepted.includes(String(given)), `${path} is ${shown(given)}; accepted is ${accepted.join(' or ')}`);
  }
}

const SECOND = 1000;
const DAY = 86_400_000;

/**
 * The settings that the options ask for.
 * @throws {AuthConfigurationError} with every problem at once
 */
export function resolveAuthOptions(options: AuthModuleOptions, around: Surroundings): AuthSettings {
  const problems = new Problems();
  problems.found.push(...unknownOptions({ ...options }), ...limitProblems(options.limits ?? {}));
  const issuing = options.keys !== undefined || options.issuer !== undefined || (options.trust ?? []).length === 0;
  if (issuing && around.production) requireForProduction(options, around, problems);
  const settings: AuthSettings = {
    production: around.production,
    issuing,
    tokens: tokenSettings(options, problems),
    anyAudience: options.audience === false,
    keys: options.keys,
    algorithm: options.algorithm ?? DEFAULTS.algorithm,
    trust: options.trust ?? [],
    header: headerSettings(options, problems),
    cookies: cookieSettings(options, around, problems),
    csrf: csrfSettings(options, problems),
    session: { mismatch: options.session?.mismatch ?? 'reject' },
    revocation: revocationSettings(options, problems),
    limits: options.limits ?? {},
    toleranceSeconds: toleranceSeconds(options, problems),
    errors: errorSettings(options, problems),
    warnings: warningsOf(options, around, issuing),
  };
  problems.oneOf('session.mismatch', settings.session.mismatch, ['reject', 'prefer-jwt', 'prefer-session']);
  if (problems.found.length > 0) throw new AuthConfigurationError(problems.found);
  return frozenCopy(settings);
}

/** Everything that development fills in and production must state. */
function requireForProduction(options: AuthModuleOptions, around: Surroundings, problems: Problems): void {
  const needed = 'is required with NODE_ENV=production';
  problems.unless(
    options.issuer !== undefined,
    `issuer ${needed}: the https address of this service, as it stands in every token`,
  );
  problems.unless(
    options.audience !== undefined,
    `audience ${needed}: the name of the service that tokens are meant for`,
  );
  problems.unless(
    options.keys !== undefined,
    `keys ${needed}: a private key as JWK or PEM, or a key source like keysFromDirectory()`,
  );
  problems.unless(
    around.storesGiven,
    `stores ${needed}: typeOrmStores() or redisStores(); memoryStores() only for a single process`,
  );
}

function tokenSettings(options: AuthModuleOptions, problems: Problems): AuthSettings['tokens'] {
  const issuer = options.issuer ?? DEFAULTS.developmentIssuer;
  problems.unless(
    isIssuer(issuer),
    `issuer is ${shown(issuer)}; accepted is an http(s) address without query or fragment`,
  );
  const audience = [options.audience === false ? [] : (options.audience ?? DEFAULTS.developmentAudience)].flat();
  const named =
    audience.every((each) => typeof each === 'string' && each !== '') &&
    (audience.length > 0 || options.audience === false);
  problems.unless(named, `audience is ${shown(options.audience)}; accepted is a name, a list of names, or false`);
  const days = { min: 60 * SECOND, max: 400 * DAY, accepts: 'one minute to 400 days' };
  const idleMs = problems.duration('refresh.idle', options.refresh?.idle ?? DEFAULTS.refreshIdle, days);
  const absoluteMs = problems.duration('refresh.absolute', options.refresh?.absolute ?? DEFAULTS.refreshAbsolute, days);
  const graceMs = problems.duration('refresh.grace', options.refresh?.grace ?? DEFAULTS.refreshGrace, {
    ...{ min: 0, max: 60 * SECOND, accepts: '0 to 60 seconds' },
  });
  const access = accessSettings(options, problems);
  problems.unless(absoluteMs >= idleMs, 'refresh.absolute must not be shorter than refresh.idle');
  problems.unless(idleMs >= access.ttlSeconds * SECOND, 'refresh.idle must not be shorter than access.ttl');
  const refresh = { idleSeconds: idleMs / SECOND, absoluteSeconds: absoluteMs / SECOND, graceMs };
  return { issuer, audience, access, refresh };
}

function accessSettings({ access = {} }: AuthModuleOptions, problems: Problems): AuthSettings['tokens']['access'] {
  const bounds = { min: SECOND, max: DAY, accepts: 'one second to 24 hours' };
  const ttlMs = problems.duration('access.ttl', access.ttl ?? DEFAULTS.accessTtl, bounds);
  const maxTtlMs = problems.duration('access.maxTtl', access.maxTtl ?? access.ttl ?? DEFAULTS.accessTtl, bounds);
  problems.unless(maxTtlMs >= ttlMs, 'access.maxTtl must not be shorter than access.ttl');
  const subjectClaim = access.subjectClaim ?? 'sub';
  problems.unless(
    /^\w{1,64}$/.test(subjectClaim),
    `access.subjectClaim is ${shown(subjectClaim)}; accepted is a claim name`,
  );
  return {
    ttlSeconds: Math.floor(ttlMs / SECOND),
    maxTtlSeconds: Math.floor(maxTtlMs / SECOND),
    subjectClaim,
    claimsFor: access.claimsFor,
  };
}

function headerSettings({ header = {} }: AuthModuleOptions, problems: Problems): AuthSettings['header'] {
  const name = header.name ?? DEFAULTS.headerName;
  const schemes = header.schemes ?? DEFAULTS.headerSchemes;
  const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
  problems.unless(token.test(name), `header.name is ${shown(name)}; accepted is a header name`);
  const named = schemes.length > 0 && schemes.every((scheme) => token.test(scheme));
  problems.unless(named, `header.schemes is ${shown(schemes)}; accepted is a list of scheme names like ['Bearer']`);
  problems.unless(
    header.extractor === undefined || typeof header.extractor === 'function',
    'header.extractor must be a function, like those of ExtractJwt',
  );
  return { name: name.toLowerCase(), schemes: [...schemes], extractor: header.extractor };
}

function cookieSettings(
  { cookies }: AuthModuleOptions,
  around: Surroundings,
  problems: Problems,
): AuthSettings['cookies'] {
  if (cookies === undefined) return undefined;
  problems.oneOf('cookies.mode', cookies.mode ?? 'single', ['single', 'split']);
  problems.oneOf('cookies.sameSite', cookies.sameSite ?? 'lax', ['strict', 'lax', 'none']);
  const insecure = cookies.secure === false;
  problems.unless(!(insecure && around.production), 'cookies.secure is false; production sends tokens over https only');
  return cookies;
}

function csrfSettings({ csrf = {} }: AuthModuleOptions, problems: Problems): AuthSettings['csrf'] {
  for (const origin of csrf.trustedOrigins ?? []) {
    problems.unless(
      isOrigin(origin),
      `csrf.trustedOrigins has ${shown(origin)}; accepted is an origin like 'https://app.example.com'`,
    );
  }
  const longEnough = csrf.secret === undefined || Buffer.byteLength(csrf.secret) >= 32;
  problems.unless(longEnough, 'csrf.secret is too short; accepted are at least 32 random bytes');
  return csrf;
}

function revocationSettings({ revocation = {} }: AuthModuleOptions, problems: Problems): AuthSettings['revocation'] {
  const { freshness = 'every-request', onStoreError = 'refuse', timeout = DEFAULTS.storeTimeout } = revocation;
  problems.oneOf('revocation.onStoreError', onStoreError, ['refuse', 'allow']);
  const bound = typeof freshness === 'object' ? freshness.withinMs : undefined;
  const bounded =
    bound === undefined ? freshness === 'every-request' : Number.isInteger(bound) && bound >= 10 && bound <= 60_000;
  problems.unless(
    bounded,
    `revocation.freshness is ${shown(freshness)}; accepted is 'every-request' or { withinMs: 10 to 60000 }`,
  );
  const bounds = { min: 10, max: 5 * SECOND, accepts: "'10ms' to '5s'" };
  return { freshness, onStoreError, timeoutMs: problems.duration('revocation.timeout', timeout, bounds) };
}

function toleranceSeconds({ clockTolerance }: AuthModuleOptions, problems: Problems): number {
  const bounds = { min: 0, max: 60 * SECOND, accepts: '0 to 60 seconds' };
  return Math.floor(problems.duration('clockTolerance', clockTolerance ?? DEFAULTS.clockTolerance, bounds) / SECOND);
}

function errorSettings({ errors = {} }: AuthModuleOptions, problems: Problems): AuthSettings['errors'] {
  const { format = 'nest', realm = DEFAULTS.realm } = errors;
  problems.oneOf('errors.format', format, ['nest', 'problem']);
  // A line break in a realm would let whoever chooses it write headers (E-27).
  problems.unless(/^[\x20-\x7e]{1,128}$/.test(realm), 'errors.realm must be 1 to 128 printable ASCII characters');
  return { format, realm };
}

function warningsOf(options: AuthModuleOptions, around: Surroundings, issuing: boolean): readonly string[] {
  const filled = [
    options.issuer === undefined && `issuer ('${DEFAULTS.developmentIssuer}')`,
    options.audience === undefined && `audience ('${DEFAULTS.developmentAudience}')`,
    options.keys === undefined && 'keys (made now, gone with the process)',
    !around.storesGiven && 'stores (memory of this process)',
  ].filter((each) => each !== false);
  return [
    ...(issuing && filled.length > 0 ? [`Development mode. Set before production: ${filled.join(', ')}.`] : []),
    ...(options.audience === false ? ['audience is false: tokens meant for other services are accepted here.'] : []),
    ...(options.revocation?.onStoreError === 'allow'
      ? ['revocation.onStoreError is allow: revoked tokens come alive while the store does not answer.']
      : []),
  ];
}

function isIssuer(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, search, hash, username } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search === '' && hash === '' && username === '';
}

function isOrigin(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && new URL(text).origin === text;
}

/** What was given, cut short. Never used for anything that may be secret. */
function shown(given: unknown): string {
  const text = typeof given === 'string' ? `'${given}'` : JSON.stringify(given);
  return (text ?? String(given)).slice(0, 80);
}

/** A copy that no later change to what the application handed in can reach (O-27). Keys and functions stay what they are. */
function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, member]) => [name, frozenCopy(member)] as const);
  // The same members under the same names.
  return Object.freeze(Object.fromEntries(members)) as T;
}
