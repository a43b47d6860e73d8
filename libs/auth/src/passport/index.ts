// The passport door: existing AuthGuard('jwt') code on our read path, and passport strategies as schemes.
export { PassportJwtModule } from './passport-jwt.module.js';
export { passportScheme } from './passport-scheme.js';

export type { PassportJwtOptions } from './passport-jwt.module.js';
export type { PassportSchemeOptions } from './passport-scheme.js';
export type { PassportStrategy } from './run-strategy.js';
export type { PassportIdentity } from './passport-identity.js';
