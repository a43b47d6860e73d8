// How the schemes that the module brings along are shown: header, cookie and CSRF names as they were configured.
import type { SchemeDescription, SecurityDescription } from '../schemes.js';
import type { AuthSettings } from '../nest/internal.js';

/** What the built-in schemes are described from. */
export interface DescriptionParts {
  readonly settings: AuthSettings;
  /** The name of the host's session cookie, which is the host's to choose. */
  readonly sessionCookieName: string;
}

/** The descriptions by scheme name. One is missing if an extractor of the application looks for the token and nothing describes it. */
export function builtInDescriptions(parts: DescriptionParts): Readonly<Record<string, SchemeDescription | undefined>> {
  return {
    bearer: describeHeader(parts.settings),
    cookie: describeCookies(parts.settings),
    session: describeSession(parts),
    basic: describeBasic(parts.settings),
  };
}

/** What the browser adds by itself goes with the CSRF header on unsafe methods. */
function describeHeader(settings: AuthSettings): SchemeDescription | undefined {
  const { extractor, openapi, sentBy } = settings.header;
  const unsafe = describeCsrf(settings);
  if (extractor === undefined) {
    const always = { bearer: describeNamed(settings.header) };
    return sentBy === 'browser' ? { always, unsafe } : { always };
  }
  if (openapi === undefined) return undefined;
  const readsCookie = Object.values(openapi.always).some((each) => each.type === 'apiKey' && each.in === 'cookie');
  return sentBy === 'browser' || readsCookie ? { unsafe, ...openapi } : openapi;
}

/** OpenAPI has a type of its own for `Authorization: Bearer`, and for no other header that we read. */
function describeNamed({ name, schemes }: AuthSettings['header']): SecurityDescription {
  const isBearer = schemes.some((scheme) => scheme.toLowerCase() === 'bearer');
  if (name.toLowerCase() === 'authorization' && isBearer) {
    const description = 'An access token, a JSON Web Token.';
    return { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description };
  }
  const formats = schemes.map((scheme) => `\`${name}: ${scheme} <token>\``);
  const written = formats.length === 0 ? `\`${name}: <token>\`` : formats.join(' or ');
  return { type: 'apiKey', in: 'header', name, description: `An access token, a JSON Web Token: ${written}.` };
}

function describeCookies(settings: AuthSettings): SchemeDescription | undefined {
  if (settings.cookies === undefined) return undefined;
  const { mode, access, payload, signature } = settings.cookieSpecs;
  const { external } = settings.cookies;
  const elsewhere =
    external === undefined ? '' : ` Where it is missing, what another party sets is read: ${namesOf(external)}.`;
  const always: SchemeDescription['always'] =
    mode === 'single'
      ? { cookie: inCookie(access.name, `An access token, a JSON Web Token.${elsewhere}`) }
      : {
          cookie: inCookie(payload.name, `Header and payload of an access token.${elsewhere}`),
          'cookie-signature': inCookie(signature.name, 'The signature of the same token.'),
        };
  return { always, unsafe: describeCsrf(settings) };
}

function namesOf(external: NonNullable<NonNullable<AuthSettings['cookies']>['external']>): string {
  if (typeof external === 'string') return `the cookie \`${external}\``;
  return `the cookies \`${external.payload}\` and \`${external.signature}\``;
}

function describeSession({ settings, sessionCookieName }: DescriptionParts): SchemeDescription {
  const session = inCookie(sessionCookieName, 'The session of this server.');
  return { always: { session }, unsafe: describeCsrf(settings) };
}

/** Code sends it alone; a browser, which sends it by itself, with the header of the CSRF token besides. */
function describeBasic({ basic }: AuthSettings): SchemeDescription | undefined {
  const description = 'User name and password. A browser needs the CSRF header besides, with unsafe methods.';
  return basic === undefined ? undefined : { always: { basic: { type: 'http', scheme: 'basic', description } } };
}

/** The cookie that goes with the header is the browser's business, and in no requirement. */
function describeCsrf({ csrf }: AuthSettings): SchemeDescription['unsafe'] {
  if (csrf.disabled) return undefined;
  const description = `Proves that a page of this site sends the request. It goes with the cookie \`${csrf.cookieName}\`.`;
  return { csrf: { type: 'apiKey', in: 'header', name: csrf.headerName, description } };
}

function inCookie(name: string, description: string): SecurityDescription {
  return { type: 'apiKey', in: 'cookie', name, description };
}
