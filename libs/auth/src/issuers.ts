// The `issuers` door: trust in other issuers, presets of providers, caches of key sets, and the users of external tokens.
export { ExternalUserSource } from './core/users/users.js';
export { ProvisionedUserSource } from './core/users/provisioning.js';
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
export { legacyTokens } from './core/issuers/legacy-tokens.js';
export { okta } from './core/issuers/presets/okta.js';
export { openEdx } from './core/issuers/presets/open-edx.js';
export { oryHydra } from './core/issuers/presets/ory-hydra.js';
export { supabase } from './core/issuers/presets/supabase.js';
export { openVerifier } from './core/composition/issuer-verifier.js';
export { zitadel } from './core/issuers/presets/zitadel.js';

export type { ClaimsSchema } from './core/tokens/claims-schema.js';
export type { IssuerVerifier, VerifierOptions } from './core/composition/issuer-verifier.js';
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
export type { ClaimShape, MappedClaim, ProvisionedAttributes, ProvisioningRules } from './core/users/provisioning.js';
export type { AdfsOptions } from './core/issuers/presets/adfs.js';
export type { AuthentikOptions } from './core/issuers/presets/authentik.js';
export type { AzureAdB2cOptions } from './core/issuers/presets/azure-ad-b2c.js';
export type { ClerkOptions } from './core/issuers/presets/clerk.js';
export type { EntraTenants, EntraVersion } from './core/issuers/presets/entra.js';
export type { FirebaseOptions } from './core/issuers/presets/firebase.js';
export type { GithubActionsOptions } from './core/issuers/presets/github-actions.js';
export type { GitlabOptions } from './core/issuers/presets/gitlab.js';
export type { KubernetesOptions } from './core/issuers/presets/kubernetes.js';
export type { LegacyTokensOptions } from './core/issuers/legacy-tokens.js';
export type { OpenEdxOptions } from './core/issuers/presets/open-edx.js';
export type { ProviderOptions, PresetOptions } from './core/issuers/presets/preset-options.js';
export type { SupabaseOptions } from './core/issuers/presets/supabase.js';
export type { ZitadelOptions } from './core/issuers/presets/zitadel.js';
