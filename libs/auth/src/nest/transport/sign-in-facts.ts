// What is known of the request that a person signs in with, in the words of the core.
import { factsOf, type SignInFacts } from '../../core/users/sign-in-answers.js';
import { adaptRequest } from './adapt-request.js';

/** The facts of a request of Express or Fastify. @throws {AuthError} `unsupported_context` for what is no request */
export function signInFactsOf(request: unknown): SignInFacts {
  return factsOf(adaptRequest(request));
}
