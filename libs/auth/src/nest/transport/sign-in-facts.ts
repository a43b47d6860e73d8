// What is known of the request that a person signs in with, in the words of the core.
import { memberIn } from '../../core/base/members.js';
import type { SignInFacts } from '../../core/users/sign-in-answers.js';
import { adaptRequest } from './adapt-request.js';

/** The facts of a request of Express or Fastify. @throws {AuthError} `unsupported_context` for what is no request */
export function signInFactsOf(request: unknown): SignInFacts {
  const adapted = adaptRequest(request);
  const header = (name: string): string | undefined => {
    const lines = adapted.headerLines(name);
    return lines.length === 0 ? undefined : lines.join(', ');
  };
  // Both frameworks call it `ip`, and ask the proxies that the application trusts.
  const address = memberIn(request, 'ip');
  return Object.freeze({
    address: typeof address === 'string' ? address : undefined,
    userAgent: header('user-agent'),
    header,
  });
}
