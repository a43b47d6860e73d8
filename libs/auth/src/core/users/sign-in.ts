// The judgement of typed-in credentials: one answer for unknown user, wrong password and inactive user.
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { AuthUser } from '../base/principal.js';
import { withTimeout } from '../base/timeout.js';
import type { SignInCredentials } from './users.js';
import type { AccountResolver } from './accounts.js';
import { channelSink, type EventSink } from '../base/event-sink.js';

/** Passwords take time to hash, and wait for each other; a source that takes longer does not answer. */
const VERIFICATION_TIMEOUT_MS = 10_000;

/** Judges credentials for whatever is handed out afterwards: tokens, cookies or a session. */
export class SignInService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly users: AccountResolver,
    private readonly eventSink: EventSink = channelSink,
  ) {}

  /**
   * The active user whose credentials these are.
   * @throws {AuthError} `invalid_credentials`, the same for every reason; `users_unavailable`; `sign_in_overloaded` as thrown by
   * the user source; `misconfigured` where it describes the user with what no token can carry, which is no wrong password
   */
  async verify(credentials: SignInCredentials): Promise<AuthUser> {
    try {
      return await this.judge(credentials);
    } catch (error) {
      if (error instanceof AuthError)
        this.eventSink.after({ type: 'sign_in_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }

  private async judge({ username, password }: SignInCredentials): Promise<AuthUser> {
    const { source } = this.users;
    if (source?.verifyCredentials === undefined) throw new TypeError(NO_CREDENTIALS);
    // A driver may expand objects into conditions, and then the first row wins.
    if (typeof username !== 'string' || typeof password !== 'string') throw new AuthError('invalid_credentials');
    const user = await this.users.calls.ask('users', () =>
      withTimeout(VERIFICATION_TIMEOUT_MS, async () => source.verifyCredentials?.({ username, password })),
    );
    if (!isUser(user)) throw new AuthError('invalid_credentials');
    const { active } = await orUnavailable('users_unavailable', () => this.users.judged(source, user));
    if (!active) throw new AuthError('invalid_credentials');
    return user;
  }
}

/** Only an object that the source itself can describe signs in: `true`, numbers and error objects do not. */
function isUser(answer: unknown): answer is AuthUser {
  return typeof answer === 'object' && answer !== null && !(answer instanceof Error);
}

const NO_CREDENTIALS =
  'Signing in needs a user source that can verify credentials: give AuthModule `users`, and that class a verifyCredentials method.';
