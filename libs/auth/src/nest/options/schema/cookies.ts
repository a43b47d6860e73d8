// Tokens in cookies: what can be asked of them.
import { group } from '../../../core/base/option-group.js';
import { flag, isGroup, oneOf, text, value } from '../../../core/base/option-kinds.js';
import type { Place } from '../../../core/base/option.js';
import {
  cookieSpecs,
  derivedNames,
  ownCookieNames,
  type CookieSettings,
  type ExternalCookie,
} from '../../../core/browser/cookies.js';
import { HTTP_TOKEN } from './http-token.js';

/** Tokens in cookies. Off unless this group is given. */
export interface AuthCookieOptions {
  /** `single`: one httpOnly cookie. `split`: header and payload readable by scripts, the signature httpOnly. @defaultValue 'single' */
  readonly mode?: 'single' | 'split';
  /** Names without prefix: the library adds `__Host-` or `__Secure-`. */
  readonly names?: {
    /** Of the cookie with the access token. @defaultValue 'access', with the name of the configuration before it */
    readonly access?: string;
    /** Of the cookie with the refresh token. @defaultValue 'refresh', with the name of the configuration before it */
    readonly refresh?: string;
    /** Of the cookie with the CSRF token. @defaultValue 'csrf', with the name of the configuration before it */
    readonly csrf?: string;
    /** In split mode, of the cookie with header and payload. @defaultValue that of `access`, with `-payload` */
    readonly payload?: string;
    /** In split mode, of the cookie with the signature. @defaultValue that of `access`, with `-signature` */
    readonly signature?: string;
  };
  /**
   * The whole name of a cookie with an access token that another party sets, such as `CF_Authorization`; or, if that party splits its token,
   * the whole names of both halves: `{ payload: 'edx-jwt-cookie-header-payload', signature: 'edx-jwt-cookie-signature' }`. It is read if
   * there is no access cookie of our own, under the same CSRF rules, and never written or cleared. @defaultValue none
   */
  readonly external?: string | { readonly payload: string; readonly signature: string };
  /** The attribute `SameSite`. @defaultValue 'lax' */
  readonly sameSite?: 'strict' | 'lax' | 'none';
  /** A domain gives up the `__Host-` prefix. @defaultValue none */
  readonly domain?: string;
  /**
   * The path that the refresh cookie is limited to, as browsers see it; it must cover refresh and log-out. Behind a proxy that takes a path
   * off write that path in front, behind one that adds a path `/`. @defaultValue where `cookieController()` is mounted, global prefix
   * and version included; `/auth/cookie` without it
   */
  readonly refreshPath?: string;
  /** `false` sends cookies over plain http; refused with NODE_ENV=production. @defaultValue true */
  readonly secure?: boolean;
  /** `false` makes a bad cookie final instead of letting a session answer. @defaultValue true */
  readonly forgiving?: boolean;
  /** `false` writes cookies that end with the browser, without `Max-Age`. @defaultValue true */
  readonly persistent?: boolean;
  /**
   * True for pages that run inside of other sites: the browser keeps the cookies apart for each of those sites (CHIPS). Needs
   * `sameSite: 'none'`. @defaultValue false
   */
  readonly partitioned?: boolean;
}

type CookieNames = NonNullable<AuthCookieOptions['names']>;

const name = (own: string, otherwise = `\`'${own}'\`, with the name of the configuration before it`) =>
  text({
    accepts: 'a name without prefix: the library adds it',
    check: (given) =>
      HTTP_TOKEN.test(given) && !given.startsWith('__')
        ? undefined
        : `is '${given.slice(0, 80)}'; accepted is a name without prefix: the library adds it`,
    refused: '__Host-x',
    otherwise,
    summary: `the name of the ${own} cookie`,
  });

const names = group<CookieNames>()({
  summary: 'names without prefix',
  options: {
    access: name('access'),
    refresh: name('refresh'),
    csrf: name('csrf'),
    payload: name('payload', 'that of `access`, with `-payload`'),
    signature: name('signature', 'that of `access`, with `-signature`'),
  },
  rules: [
    {
      between: ['access', 'refresh', 'csrf', 'payload', 'signature'],
      broken: (given, _, at) => {
        const named = completed(given, at);
        const all = [...Object.values(named), ...Object.values(derivedNames(named.access))];
        return new Set(all).size < all.length && `${at.path} must be different names, one for each cookie`;
      },
    },
  ],
  settings: completed,
});

