// The schemes that the library brings along, as the settings ask for them.
import type { Clock } from '../base/clock.js';
import type { OperatorNotices } from '../base/operator-notices.js';
import { basicScheme } from '../browser/basic-scheme.js';
import { cookieScheme } from '../browser/cookie-scheme.js';
import type { CsrfService } from '../browser/csrf.js';
import type { LoginService } from '../logins/login-service.js';
import type { CsrfPolicy, Scheme } from '../schemes/schemes.js';
import { sessionScheme, type HostSession } from '../browser/session.js';
import type { SignInService } from '../sign-in/sign-in-service.js';
import type { AccountResolver } from '../users/accounts.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import { bearerScheme, type BearerSource } from '../schemes/bearer-scheme.js';
import type { AuthenticationSettings } from './authentication-settings.js';

/** What the schemes are made of. */
export interface SchemeServices {
  readonly bearer: BearerSource;
  readonly verifier: TokenVerifier;
  readonly csrf: CsrfService;
  readonly host: HostSession;
  readonly clock: Clock;
  readonly logins: LoginService;
  readonly signIn: SignInService;
  readonly users: AccountResolver;
  readonly notices?: OperatorNotices | undefined;
}

/** The configured schemes by name; the map is filled up with the application's own when it starts. */
export function builtInSchemes(settings: AuthenticationSettings, services: SchemeServices): Map<string, Scheme> {
  const { bearer, verifier, host, clock, logins } = services;
  const csrf: CsrfPolicy = (request, verified) => services.csrf.enforce(request, verified);
  const schemes = [bearerScheme({ source: bearer, verifier, csrf })];
  if (settings.cookies !== undefined) {
    const { forgiving, external } = settings.cookies;
    schemes.push(cookieScheme({ specs: settings.cookieSpecs, external, forgiving, verifier, csrf }));
  }
  if (settings.session.enabled) {
    schemes.push(sessionScheme({ issuer: settings.tokens.issuer, host, clock, csrf, logins }));
  }
  if (settings.basic !== undefined) {
    const isChallenged = settings.basic.challenge;
    schemes.push(basicScheme({ ...services, issuer: settings.tokens.issuer, isChallenged }));
  }
  return new Map(schemes.map((scheme) => [scheme.name, scheme]));
}
