// The schemes that the module brings along, as the settings ask for them.
import type { Clock } from '../../core/base/clock.js';
import { cookieScheme } from '../../core/browser/cookie-scheme.js';
import type { CsrfService } from '../../core/browser/csrf.js';
import type { LoginService } from '../../core/logins/login-service.js';
import type { CsrfPolicy, Scheme } from '../../core/schemes/schemes.js';
import { sessionScheme, type HostSession } from '../../core/browser/session.js';
import type { TokenVerifier } from '../../core/tokens/token-verifier.js';
import { bearerScheme } from './bearer-scheme.js';
import type { AuthSettings } from '../options/settings.js';

/** What the schemes are made of. */
export interface SchemeServices {
  readonly verifier: TokenVerifier;
  readonly csrf: CsrfService;
  readonly host: HostSession;
  readonly clock: Clock;
  readonly logins: LoginService;
}

/** The configured schemes by name; the map is filled up with the application's own when it starts. */
export function builtInSchemes(settings: AuthSettings, services: SchemeServices): Map<string, Scheme> {
  const { verifier, host, clock, logins } = services;
  const csrf: CsrfPolicy = (request, verified) => services.csrf.enforce(request, verified);
  const schemes = [bearerScheme({ header: settings.header, verifier, csrf })];
  if (settings.cookies !== undefined) {
    const { forgiving, external } = settings.cookies;
    schemes.push(cookieScheme({ specs: settings.cookieSpecs, external, forgiving, verifier, csrf }));
  }
  if (settings.session.enabled) {
    schemes.push(sessionScheme({ issuer: settings.tokens.issuer, host, clock, csrf, logins }));
  }
  return new Map(schemes.map((scheme) => [scheme.name, scheme]));
}
