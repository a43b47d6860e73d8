// Owns the schemes that the module brings along, as the settings ask for them.
import type { Clock } from '../core/clock.js';
import { cookieScheme } from '../core/browser/cookie-scheme.js';
import type { CsrfService } from '../core/browser/csrf.js';
import type { FamilyService } from '../core/families.js';
import { headerTransport, defineScheme, type CsrfPolicy, type Scheme, type Transport } from '../core/schemes.js';
import { sessionScheme, type HostSession } from '../core/browser/session.js';
import type { TokenVerifier } from '../core/tokens/token-verifier.js';
import type { AuthSettings } from './options/settings.js';

/** What the schemes are made of. */
export interface SchemeServices {
  readonly verifier: TokenVerifier;
  readonly csrf: CsrfService;
  readonly host: HostSession;
  readonly clock: Clock;
  readonly families: FamilyService;
}

/** The configured schemes by name; the map is filled up with the application's own when it starts. */
export function builtInSchemes(settings: AuthSettings, services: SchemeServices): Map<string, Scheme> {
  const { verifier, host, clock, families } = services;
  const csrf: CsrfPolicy = (request, verified) => services.csrf.enforce(request, verified);
  const schemes = [bearerScheme(settings, verifier)];
  if (settings.cookies !== undefined) {
    schemes.push(cookieScheme({ specs: settings.cookieSpecs, forgiving: settings.cookies.forgiving, verifier, csrf }));
  }
  if (settings.session.enabled) {
    schemes.push(sessionScheme({ issuer: settings.tokens.issuer, host, clock, csrf, families }));
  }
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
