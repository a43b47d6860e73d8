// The `bearer` scheme: a token in a header, or wherever an extractor of the application finds it. What the browser may have added by
// itself is under CSRF rules, whichever way it came.
import { AuthError, isPromise } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import {
  defineScheme,
  headerTransport,
  type CsrfPolicy,
  type Scheme,
  type CredentialFinder,
} from '../../core/schemes/schemes.js';
import type { TokenVerifier } from '../../core/tokens/token-verifier.js';
import { isCarriedTwice, isCopiedFromCookie, isShownByClient } from '../transport/credential-places.js';
import type { AuthSettings } from '../options/settings.js';

/** What the scheme is made from. */
export interface BearerSchemeParts {
  readonly header: AuthSettings['header'];
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  readonly csrf: CsrfPolicy;
}

/** The scheme that finds access tokens in a header, or by an extractor. A bad one is final. */
export function bearerScheme({ header, verifier, csrf }: BearerSchemeParts): Scheme {
  const base = {
    name: 'bearer',
    find: header.extractor === undefined ? headerTransport(header) : extracted(header.extractor),
    verify: (token: string) => verifier.verify(token, 'access'),
    challenge: header.schemes[0] ?? 'Bearer',
    csrf,
  };
  if (header.sentBy === 'browser') return defineScheme<string>({ ...base, sentBy: 'browser' });
  const isSentByBrowser =
    header.extractor === undefined
      ? (token: string, request: AuthRequest) => isCopiedFromCookie(request.raw, token)
      : (token: string, request: AuthRequest) => !isShownByClient(request.raw, token);
  return defineScheme<string>({ ...base, sentBy: 'either', isSentByBrowser });
}

/**
 * Any extractor of passport-jwt: it sees the framework's own request, and says nothing for "none". It sees one of two Authorization
 * lines at most, so those are counted here.
 *
 * @throws {AuthError} `ambiguous_credentials`, `malformed_header`; whatever the extractor throws passes
 */
function extracted(extractor: NonNullable<AuthSettings['header']['extractor']>): CredentialFinder {
  return (request) => {
    if (request.headerLines('authorization').length > 1) throw new AuthError('ambiguous_credentials');
    // The extractor was written for the framework in use; what it takes cannot be named here.
    const token = textOf(extractor(request.raw as never));
    if (token !== undefined && isCarriedTwice(request.raw, token)) throw new AuthError('ambiguous_credentials');
    return token;
  };
}

/** Extractors say "none" in several ways. A list is a parameter of the query that is there twice, say; the rest is what a body held. */
function textOf(given: unknown): string | undefined {
  if (NONE.has(given)) return undefined;
  if (typeof given === 'string') return given;
  if (typeof given === 'function' || isPromise(given)) throw new TypeError(notText(given));
  throw new AuthError(Array.isArray(given) ? 'ambiguous_credentials' : 'malformed_header');
}

const NONE: ReadonlySet<unknown> = new Set([undefined, null, '', false]);

function notText(given: unknown): string {
  const kind = typeof given === 'function' ? 'function' : 'promise';
  return `header.extractor answered with a ${kind}; accepted is a text, null or undefined`;
}
