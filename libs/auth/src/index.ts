// The front door: every public name, written by hand.
export { AuthModule } from './nest/module/auth.module.js';
export { authConfiguration } from './nest/configurations/auth-configuration.js';
export {
  AuthGuardFor,
  AuthGuardBase,
  JwtAuthGuard,
  SessionAuthGuard,
  SessionOrJwtGuard,
} from './nest/guards/auth.guards.js';
export { DefaultAuthGuard } from './nest/guards/default-guard.js';
export {
  AllowClients,
  AllowInactive,
  AllowRestrictedClients,
  CurrentPrincipal,
  AuthReason,
  CurrentUser,
  OptionalAuth,
  Public,
  TokenClaims,
} from './nest/routes/auth.decorators.js';
export {
  Authorize,
  RequireFilter,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  SelfOrStaff,
} from './nest/routes/policy.decorators.js';
export { AuthCookies } from './nest/browser/auth-cookies.js';
export { Scoped } from './nest/routes/scoped.decorator.js';
export { AuthErrorFilter } from './nest/refusals/auth-error.filter.js';
export { guardSockets } from './nest/sockets/guard-sockets.js';
export { CsrfGuard } from './nest/guards/csrf.guard.js';
export { RedirectToLogin } from './nest/guards/login-redirect.js';
export { RouteAudit } from './nest/routes/route-audit.js';
export { routeTable } from './nest/routes/route-table.js';
export { OwnKeys } from './nest/module/own-keys.js';
export { AUTH_MODULE_OPTIONS } from './nest/options/injection-tokens.js';

export { TokenService } from './core/issuing/token-service.js';
export { BlocklistService } from './core/logins/blocklist-service.js';
export { LoginService } from './core/logins/login-service.js';
export { SignInService } from './core/users/sign-in.js';
export { HashingQueue } from './core/users/hashing-queue.js';
export { AuthConfigurationError, AuthError, ERROR_TABLE } from './core/base/errors.js';
export { EVENTS_CHANNEL, onAuthEvent } from './core/base/events.js';
export { AuditSink, MemoryAuditSink } from './core/audit/audit.js';
export { REDACTED_PATHS } from './core/audit/redacted-paths.js';
export { allOf, anyOf, not } from './core/policies/policies.js';
export {
  claimEquals,
  claimIncludes,
  hasRoles,
  hasScopes,
  isRestricted,
  recentAuth,
  selfOrStaff,
} from './core/policies/built-in-policies.js';
export { hasFilter } from './core/policies/filters.js';
export { ScopePolicy } from './core/policies/scope-policy.js';
export { CookieTooLargeError } from './core/browser/cookies.js';
export { CsrfService } from './core/browser/csrf.js';
export { HostSession, SessionService } from './core/browser/session.js';
export { Clock, SystemClock } from './core/base/clock.js';
export { defineScheme } from './core/schemes/schemes.js';
export { sameSubject } from './core/base/principal.js';
export { MOST_REPLACED, LoginStore, BlocklistStore } from './core/stores/stores.js';
export { memoryStores } from './core/stores/memory-stores.js';
export { ExternalUserSource, UserSource } from './core/users/users.js';
export { ProvisionedUserSource } from './core/users/provisioning.js';
export { keysFromDirectory } from './core/keys/key-files.js';
export { ephemeralKeys, KeySource, staticKeys } from './core/keys/key-ring.js';
export { KeySetCache, MemoryKeySetCache } from './core/issuers/key-set-cache.js';
export { adfs } from './core/issuers/presets/adfs.js';
export { apple } from './core/issuers/presets/apple.js';
export { auth0 } from './core/issuers/presets/auth0.js';
export { authentik } from './core/issuers/presets/authentik.js';
export { azureAdB2c } from './core/issuers/presets/azure-ad-b2c.js';
export { clerk } from './core/issuers/presets/clerk.js';
export { cloudflareAccess } from './core/issuers/presets/cloudflare-access.js';
export { cognito } from './core/issuers/presets/cognito.js';
export { entra } from './core/issuers/presets/entra.js';
export { firebase } from './core/issuers/presets/firebase.js';
export { githubActions } from './core/issuers/presets/github-actions.js';
export { gitlab } from './core/issuers/presets/gitlab.js';
export { google } from './core/issuers/presets/google.js';
export { keycloak } from './core/issuers/presets/keycloak.js';
export { kubernetes } from './core/issuers/presets/kubernetes.js';
export { okta } from './core/issuers/presets/okta.js';
export { oryHydra } from './core/issuers/presets/ory-hydra.js';
export { supabase } from './core/issuers/presets/supabase.js';
export { zitadel } from './core/issuers/presets/zitadel.js';

