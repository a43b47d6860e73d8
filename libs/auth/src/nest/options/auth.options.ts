// What can be asked of the module, as applications write it. Each group is declared in a file of its own in `schema`.
export type { AccessOptions } from './schema/access.js';
export type { AuditOptions } from './schema/audit.js';
export type { AuthCookieOptions } from './schema/cookies.js';
export type { CsrfOptions } from './schema/csrf.js';
export type { ErrorResponseOptions } from './schema/errors.js';
export type { HeaderOptions, TokenExtractor } from './schema/header.js';
export type { AuthModuleOptions, KeysOption, LoginUrl } from './schema/module-options.js';
export type { AuthModuleStructure } from './schema/module-structure.js';
export type { RefreshOptions } from './schema/refresh.js';
export type { RevocationOptions } from './schema/revocation.js';
export type { BasicOptions } from './schema/basic.js';
export type { AuthSessionOptions } from './schema/session.js';
export type { SignInStepOptions } from './schema/sign-in.js';
