// The refusal of what cannot be understood. The caller reads its code; the application's log says why.
import { AuthError } from '../../core/base/errors.js';

/** The reason of an `unsupported_context`, for the log. It holds names of types and members, and nothing that was sent. */
export class UnsupportedReason extends Error {
  override readonly name = 'UnsupportedReason';
}

/** The refusal, with its reason underneath. */
export function unsupported(reason: string): AuthError {
  return new AuthError('unsupported_context', { cause: new UnsupportedReason(reason) });
}
