// The judgement of the options that concern browsers: cookies, CSRF, sessions and the redirect to a sign-in page.
import { originOf } from '../../core/browser/csrf.js';
import { cookieSpecs, type CookieSettings, type CookieSpecs } from '../../core/browser/cookies.js';
import { kindOf } from '../../core/base/kind-of.js';
import { secretProblem } from '../../core/keys/secret-strength.js';
import type { MismatchRule } from '../../core/authentication/session-mismatch.js';
import { DEFAULTS, type AuthModuleOptions, type CsrfOptions, type LoginUrl } from './auth.options.js';
import { shown, type OptionErrors } from './option-errors.js';

/** The options for browsers after they were judged. */
export interface BrowserSettings {
  /** `undefined` where no tokens travel in cookies. */
  readonly cookies: CookieSettings | undefined;
  /** There is a CSRF cookie also where only sessions are, so there is always something here. */
  readonly cookieSpecs: CookieSpecs;
  /** True where the application says itself which path the refresh cookie is limited to. */
  readonly refreshPathGiven: boolean;
  readonly csrf: {
    readonly trustedOrigins: readonly string[];
    readonly headerName: string;
    /** With its prefix. */
    readonly cookieName: string;
    /** `undefined` asks for one that is derived from the signing keys. */
    readonly secret: string | undefined;
    readonly disabled: boolean;
  };
  readonly session: { readonly mismatch: MismatchRule; readonly enabled: boolean };
  readonly loginUrl: LoginUrl;
}

/** Names and header names, as RFC 9110 §5.6.2 spells them. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SECRET_BYTES = 32;

/** The settings that the options ask for; what is wrong with them is noted. */
export function browserSettings(
  options: AuthModuleOptions,
  around: { readonly production: boolean; readonly configuration?: string | undefined },
  problems: OptionErrors,
): BrowserSettings {
  const cookies = cookieSettings(options, around, problems);
  const mismatch = options.session?.mismatch ?? 'reject';
  problems.oneOf('session.mismatch', mismatch, ['reject', 'prefer-jwt', 'prefer-session']);
  const loginUrl = options.loginUrl ?? DEFAULTS.loginUrl;
  const isUrl =
    typeof loginUrl === 'function' ||
    (typeof loginUrl === 'string' && /^(?:\/(?![/\\])|https?:\/\/)[^\s\\]*$/.test(loginUrl));
  problems.check(
    isUrl,
    `loginUrl is ${shown(loginUrl)}; accepted is a path like '/login', an http(s) address, or a function`,
  );
  const specs = cookieSpecs(cookies);
  return {
    cookies: options.cookies === undefined ? undefined : cookies,
    cookieSpecs: specs,
    refreshPathGiven: options.cookies?.refreshPath !== undefined,
    csrf: { ...csrfSettings(options, problems), cookieName: specs.csrf.name },
    session: { mismatch, enabled: options.session !== undefined },
    loginUrl,
  };
}

const NO_COOKIES: Omit<CookieSettings, 'names'> = {
  mode: 'single',
  external: undefined,
  sameSite: 'lax',
  domain: undefined,
  refreshPath: DEFAULTS.refreshPath,
  secure: true,
  forgiving: true,
  persistent: true,
  partitioned: false,
};

function cookieSettings(
  { cookies }: AuthModuleOptions,
  { production, configuration }: Parameters<typeof browserSettings>[1],
  problems: OptionErrors,
): CookieSettings {
  const names = { ...defaultNames(configuration), ...cookies?.names };
  const settings = { ...NO_COOKIES, ...cookies, names };
  problems.oneOf('cookies.mode', settings.mode, ['single', 'split']);
  problems.oneOf('cookies.sameSite', settings.sameSite, ['strict', 'lax', 'none']);
  judgeNames(settings, problems);
  judgeReach(settings, problems);
  const { secure, sameSite, partitioned } = settings;
  problems.check(
    !partitioned || (secure && sameSite === 'none'),
    "cookies.partitioned is true; accepted beside it are cookies.secure true and cookies.sameSite 'none': it is for pages inside of other sites",
  );
  problems.check(secure || !production, 'cookies.secure is false; production sends credentials over https only');
  problems.check(secure || sameSite !== 'none', "cookies.sameSite is 'none', which browsers take with `secure` only");
  return settings;
}

/** A browser keeps the cookies of every configuration; the names tell them apart. */
function defaultNames(configuration: string | undefined): CookieSettings['names'] {
  const { access, refresh, csrf } = DEFAULTS.cookieNames;
  const prefix = configuration === undefined ? '' : `${configuration}-`;
  return { access: `${prefix}${access}`, refresh: `${prefix}${refresh}`, csrf: `${prefix}${csrf}` };
}

