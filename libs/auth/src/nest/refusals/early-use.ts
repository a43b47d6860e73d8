// The answer to calls before the application has started: unavailable (500), and a log line that says what to do.
import { Logger } from '@nestjs/common';
import { AuthError } from '../../core/base/errors.js';
import type { AccountResolver } from '../../core/users/accounts.js';
import type { AuthModuleStructure } from '../options/auth.options.js';

const TOO_EARLY =
  'AuthModule was asked before the application has started: call app.init() or app.listen() first, in a test too, where compile() is ' +
  'not enough; a provider asks in onModuleInit() or later, not in its constructor or factory.';

/** Makes the refusals of one caller; the log line is written once. */
export function earlyUse(): () => AuthError {
  let isTold = false;
  return () => {
    if (!isTold) new Logger('AuthModule').error(TOO_EARLY);
    isTold = true;
    return new AuthError('users_unavailable', { cause: new Error(TOO_EARLY) });
  };
}

/** The users of an application that names a source: nothing is known of any until it was found. */
export function awaitingStart(
  users: AccountResolver,
  { users: own, externalUsers }: AuthModuleStructure,
): AccountResolver {
  if (own !== undefined || externalUsers !== undefined) users.early = earlyUse();
  return users;
}
