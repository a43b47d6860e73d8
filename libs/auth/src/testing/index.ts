// The `testing` door: for any test runner, of which it imports none.
export { actingAs } from './acting-as.js';
export { auditSinkContract, type AuditSinkCase, type MakeAuditSink } from './audit-sink-contract.js';
export { AuthTestingModule } from './auth-testing.module.js';
export { expectProtected } from './expect-protected.js';
export { FixedClock } from './fixed-clock.js';
export { keySetCacheContract, type KeySetCacheCase, type MakeKeySetCache } from './key-set-cache-contract.js';
export { LocalIssuer } from './local-issuer.js';
export { storeContract, type MakeStores, type StoreCase } from './store-contract.js';
export { TokenFactory } from './token-factory.js';

export type { Acting, ActingOptions, Answer, HeadersByName } from './acting-as.js';
export type { OverridableBuilder } from './auth-testing.module.js';
export type { ExpectProtectedOptions } from './expect-protected.js';
export type { IssuerFailure } from './local-issuer.js';
export type { RefusedToken, TestClaims, TestTokenOptions } from './token-factory.js';
export type { StandaloneOptions, TestUser } from './token-source.js';
