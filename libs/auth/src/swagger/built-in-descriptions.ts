// Owns how the schemes that the module brings along are shown: header, cookie and CSRF names as they were configured.
import type { SchemeDescription, SecurityDescription } from '../core/scheme-description.js';
import type { AuthSettings } from '../nest/options/settings.js';

/** What the built-in schemes are described from. */
export interface DescriptionParts {
  readonly settings: AuthSettings;
  /** The name of the host's session cookie, which is the host's to choose. */
  readonly sessionCookieName: string;
}

/** The descriptions by scheme name. One is missing where an application's own extractor looks for the token: nobody knows where. */
export function builtInDescriptions(parts: DescriptionParts): Readonly<Record<string, SchemeDescription | undefined>> {
  return {
    bearer: describeHeader(parts.settings.header),
    cookie: describeCookies(parts.settings),
    session: describeSession(parts),
  };
}

/** OpenAPI has a type of its own for `Authorization: Bearer`, and for no other header that we read. */
function describeHeader({ name, schemes, extractor }: AuthSettings['header']): SchemeDescription | undefined {
  if (extractor !== undefined) return undefined;
  const isBearer = schemes.some((scheme) => scheme.toLowerCase() === 'bearer');
  if (name.toLowerCase() === 'authorization' && isBearer) {
    const description = 'An access token, a JSON Web Token.';
    return { always: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description } } };
  }
  const formats = schemes.map((scheme) => `\`${name}: ${scheme} <token>\``).join(' or ');
  const description = `An access token, a JSON Web Token: ${formats}.`;
  return { always: { bearer: { type: 'apiKey', in: 'header', name, description } } };
}

function describeCookies(settings: AuthSettings): SchemeDescription | undefined {
  if (settings.cookies === undefined) return undefined;
  const { mode, access, payload, signature } = settings.cookieSpecs;
  const always: SchemeDescription['always'] =
    mode === 'single'
      ? { cookie: inCookie(access.name, 'An access token, a JSON Web Token.') }
      : {
          cookie: inCookie(payload.name, 'Header and payload of an access token.'),
          'cookie-signature': inCookie(signature.name, 'The signature of the same token.'),
        };
  return { always, unsafe: describeCsrf(settings) };
}

function describeSession({ settings, sessionCookieName }: DescriptionParts): SchemeDescription {
  const session = inCookie(sessionCookieName, 'The session of this server.');
  return { always: { session }, unsafe: describeCsrf(settings) };
}

/** The cookie that goes with the header is the browser's business, and in no requirement. */
function describeCsrf({ csrf }: AuthSettings): SchemeDescription['unsafe'] {
  if (csrf.disabled) return undefined;
  const description = `The proof that one of our own pages sends the request. It goes with the cookie \`${csrf.cookieName}\`.`;
  return { csrf: { type: 'apiKey', in: 'header', name: csrf.headerName, description } };
}

function inCookie(name: string, description: string): SecurityDescription {
  return { type: 'apiKey', in: 'cookie', name, description };
}
