// Owns the schemes that the module brings along, as the settings ask for them.
import { headerTransport, defineScheme, type Scheme, type Transport } from '../core/schemes.js';
import type { TokenVerifier } from '../core/token-verifier.js';
import type { AuthSettings } from './settings.js';

/** The configured schemes by name; the map is filled up with the application's own when it starts. */
export function builtInSchemes(settings: AuthSettings, verifier: TokenVerifier): Map<string, Scheme> {
  const schemes = [bearerScheme(settings, verifier)];
  return new Map(schemes.map((scheme) => [scheme.name, scheme]));
}

/** A token that the client sends by its own doing. A bad one is final. */
function bearerScheme({ header }: AuthSettings, verifier: TokenVerifier): Scheme {
  return defineScheme<string>({
    name: 'bearer',
    sentBy: 'client',
    find: header.extractor === undefined ? headerTransport(header) : extracted(header.extractor),
    verify: (token) => verifier.verify(token, 'access'),
    challenge: header.schemes[0] ?? 'Bearer',
  });
}

/** Any extractor of passport-jwt: it sees the framework's own request, and says nothing for "none". */
function extracted(extractor: NonNullable<AuthSettings['header']['extractor']>): Transport {
  // The extractor was written for the framework in use; what it takes cannot be named here.
  return (request) => extractor(request.raw as never) ?? undefined;
}
