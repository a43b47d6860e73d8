// The wiring of what browsers need: cookies, CSRF, sessions, the redirect to a sign-in page; and the judgement at boot of what
// only the whole application shows.
import type { Provider } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { EventSink } from '../../core/base/event-sink.js';
import { BlocklistService } from '../../core/logins/blocklist-service.js';
import { Clock } from '../../core/base/clock.js';
import { CSRF_PURPOSE, CsrfService } from '../../core/browser/csrf.js';
import { deriveSecret } from '../../core/keys/derived-secret.js';
import { LoginService } from '../../core/logins/login-service.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import { HostSession, SessionService } from '../../core/browser/session.js';
import { SignInService } from '../../core/users/sign-in.js';
import { TokenService } from '../../core/issuing/token-service.js';
import { TokenVerifier } from '../../core/tokens/token-verifier.js';
import { AccountResolver } from '../../core/users/users.js';
import { AuthCookies } from '../browser/auth-cookies.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { builtInSchemes, type SchemeServices } from './built-in-schemes.js';
import { CookieSignIn } from '../browser/cookie-sign-in.js';
import { FaultLog } from '../refusals/fault-log.js';
import { commonFolder, isSentTo, type RouteAddresses } from '../routes/route-addresses.js';
import { RejectedCookies } from '../guards/clear-rejected-cookie.js';
import { FrameworkHostSession } from '../browser/host-session.js';
import { LoginRedirects } from '../guards/login-redirect.js';
import { factoryProvider } from './factory-provider.js';
import { OwnKeys } from './own-keys.js';
import { CsrfTokenIssuer } from '../browser/csrf-token-issuer.js';
import { SessionBoot } from './session-boot.js';
import { SessionSignIn } from '../browser/session-sign-in.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS, AUTH_STRUCTURE, CONFIGURED_SCHEMES } from '../options/injection-tokens.js';

/** The secrets of CSRF tokens, the one to sign with first. Asked at every use, because keys rotate. */
function csrfSecrets({ csrf }: AuthSettings, keys: OwnKeys): () => readonly Uint8Array[] {
  if (csrf.secret === undefined) return () => keys.ring?.secretsFor(CSRF_PURPOSE) ?? [];
  const configured = [deriveSecret(csrf.secret, CSRF_PURPOSE)];
  return () => configured;
}

type CookieParts = [AuthSettings, CsrfService, Clock, HttpAdapterHost];
type SessionParts = [AuthSettings, Clock, AccountResolver, LoginService, BlocklistService, HostSession];
type SchemeParts = [AuthSettings, TokenVerifier, CsrfService, HostSession, Clock, LoginService];
type CookieSignInParts = [
  AuthSettings,
  CsrfService,
  SignInService,
  TokenService,
  TokenVerifier,
  LoginService,
  AuthCookies,
  EventSink,
];
type SessionSignInParts = [CsrfService, SignInService, SessionService, AuthCookies];

