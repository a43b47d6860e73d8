// The `schemes` door: other ways to authenticate a request, for `AuthGuardFor`.
export { defineScheme } from './core/schemes/schemes.js';

export type { SchemeDescription, SecurityDescription } from './core/schemes/scheme-description.js';
export type { CredentialFinder, CsrfPolicy, Scheme, SchemeBase } from './core/schemes/schemes.js';
export type { SchemeFactory, ServiceFinder } from './core/schemes/scheme-factory.js';
