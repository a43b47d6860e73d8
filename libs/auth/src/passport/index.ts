// The passport door: existing AuthGuard('jwt') code on our read path, and passport strategies as schemes.
export { PassportJwtModule } from './passport-jwt.module.js';
export { ExternalSignInGuard, externalStateStore } from './external-sign-in.js';
export { passportScheme } from './passport-scheme.js';

export type { PassportJwtOptions } from './passport-jwt.module.js';
export type { PassportStateStore } from './external-sign-in.js';
export type { PassportSchemeOptions } from './passport-scheme.js';
export type { PassportStrategy } from './run-strategy.js';
export type { PassportIdentity } from './passport-identity.js';