function judgeNames({ names, external }: Pick<CookieSettings, 'names' | 'external'>, problems: OptionErrors): void {
  for (const [which, name] of Object.entries(names)) {
    const good = TOKEN.test(name) && !name.startsWith('__');
    problems.check(
      good,
      `cookies.names.${which} is ${shown(name)}; accepted is a name without prefix: the library adds it`,
    );
  }
  const isExternal = external === undefined || (typeof external === 'string' && TOKEN.test(external));
  problems.check(isExternal, `cookies.external is ${shown(external)}; accepted is the whole name of a cookie`);
  const distinct = new Set(Object.values(names)).size === Object.values(names).length;
  problems.check(distinct, 'cookies.names must be three different names');
}

function judgeReach(
  { domain, refreshPath }: Pick<CookieSettings, 'domain' | 'refreshPath'>,
  problems: OptionErrors,
): void {
  const isHost = domain === undefined || /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(domain);
  problems.check(isHost, `cookies.domain is ${shown(domain)}; accepted is a host name like 'example.com'`);
  const isPath = /^\/[\w\-./~]*$/.test(refreshPath);
  problems.check(
    isPath,
    `cookies.refreshPath is ${shown(refreshPath)}; accepted is a path like '${DEFAULTS.refreshPath}'`,
  );
}

const NO_CSRF = { trustedOrigins: [], headerName: DEFAULTS.csrfHeaderName, dangerouslyDisable: false };

function csrfSettings(options: AuthModuleOptions, problems: OptionErrors): Omit<BrowserSettings['csrf'], 'cookieName'> {
  const given: CsrfOptions = { ...NO_CSRF, ...options.csrf };
  const { trustedOrigins = [], headerName = DEFAULTS.csrfHeaderName, secret, dangerouslyDisable } = given;
  // An untyped caller may have written `csrf: false`, which must not quietly mean "on".
  const isGroup = typeof (options.csrf ?? {}) === 'object';
  problems.check(isGroup, `csrf is ${shown(options.csrf)}; it cannot be switched off but by csrf.dangerouslyDisable`);
  for (const origin of trustedOrigins) {
    const sentence = `csrf.trustedOrigins has ${shown(origin)}; accepted is an origin like 'https://app.example.com' or 'capacitor://localhost'`;
    problems.check(isOrigin(origin), sentence);
  }
  problems.check(TOKEN.test(headerName), `csrf.headerName is ${shown(headerName)}; accepted is a header name`);
  const weakness = weaknessOf(secret);
  problems.check(weakness === undefined, `csrf.secret ${String(weakness)}`);
  return {
    trustedOrigins: [...ownOrigin(options), ...trustedOrigins],
    headerName: headerName.toLowerCase(),
    secret,
    disabled: dangerouslyDisable === true,
  };
}

function weaknessOf(secret: unknown): string | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret !== 'string')
    return `is ${kindOf(secret)}; accepted is text of at least ${SECRET_BYTES} random bytes`;
  if (Buffer.byteLength(secret) < SECRET_BYTES)
    return `is too short; accepted are at least ${SECRET_BYTES} random bytes`;
  return secretProblem(secret, { bytes: SECRET_BYTES, purpose: 'it' });
}

/** Pages of the issuer itself are our own. */
function ownOrigin({ issuer = DEFAULTS.developmentIssuer }: AuthModuleOptions): readonly string[] {
  return URL.canParse(issuer) ? [new URL(issuer).origin] : [];
}

/**
 * An origin as a browser sends it: scheme, host and port, in lower case, and nothing behind. Pages of apps and extensions have one too
 * (`capacitor://localhost`, `chrome-extension://…`); pages without a host, of files and data, have none.
 */
function isOrigin(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text) || NO_PAGES.test(text)) return false;
  return originOf(new URL(text)) === text && /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/.test(text);
}

/** Schemes whose documents are whatever their maker wants, or which never send an origin. */
const NO_PAGES = /^(?:file|data|blob|javascript|about|view-source|filesystem):/i;

/** What the log should say loudly at boot, and whether it should. */
export function browserWarnings({ cookies, csrf }: AuthModuleOptions): readonly (readonly [boolean, string])[] {
  return [
    [cookies?.secure === false, 'cookies.secure is false: credentials travel over plain http. Development only.'],
    [csrf?.dangerouslyDisable === true, 'csrf.dangerouslyDisable is on: any site can act for the people who visit it.'],
  ];
}
