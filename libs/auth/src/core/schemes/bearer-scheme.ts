// The `bearer` scheme: a token that the client sends by its own doing, usually in the `Authorization` header. What the browser may have
// added by itself is under CSRF rules.
import type { AuthRequest } from '../base/request.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import { defineScheme, type CredentialFinder, type CsrfPolicy, type Scheme } from './schemes.js';

/** Where tokens are found, and who put them there. */
export interface BearerSource {
  readonly find: CredentialFinder;
  /** True if the browser may have added the token by itself: always, never, or decided for each request. */
  readonly isSentByBrowser: boolean | ((token: string, request: AuthRequest) => boolean);
  /** The name in the challenge. */
  readonly challenge: string;
}

/** What the scheme is made from. */
export interface BearerSchemeParts {
  readonly source: BearerSource;
  readonly verifier: Pick<TokenVerifier, 'verifierOf' | 'claimedSubject'>;
  readonly csrf: CsrfPolicy;
}

/** The scheme that finds access tokens in a header, or by an extractor. A bad one is final. */
export function bearerScheme({ source, verifier, csrf }: BearerSchemeParts): Scheme {
  const { find, isSentByBrowser, challenge } = source;
  const base = {
    name: 'bearer',
    find,
    verify: verifier.verifierOf('access'),
    claimedSubject: (token: string) => verifier.claimedSubject(token),
    challenge,
    csrf,
  };
  if (typeof isSentByBrowser === 'function')
    return defineScheme<string>({ ...base, sentBy: 'either', isSentByBrowser });
  return defineScheme<string>({ ...base, sentBy: isSentByBrowser ? 'browser' : 'client' });
}
