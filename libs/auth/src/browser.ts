// The `browser` door: cookies, CSRF, Basic, the session of the host, redirects to a login page, and what follows a changed password.
export { AuthCookies } from './nest/browser/auth-cookies.js';
export { ExternalSignInService } from './nest/browser/external-sign-in-service.js';
export { PasswordChanges } from './nest/browser/password-changes.js';
export { authenticateEarly } from './nest/guards/early-authentication.js';
export { corsHeaders } from './nest/surroundings/cors-headers.js';
export { CsrfGuard } from './nest/guards/csrf.guard.js';
export { RedirectToLogin } from './nest/guards/login-redirect.js';
export { CookieTooLargeError } from './core/browser/cookies.js';
export { CsrfService } from './core/browser/csrf.js';
export { HostSession, SessionService } from './core/browser/session.js';

export type { EarlyAuthenticationOptions } from './nest/guards/early-authentication.js';
export type {
  AuthCookieOptions,
  BasicOptions,
  CsrfOptions,
  LoginUrl,
  AuthSessionOptions,
} from './nest/options/auth.options.js';
export type { CorsHeaders } from './nest/surroundings/cors-headers.js';
export type { MismatchRule } from './core/authentication/session-mismatch.js';
export type { ClaimSize } from './core/browser/cookies.js';
export type { CsrfHolder } from './core/browser/csrf.js';
export type { ExternalCallback, ExternalSignInRequest, ExternalSignInStart } from './core/browser/external-sign-ins.js';
export type {
  ExternalLogin,
  ExternalSignInBegin,
  ExternalSignInCallback,
} from './nest/browser/external-sign-in-service.js';
export type { ChangedPasswordOptions, KeptLogin } from './nest/browser/password-changes.js';
export type { SessionRecord, SignedIn } from './core/browser/session.js';
