// Tokens that ready-made routes issue. One that cannot be issued is a mistake of the application: the client learns that trying again
// does not help, and the log says which claim is to blame.
import { AuthError } from '../../core/base/errors.js';
import { ClaimsNotSerializableError } from '../../core/tokens/serializable-claims.js';
import { UnissuableToken } from '../../core/tokens/unissuable-token.js';
import type { FaultLog } from './fault-log.js';

/** What the work answers. @throws {AuthError} `misconfigured` for a token that cannot be issued; and whatever else the work throws */
export async function issuedBy<T>(work: () => Promise<T>, faults: Pick<FaultLog, 'report'>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof UnissuableToken || cause instanceof ClaimsNotSerializableError)) throw cause;
    const error = new AuthError('misconfigured', { cause });
    faults.report(error);
    throw error;
  }
}
