// The wiring of what browsers need: cookies, signing in by cookie or session, the redirect to a sign-in page; and the checks at boot of
// what only the whole application shows.
import type { Provider } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../../core/base/clock.js';
import { CsrfService } from '../../core/browser/csrf.js';
import { EXTERNAL_SIGN_IN_PURPOSE, ExternalSignIns } from '../../core/browser/external-sign-ins.js';
import { SessionService } from '../../core/browser/session.js';
import type { Authentication } from '../../core/composition/create-authentication.js';
import { csrfSecrets } from '../../core/composition/csrf-secrets.js';
import { TokenService } from '../../core/issuing/token-service.js';
import type { OwnKeys } from '../../core/keys/own-keys.js';
import { BlocklistService } from '../../core/logins/blocklist-service.js';
import { LoginService } from '../../core/logins/login-service.js';
import { SignInService } from '../../core/sign-in/sign-in-service.js';
import { AuthCookies } from '../browser/auth-cookies.js';
import { CookieSignIn } from '../browser/cookie-sign-in.js';
import { CsrfTokenIssuer } from '../browser/csrf-token-issuer.js';
import { ExternalSignInService } from '../browser/external-sign-in-service.js';
import { PasswordChanges } from '../browser/password-changes.js';
import { SessionSignIn } from '../browser/session-sign-in.js';
import { RejectedCookies } from '../guards/clear-rejected-cookie.js';
import { LoginRedirects } from '../guards/login-redirect.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import { AUTH_SETTINGS, AUTHENTICATION } from '../options/injection-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { FaultLog } from '../refusals/fault-log.js';
import { commonFolder, isSentTo, RouteAddresses } from '../routes/route-addresses.js';
import { factoryProvider } from './factory-provider.js';
import { pageLog } from './mistake-log.js';

type CookieParts = [AuthSettings, CsrfService, Clock, HttpAdapterHost];
type CookieSignInParts = [
  Clock,
  AuthSettings,
  Authentication,
  CsrfService,
  SignInService,
  TokenService,
  LoginService,
  AuthCookies,
];
type ExternalSignInParts = [
  AuthSettings,
  Authentication,
  SignInService,
  TokenService,
  AuthCookies,
  CookieSignIn,
  SessionSignIn,
  Clock,
  FaultLog,
  RouteAddresses,
];
type PasswordChangesParts = [
  AuthSettings,
  Authentication,
  BlocklistService,
  LoginService,
  TokenService,
  CookieSignIn,
  SessionSignIn,
];
type SessionSignInParts = [CsrfService, SignInService, SessionService, AuthCookies];

function externalSignInsOf(
  { csrf, tokens, toleranceSeconds }: AuthSettings,
  { clock, keys, stores }: Authentication,
): ExternalSignIns {
  return new ExternalSignIns({
    issuer: tokens.issuer,
    origins: csrf.trustedOrigins,
    toleranceSeconds,
    clock,
    secrets: csrfSecrets(csrf.secret, keys, EXTERNAL_SIGN_IN_PURPOSE),
    store: stores.oneTime,
  });
}

/** What the module provides for browsers. */
export const browserProviders: Provider[] = [
  factoryProvider(
    AuthCookies,
    [AUTH_SETTINGS, CsrfService, Clock, HttpAdapterHost],
    (...[settings, csrf, clock, adapters]: CookieParts) => {
      const { cookieSpecs: specs, tokens } = settings;
      return new AuthCookies({ specs, csrf, csrfSeconds: tokens.refresh.idleSeconds, clock, adapters });
    },
  ),
  factoryProvider(
    CookieSignIn,
    [Clock, AUTH_SETTINGS, AUTHENTICATION, CsrfService, SignInService, TokenService, LoginService, AuthCookies],
    (...[clock, { cookieSpecs: specs }, core, csrf, signIn, tokens, logins, cookies]: CookieSignInParts) => {
      const { verifier, eventSink } = core;
      return new CookieSignIn({ clock, specs, csrf, signIn, tokens, verifier, logins, cookies, eventSink });
    },
  ),
  factoryProvider(
    SessionSignIn,
    [CsrfService, SignInService, SessionService, AuthCookies],
    (...[csrf, signIn, sessions, cookies]: SessionSignInParts) =>
      new SessionSignIn({ csrf, signIn, sessions, cookies }),
  ),
  factoryProvider(
    ExternalSignInService,
    [
      AUTH_SETTINGS,
      AUTHENTICATION,
      SignInService,
      TokenService,
      AuthCookies,
      CookieSignIn,
      SessionSignIn,
      Clock,
      FaultLog,
      RouteAddresses,
    ],
    (...[settings, core, signIn, tokens, cookies, cookieSignIn, sessionSignIn, clock, ...last]: ExternalSignInParts) =>
      new ExternalSignInService({
        signIns: externalSignInsOf(settings, core),
        signIn,
        cookies,
        cookieSignIn,
        sessionSignIn,
        tokens,
        users: core.users,
        clock,
        eventSink: core.eventSink,
        faults: last[0],
        addresses: last[1],
        onFailure: pageLog(clock),
        enabled: { cookies: settings.cookies !== undefined, session: settings.session.enabled },
      }),
  ),
  factoryProvider(
    PasswordChanges,
    [AUTH_SETTINGS, AUTHENTICATION, BlocklistService, LoginService, TokenService, CookieSignIn, SessionSignIn],
    (...[{ tokens: settings }, { users }, blocklist, ...services]: PasswordChangesParts) => {
      const [logins, tokens, cookieSignIn, sessionSignIn] = services;
      return new PasswordChanges({ settings, users, blocklist, logins, tokens, cookieSignIn, sessionSignIn });
    },
  ),
  factoryProvider(
    CsrfTokenIssuer,
    [AUTHENTICATION, AuthCookies, FaultLog],
    ({ schemes }: Authentication, cookies: AuthCookies, faults: FaultLog) =>
      new CsrfTokenIssuer(schemes, cookies, faults),
  ),
  factoryProvider(RejectedCookies, [AuthCookies], (cookies: AuthCookies) => new RejectedCookies(cookies)),
  factoryProvider(
    LoginRedirects,
    [AUTH_SETTINGS, HttpAdapterHost],
    ({ loginUrl }: AuthSettings, adapters: HttpAdapterHost) => new LoginRedirects(loginUrl, adapters),
  ),
];

/** What of it other modules may inject; the guards of the library need some of it wherever they are used. */
export const browserServices = [
  AuthCookies,
  CookieSignIn,
  SessionSignIn,
  ExternalSignInService,
  PasswordChanges,
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
  const noSecret = needsSecret && csrfSecrets(settings.csrf.secret, keys)().length === 0;
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