/** A browser keeps the cookies of every configuration; the names tell them apart. */
function completed(
  given: { readonly [Name in keyof CookieNames]: string | undefined },
  { configuration }: Place,
): Required<CookieSettings['names']> {
  const prefix = configuration === undefined ? '' : `${configuration}-`;
  const { access = `${prefix}access`, refresh = `${prefix}refresh`, csrf = `${prefix}csrf` } = given;
  const { payload = `${access}-payload`, signature = `${access}-signature` } = given;
  return { access, refresh, csrf, payload, signature };
}

/** Whole names: another party may use any prefix, or none. */
function isExternal(given: unknown): given is ExternalCookie {
  const named: readonly unknown[] = isGroup(given) ? [given['payload'], given['signature']] : [given];
  return (
    named.every((each) => typeof each === 'string' && HTTP_TOKEN.test(each)) && new Set(named).size === named.length
  );
}

/** The path of the refresh cookie if no ready-made controller says where it is mounted. */
const REFRESH_PATH = '/auth/cookie';

/** What is known of the path of the refresh cookie. */
export interface RefreshPath {
  /** True if the application says itself which path the refresh cookie is limited to. */
  readonly refreshPathGiven: boolean;
}

export const cookies = group<AuthCookieOptions>()({
  summary: 'tokens in cookies',
  otherwise: 'off',
  options: {
    mode: oneOf(['single', 'split'], {
      default: 'single',
      summary: '`single`: one httpOnly cookie. `split`: header and payload readable by scripts, the signature httpOnly',
    }),
    names,
    external: value<ExternalCookie>({
      accepts: 'the whole name of a cookie, or { payload, signature } with those of both halves, which differ',
      holds: isExternal,
      names: ['payload', 'signature'],
      refused: 'a b',
      otherwise: 'none',
      summary:
        'the whole name of a cookie with an access token that another party sets, or `{ payload, signature }` with those of both halves; it is only read',
    }),
    sameSite: oneOf(['strict', 'lax', 'none'], { default: 'lax', summary: 'the attribute `SameSite`' }),
    domain: text({
      accepts: "a host name like 'example.com'",
      check: /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i,
      refused: 'localhost:3000',
      otherwise: 'none',
      summary: 'the attribute `Domain`; it gives up the `__Host-` prefix',
    }),
    refreshPath: text({
      accepts: `a path like '${REFRESH_PATH}'`,
      check: /^\/[\w\-./~]*$/,
      refused: 'auth',
      otherwise: `where \`cookieController()\` is mounted; \`'${REFRESH_PATH}'\` without it`,
      summary: 'the path that the refresh cookie is limited to, as browsers see it',
    }),
    secure: flag({
      default: true,
      summary: '`false` sends cookies over plain http; refused in production',
      warns: (given) => !given && 'is false: credentials travel over plain http. Development only.',
    }),
    forgiving: flag({
      default: true,
      summary: '`false` makes a bad cookie final instead of letting a session answer',
    }),
    persistent: flag({ default: true, summary: '`false` writes cookies that end with the browser, without `Max-Age`' }),
    partitioned: flag({
      default: false,
      summary:
        "for pages inside of other sites: the browser keeps the cookies apart for each of them; needs `sameSite: 'none'`",
    }),
  },
  rules: [
    {
      between: ['external', 'names', 'secure', 'domain', 'mode'],
      broken: ({ external, refreshPath = REFRESH_PATH, ...given }, of) => {
        const theirs = typeof external === 'string' ? [external] : Object.values(external ?? {});
        const ours = ownCookieNames(cookieSpecs({ ...given, refreshPath }));
        const taken = theirs.find((each) => ours.includes(each));
        return (
          taken !== undefined &&
          `${of('external')} names the cookie '${taken}', which this application sets itself; another party's has another name`
        );
      },
    },
    {
      between: ['partitioned', 'secure', 'sameSite'],
      broken: ({ partitioned, secure, sameSite }, of) =>
        partitioned &&
        !(secure && sameSite === 'none') &&
        `${of('partitioned')} is true; accepted beside it are ${of('secure')} true and ${of('sameSite')} 'none': it is for pages inside of other sites`,
    },
    {
      between: ['secure'],
      broken: ({ secure }, of, { production }) =>
        production && !secure && `${of('secure')} is false; production sends credentials over https only`,
    },
    {
      between: ['secure', 'sameSite'],
      broken: ({ secure, sameSite }, of) =>
        !secure && sameSite === 'none' && `${of('sameSite')} is 'none', which browsers take with \`secure\` only`,
    },
  ],
  settings: ({ refreshPath, ...others }): CookieSettings & RefreshPath => ({
    ...others,
    refreshPath: refreshPath ?? REFRESH_PATH,
    refreshPathGiven: refreshPath !== undefined,
  }),
});
