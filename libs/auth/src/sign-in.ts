// The `sign-in` door: sign-ins in several steps, and how a user was proven.
export { challenge, proven } from './core/users/sign-in-answers.js';

export type { FurtherStep } from './core/base/errors.js';
export type { Proof } from './core/base/proof.js';
export type { IdentifiedUser, ResumedSignIn, StepBinding } from './core/sign-in/sign-in-service.js';
export type { LoginLifetime, LoginOptions } from './core/issuing/token-options.js';
export type { Challenge as SignInChallenge } from './core/users/sign-in-answers.js';
export type { ProvenUser, SignInAnswer, SignInFacts, SignInStep } from './core/users/sign-in-answers.js';
export type { StepCredentials } from './core/users/users.js';