/** What the module provides for browsers. */
export const browserProviders: Provider[] = [
  factoryProvider(
    CsrfService,
    [AUTH_SETTINGS, OwnKeys],
    (settings: AuthSettings, keys: OwnKeys) => new CsrfService(settings.csrf, csrfSecrets(settings, keys)),
  ),
  factoryProvider(
    AuthCookies,
    [AUTH_SETTINGS, CsrfService, Clock, HttpAdapterHost],
    (...[settings, csrf, clock, adapters]: CookieParts) => {
      const { cookieSpecs: specs, tokens } = settings;
      return new AuthCookies({ specs, csrf, csrfSeconds: tokens.refresh.idleSeconds, clock, adapters });
    },
  ),
  factoryProvider(
    HostSession,
    [HttpAdapterHost, AUTH_STRUCTURE],
    (adapters: HttpAdapterHost, { name }: AuthModuleStructure) => new FrameworkHostSession(adapters, name),
  ),
  factoryProvider(
    SessionService,
    [AUTH_SETTINGS, Clock, AccountResolver, LoginService, BlocklistService, HostSession],
    (...[settings, clock, users, logins, blocklist, host]: SessionParts) =>
      new SessionService({ settings: settings.tokens, clock, users, logins, blocklist, host }),
  ),
  factoryProvider(
    CONFIGURED_SCHEMES,
    [AUTH_SETTINGS, TokenVerifier, CsrfService, HostSession, Clock, LoginService],
    (...[settings, verifier, csrf, host, clock, logins]: SchemeParts) =>
      builtInSchemes(settings, { verifier, csrf, host, clock, logins } satisfies SchemeServices),
  ),
  factoryProvider(
    CookieSignIn,
    [AUTH_SETTINGS, CsrfService, SignInService, TokenService, TokenVerifier, LoginService, AuthCookies, EventSink],
    (...[{ cookieSpecs: specs }, csrf, signIn, tokens, verifier, logins, cookies, eventSink]: CookieSignInParts) =>
      new CookieSignIn({ specs, csrf, signIn, tokens, verifier, logins, cookies, eventSink }),
  ),
  factoryProvider(
    SessionSignIn,
    [CsrfService, SignInService, SessionService, AuthCookies],
    (...[csrf, signIn, sessions, cookies]: SessionSignInParts) =>
      new SessionSignIn({ csrf, signIn, sessions, cookies }),
  ),
  factoryProvider(
    CsrfTokenIssuer,
    [CONFIGURED_SCHEMES, AuthCookies, FaultLog],
    (schemes: ReadonlyMap<string, Scheme>, cookies: AuthCookies, faults: FaultLog) =>
      new CsrfTokenIssuer(schemes, cookies, faults),
  ),
  factoryProvider(RejectedCookies, [AuthCookies], (cookies: AuthCookies) => new RejectedCookies(cookies)),
  factoryProvider(
    LoginRedirects,
    [AUTH_SETTINGS, HttpAdapterHost],
    ({ loginUrl }: AuthSettings, adapters: HttpAdapterHost) => new LoginRedirects(loginUrl, adapters),
  ),
  SessionBoot,
];

/** What of it other modules may inject; the guards of the library need some of it wherever they are used. */
export const browserServices = [
  AuthCookies,
  CsrfService,
  HostSession,
  SessionService,
  CookieSignIn,
  SessionSignIn,
  CsrfTokenIssuer,
  RejectedCookies,
  LoginRedirects,
];

/** What is wrong between the options for browsers and the rest of the application. */
export function browserProblems(
  settings: AuthSettings,
  { controllers = [] }: AuthModuleStructure,
  keys: OwnKeys,
): readonly string[] {
  const sentByBrowsers =
    settings.cookies !== undefined || settings.session.enabled || settings.header.sentBy === 'browser';
  const needsSecret = sentByBrowsers || controllers.some(({ requires }) => requires.includes('csrf'));
  const noSecret = needsSecret && csrfSecrets(settings, keys)().length === 0;
  return noSecret ? ['csrf.secret is required: no private key is in this process that one could be derived from'] : [];
}

/** The refresh cookie goes where the routes are mounted; a path that the application gives has to cover them. */
export function placeRefreshCookie(settings: AuthSettings, cookies: AuthCookies, addresses: RouteAddresses): string[] {
  const routes = addresses.refreshRoutes();
  if (settings.cookies === undefined || routes.length === 0) return [];
  const folder = commonFolder(routes);
  if (!settings.refreshPathGiven) {
    cookies.limitRefreshTo(folder);
    return [];
  }
  const { path } = settings.cookieSpecs.refresh;
  const missed = routes.filter((route) => !isSentTo(path, route));
  if (missed.length === 0) return [];
  return [
    `cookies.refreshPath is '${path}', so that ${missed.join(' and ')} would never see the cookie; leave it out, or set it to ` +
      `'${folder}', after the path that a proxy takes off`,
  ];
}
