// The `schemes` door: other ways to authenticate a request, for `AuthGuardFor`.
export { defineScheme } from './core/schemes/schemes.js';

export type { SchemeDescription, SecurityDescription } from './core/schemes/scheme-description.js';
export type { CsrfPolicy, Scheme, CredentialFinder } from './core/schemes/schemes.js';
