// Refusals of the token layer that name their rule to operators: the claim, the rule and the option that changes it, never a value.
import { AuthError, type AuthErrorCode } from '../base/errors.js';

/** A claim that must be something else; the rule is one clause, such as `must be a list of strings`. */
export function unacceptable(claim: string, rule: string, option?: string): AuthError {
  return refused('invalid_claims', { claim, rule, option });
}

/** A refusal with its reason. */
export function refused(
  code: AuthErrorCode,
  reason: { readonly claim?: string; readonly rule: string; readonly option?: string | undefined },
): AuthError {
  return new AuthError(code, { reason });
}