export type {
  AccessOptions,
  AuditOptions,
  AuthModuleOptions,
  AuthModuleStructure,
  AuthCookieOptions,
  CsrfOptions,
  ErrorResponseOptions,
  HeaderOptions,
  KeysOption,
  LoginUrl,
  RefreshOptions,
  RevocationOptions,
  AuthSessionOptions,
  TokenExtractor,
} from './nest/options/auth.options.js';
export type { AuthConfiguration } from './nest/configurations/auth-configuration.js';
export type { AuthOptionsFactory } from './nest/module/auth.module-definition.js';
export type { AuditedRoute } from './nest/routes/route-audit.js';
export type { NamedRoute } from './nest/options/named-route.js';
export type { RouteAddress } from './nest/routes/route-paths.js';
export type { MountableController } from './nest/options/mountable-controller.js';
export type { Decision } from './core/authentication/authenticator.js';
export type { MismatchRule } from './core/authentication/session-mismatch.js';
export type { RevocationResult, RevocableToken, LoginId } from './core/logins/blocklist-service.js';
export type { TokenKind } from './core/tokens/claims.js';
export type { Duration } from './core/base/duration.js';
export type { Refusal, RefusalBodyMaker, RefusalContext } from './nest/options/refusal-bodies.js';
export type { AuthErrorCode, AuthErrorOptions, Challenge, ErrorEntry, RefusalReason } from './core/base/errors.js';
export type {
  AttemptEvent,
  AttemptOutcome,
  AuthEvent,
  CookieHalfEvent,
  ForgivenFailure,
  KeysEvent,
  RefusalEvent,
  RevocationEvent,
  SchemeEvent,
  SignInEvent,
  StoreEvent,
  UncheckedEvent,
  UsersEvent,
} from './core/base/events.js';
export type { AuditEntry, AuditSinkFactory, AuditType } from './core/audit/audit.js';
export type { ClaimSize } from './core/browser/cookies.js';
export type { CsrfHolder } from './core/browser/csrf.js';
export type { SessionRecord, SignedIn } from './core/browser/session.js';
export type { Device } from './core/logins/login-service.js';
export type { KeysFromDirectoryOptions } from './core/keys/key-files.js';
export type { KeyRingInput, RetiredKeyInput } from './core/keys/key-ring.js';
export type { CachedKeySet, LeaseRequest } from './core/issuers/key-set-cache.js';
export type {
  ClaimNames,
  DiscoveredKeys,
  JwksAddress,
  KeyFetch,
  KeyFetchOptions,
  KeyFetchRequest,
  KeyFetchResponse,
  KeyRequestHeaders,
  SharedSecret,
  StaticKeys,
  TextClaim,
  TextClaims,
  TrustedKeys,
  TrustedKeySource,
  TrustOptions,
} from './core/issuers/trust-options.js';
export type { Algorithm, KeyInput, RemoteSigner, SigningKey } from './core/keys/keys.js';
export type { TokenLimits } from './core/base/limits.js';
export type { Policies, Policy, PolicyContext, PolicyRequirements } from './core/policies/policies.js';
export type { ClaimValue, ClaimValues } from './core/policies/claim-values.js';
export type { SelfOrStaffOptions } from './core/policies/built-in-policies.js';
export type { ScopeCondition } from './core/policies/scope-policy.js';
export type { FilterExtractor, FilterOptions } from './core/policies/filters.js';
export type {
  AuthClaims,
  AuthUser,
  Claims,
  Json,
  KeyUsed,
  Principal,
  PrincipalKind,
  Register,
  Subject,
  TokenUser,
  Verified,
} from './core/base/principal.js';
export type { ClaimShape, MappedClaim, ProvisionedAttributes, ProvisioningRules } from './core/users/provisioning.js';
export type { AuthRequest } from './core/base/request.js';
export type { SchemeDescription, SecurityDescription } from './core/schemes/scheme-description.js';
export type { CsrfPolicy, Scheme, CredentialFinder } from './core/schemes/schemes.js';
export type {
  CheckedStore,
  Login,
  Replaced,
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
  Rotation,
  RotationOutcome,
  Stores,
  StoresFactory,
} from './core/stores/stores.js';
export type { TokenPair } from './core/issuing/token-minter.js';
export type {
  ClientTokenOptions,
  ExpectedToken,
  IssueOptions,
  RefreshTokenOptions,
} from './core/issuing/token-options.js';
export type { ClaimsContext, ClaimsFor, OwnClaims } from './core/issuing/token-settings.js';
export type { SignInCredentials, UserDescription } from './core/users/users.js';
