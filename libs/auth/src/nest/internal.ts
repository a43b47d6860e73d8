// What the doors may use of nest besides the public names. No door imports another file of nest, so all that is not listed here can change
// without a look at them.

// What a running application has: its settings and services, by the name of the configuration.
export { AUTH_SETTINGS, AUTH_STRUCTURE, AUTHENTICATION, RAW_STORES } from './options/injection-tokens.js';
export { configurationOf, tokenIn } from './options/named-tokens.js';
export { inspectedApplication } from './module/inspected-application.js';
export { describedApplication } from './module/described-application.js';
export { findProvider } from './module/find-provider.js';
export type { InspectedApplication, InspectedConfiguration, InspectedKey } from './module/inspected-application.js';
export type { DescribedApplication } from './module/described-application.js';
export type { ConfigurationName } from './options/named-tokens.js';
export type { AuthSettings } from './options/settings.js';

// For controllers: requests and answers of a browser, and what OpenAPI must know about a ready-made route.
export { ANSWERED_BY, BROWSER_ROUTE, OAUTH_ERRORS, REFUSALS } from './options/mountable-controller.js';
export { CookieSignIn, type CookieTimes } from './browser/cookie-sign-in.js';
export { CsrfTokenIssuer } from './browser/csrf-token-issuer.js';
export { SessionSignIn } from './browser/session-sign-in.js';
export { FaultLog } from './refusals/fault-log.js';
export { issuedBy } from './refusals/issued-by.js';
export { RouteAddresses } from './routes/route-addresses.js';
export { GENERIC_CODES } from './options/told-refusal.js';
export { HttpExchange } from './transport/http-exchange.js';
export { signInFactsOf } from './transport/sign-in-facts.js';
export { challengeOf, verifierDigestOf } from './transport/step-secret.js';
export type { AnsweredBy, BrowserRoute } from './options/mountable-controller.js';
export type { Exchange } from './transport/http-exchange.js';

// What routes demand, and how a guard answers.
export { RouteAuthenticator } from './guards/route-authenticator.js';
export { LoginRedirectError } from './refusals/login-redirect-error.js';
export { previewAudit } from './configurations/preview-audit.js';
export { PLAIN_POLICY } from './routes/plain-policy.js';
export { brandedGuard } from './routes/effective-policy.js';
export { isUserLeftOn, leave } from './transport/request-auth.js';
export { freshRecordOf, recordOf } from './transport/contexts.js';
export type { BrandedGuard, ClassOrMethod, EffectivePolicy } from './routes/effective-policy.js';
export type { Route } from './routes/routes.js';
