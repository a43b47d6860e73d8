// The front door: what an application writes on its first day. The doors for less frequent needs are the files beside this one
// and the folders with an index.ts (docs/architecture.md).
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
  AuthReason,
  OptionalAuth,
  Public,
  UserFreshness,
} from './nest/routes/auth.decorators.js';
export { CurrentPrincipal, CurrentUser, TokenClaims } from './nest/routes/parameter.decorators.js';
export {
  Authorize,
  RequireAuth,
  RequireFilter,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  SelfOrStaff,
} from './nest/routes/policy.decorators.js';
export { Scoped } from './nest/routes/scoped.decorator.js';
export { AuthErrorFilter } from './nest/refusals/auth-error.filter.js';
export { guardSockets } from './nest/sockets/guard-sockets.js';
export { AUTH_MODULE_OPTIONS } from './nest/options/injection-tokens.js';
export { OneTimeTokens } from './core/issuing/one-time-tokens.js';
export { TokenService } from './core/issuing/token-service.js';
export { BlocklistService } from './core/logins/blocklist-service.js';
export { LoginService } from './core/logins/login-service.js';
export { SignInService } from './core/sign-in/sign-in-service.js';
export { HashingQueue } from './core/users/hashing-queue.js';
export { AuthConfigurationError, AuthError, ERROR_TABLE } from './core/base/errors.js';
export { Clock, SystemClock } from './core/base/clock.js';
export { sameSubject } from './core/base/principal.js';
export { memoryStores } from './core/stores/memory-stores.js';
export { UserChanges } from './core/users/user-changes.js';
export { UserSource } from './core/users/users.js';

export type {
  AccessOptions,
  AuditOptions,
  AuthModuleOptions,
  AuthModuleStructure,
  ErrorResponseOptions,
  HeaderOptions,
  KeysOption,
  RefreshOptions,
  RevocationOptions,
  SignInStepOptions,
  TokenExtractor,
} from './nest/options/auth.options.js';
export type { AuthConfiguration } from './nest/configurations/auth-configuration.js';
export type { AuthModuleAsyncOptions, AuthOptionsFactory } from './nest/module/auth.module-definition.js';
export type { NamedRoute } from './nest/options/schema/named-route.js';
export type { RouteAddress } from './nest/routes/route-paths.js';
export type { MountableController } from './nest/options/mountable-controller.js';
export type { Decision } from './core/authentication/authenticator.js';
export type { RevocationResult, RevocableToken, LoginId } from './core/logins/blocklist-service.js';
export type { TokenKind } from './core/tokens/claims.js';
export type { Duration } from './core/base/duration.js';
export type { Refusal, RefusalBodyMaker, RefusalContext } from './nest/options/refusal-bodies.js';
export type {
  AuthErrorCode,
  AuthErrorOptions,
  Challenge,
  ErrorEntry,
  OAuthErrorCode,
  RefusalReason,
} from './core/base/errors.js';
export type { Device } from './core/logins/login-service.js';
export type { TokenLimits } from './core/base/limits.js';
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
export type { AuthRequest } from './core/base/request.js';
export type {
  IssuedOneTimeToken,
  OneTimeTokenOptions,
  RedeemedToken,
  RedeemOptions,
} from './core/issuing/one-time-tokens.js';
export type { TokenPair } from './core/issuing/token-minter.js';
export type {
  ClientTokenOptions,
  ExpectedToken,
  IssueOptions,
  RefreshTokenOptions,
} from './core/issuing/token-options.js';
export type { ClaimsContext, ClaimsFor, OwnClaims } from './core/issuing/token-settings.js';
export type { SignInCredentials, UserDescription } from './core/users/users.js';
