// The front door: every public name, written by hand.
export { AuthModule } from './nest/auth.module.js';
export { authConfiguration } from './nest/configurations/auth-configuration.js';
export { AnyOf, AuthGuardBase, JwtAuthGuard, SessionAuthGuard, SessionOrJwtGuard } from './nest/auth.guards.js';
export { DefaultAuthGuard } from './nest/default-guard.js';
export {
  AllowClients,
  AllowInactive,
  AllowRestrictedClients,
  AuthInfo,
  AuthReason,
  CurrentUser,
  OptionalAuth,
  Public,
  TokenClaims,
} from './nest/auth.decorators.js';
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
export { AuthErrorFilter } from './nest/auth-error.filter.js';
export { guardSockets } from './nest/contexts/guard-sockets.js';
export { CsrfGuard } from './nest/browser/csrf.guard.js';
export { RedirectToLogin } from './nest/browser/login-redirect.js';
export { RouteAudit } from './nest/routes/route-audit.js';
export { routeTable } from './nest/routes/route-table.js';
export { OwnKeys } from './nest/services/own-keys.js';
export { AUTH_MODULE_OPTIONS } from './nest/tokens.js';

export { TokenService } from './core/token-service.js';
export { BlocklistService } from './core/blocklist-service.js';
export { FamilyService } from './core/families.js';
export { SignInService } from './core/users/sign-in.js';
export { HashingQueue } from './core/users/hashing-queue.js';
export { AuthConfigurationError, AuthError, errorTable } from './core/errors.js';
export { EVENTS_CHANNEL, onAuthEvent } from './core/events.js';
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
} from './core/policies/ready-policies.js';
export { hasFilter } from './core/policies/filters.js';
export { ScopePolicy } from './core/policies/scope-policy.js';
export { CookieTooLargeError } from './core/browser/cookies.js';
export { CsrfService } from './core/browser/csrf.js';
export { HostSession, SessionService } from './core/browser/session.js';
export { Clock, SystemClock } from './core/clock.js';
export { defineScheme } from './core/schemes.js';
export { sameSubject } from './core/principal.js';
export { MOST_REPLACED, RefreshStore, RevocationStore } from './core/stores/stores.js';
export { memoryStores } from './core/stores/memory-stores.js';
export { ForeignUserSource, UserSource } from './core/users/users.js';
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
  CookieOptions,
  CsrfOptions,
  ErrorOptions,
  HeaderOptions,
  KeysOption,
  LoginUrl,
  RefreshOptions,
  RevocationOptions,
  SessionOptions,
  TokenExtractor,
} from './nest/options/auth.options.js';
export type { AuthConfiguration } from './nest/configurations/auth-configuration.js';
export type { AuthOptionsFactory } from './nest/auth.module-definition.js';
export type { AuditedRoute } from './nest/routes/route-audit.js';
export type { NamedRoute } from './nest/routes/named-routes.js';
export type { RouteAddress } from './nest/routes/route-paths.js';
export type { ControllerRecipe } from './nest/controller-recipe.js';
export type { Decision } from './core/authenticator.js';
export type { MismatchRule } from './core/browser/session-mismatch.js';
export type { Blocked, BlockableToken, FamilyId } from './core/blocklist-service.js';
export type { TokenKind } from './core/tokens/claims.js';
export type { Duration } from './core/duration.js';
export type { Refusal, RefusalBodyMaker, RefusalContext } from './nest/refusal-bodies.js';
export type { AuthErrorCode, AuthErrorOptions, Challenge, ErrorEntry, RefusalReason } from './core/errors.js';
export type {
  AttemptEvent,
  AttemptOutcome,
  AuthEvent,
  CookieHalfEvent,
  ForgivenFailure,
  KeysEvent,
  RefusalEvent,
  RevocationEvent,
  SignInEvent,
  StoreEvent,
  UncheckedEvent,
} from './core/events.js';
export type { AuditEntry, AuditSinkRecipe, AuditType } from './core/audit/audit.js';
export type { ClaimSize } from './core/browser/cookies.js';
export type { CsrfHolder } from './core/browser/csrf.js';
export type { SessionRecord, SignedIn } from './core/browser/session.js';
export type { Device } from './core/families.js';
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
export type { TokenLimits } from './core/tokens/limits.js';
export type { Policies, Policy, PolicyContext, PolicyRequirements } from './core/policies/policies.js';
export type { ClaimValue, ClaimValues } from './core/policies/claim-values.js';
export type { SelfOrStaffOptions } from './core/policies/ready-policies.js';
export type { Scope } from './core/policies/scope-policy.js';
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
} from './core/principal.js';
export type { ClaimShape, MappedClaim, ProvisionedAttributes, ProvisioningRules } from './core/users/provisioning.js';
export type { AuthRequest } from './core/request.js';
export type { SchemeDescription, SecurityDescription } from './core/scheme-description.js';
export type { CsrfPolicy, Scheme, Transport } from './core/schemes.js';
export type {
  CheckedStore,
  Family,
  Replaced,
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
  Rotation,
  RotationOutcome,
  Stores,
  StoresRecipe,
} from './core/stores/stores.js';
export type { TokenPair } from './core/token-minter.js';
export type { ClientTokenOptions, ExpectedToken, IssueOptions, RefreshTokenOptions } from './core/token-options.js';
export type { ClaimsContext, ClaimsFor, OwnClaims } from './core/token-settings.js';
export type { SignInCredentials, UserDescription } from './core/users/users.js';
