// Where bearer tokens are found in the framework's requests, and who put them there. What the browser may have added by itself is
// under CSRF rules, whichever way it came.
import { isPromise } from '../../core/base/at-once.js';
import { AuthError } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { BearerSource } from '../../core/schemes/bearer-scheme.js';
import { headerFinder, type CredentialFinder } from '../../core/schemes/schemes.js';
import { isCarriedTwice, isCopiedFromCookie, isShownByClient } from './credential-places.js';

/** The options about the header, with defaults filled in. */
export interface BearerHeader {
  readonly name: string;
  readonly schemes: readonly string[];
  readonly sentBy: 'client' | 'browser';
  /** Any extractor of passport-jwt. */
  readonly extractor: ((request: never) => unknown) | undefined;
}

/** What the options say about bearer tokens. */
export function bearerSource(header: BearerHeader): BearerSource {
  const { extractor, schemes, sentBy } = header;
  return {
    find: extractor === undefined ? headerFinder(header) : extracted(extractor),
    isSentByBrowser: sentBy === 'browser' || (extractor === undefined ? isCopied : isNotShown),
    challenge: schemes[0] ?? 'Bearer',
  };
}

function isCopied(token: string, request: AuthRequest): boolean {
  return isCopiedFromCookie(request.raw, token);
}

function isNotShown(token: string, request: AuthRequest): boolean {
  return !isShownByClient(request.raw, token);
}

/**
 * Any extractor of passport-jwt: it sees the framework's own request, and says nothing for "none". It sees one of two Authorization
 * lines at most, so those are counted here.
 *
 * @throws {AuthError} `ambiguous_credentials`, `malformed_header`; whatever the extractor throws passes
 */
function extracted(extractor: NonNullable<BearerHeader['extractor']>): CredentialFinder {
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
