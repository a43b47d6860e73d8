// The judgement of typed-in credentials: one answer for unknown user, wrong password, inactive user and wrong second factor.
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { channelSink, type EventSink } from '../base/event-sink.js';
import { isObject } from '../base/members.js';
import type { AuthUser, Json } from '../base/principal.js';
import { assertProof, type Proof } from '../base/proof.js';
import { withTimeout } from '../base/timeout.js';
import type { AccountResolver } from '../users/accounts.js';
import { isChallenge, isProven, NO_FACTS, type Challenge, type SignInFacts } from '../users/sign-in-answers.js';

/** Passwords take time to hash, and wait for each other; a source that takes longer does not answer. */
const VERIFICATION_TIMEOUT_MS = 10_000;

/** A person who signed in, and how they proved who they are. `acr` and `amr` are for what is issued: hand them on. */
export interface IdentifiedUser extends Proof {
  readonly user: AuthUser;
  /** The step that completed the sign-in; `undefined` if there was none. */
  readonly step?: { readonly kind: string; readonly data: Json | undefined } | undefined;
}

/** Judges credentials for whatever is handed out afterwards: tokens, cookies or a session. */
export class SignInService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly users: AccountResolver,
    private readonly eventSink: EventSink = channelSink,
  ) {}

  /**
   * The active user whose credentials these are, for applications without further steps.
   * @throws {AuthError} as {@link identify}
   */
  async verify(body: object, facts?: SignInFacts): Promise<AuthUser> {
    return (await this.identify(body, facts)).user;
  }

  /**
   * The active user whose credentials these are, and how they were proven.
   * @param body what was sent, which the user source gets as it is
   * @param facts what is known of the request @defaultValue nothing
   * @throws {AuthError} `invalid_credentials`, the same for every reason; `users_unavailable`; `sign_in_overloaded` as thrown by
   * the user source; `misconfigured` where it describes the user with what no token can carry, which is no wrong password
   */
  async identify(body: object, facts: SignInFacts = NO_FACTS): Promise<IdentifiedUser> {
    try {
      return await this.judge(body, facts);
    } catch (error) {
      if (error instanceof AuthError)
        this.eventSink.after({ type: 'sign_in_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }

  private async judge(body: object, facts: SignInFacts): Promise<IdentifiedUser> {
    const { source } = this.users;
    if (source?.verifyCredentials === undefined) throw new TypeError(NO_CREDENTIALS);
    if (!hasPlainCredentials(body)) throw new AuthError('invalid_credentials');
    const answer: unknown = await this.users.calls.ask('users', () =>
      // What the body holds is between the class of the route and the source, which the application matches.
      withTimeout(VERIFICATION_TIMEOUT_MS, async () => source.verifyCredentials?.(body as never, facts)),
    );
    const found = answerOf(answer);
    const { active } = await orUnavailable('users_unavailable', () => this.users.judged(source, found.user));
    if (!active) throw new AuthError('invalid_credentials');
    if (isChallenge(found)) throw new AuthError('misconfigured', { cause: new TypeError(NO_STEPS) });
    return { user: found.user, acr: found.acr, amr: found.amr };
  }
}

/** A driver may expand objects into conditions, and then the first row wins. What a class of the application names besides, it checks. */
function hasPlainCredentials(body: unknown): body is object {
  if (!isObject(body)) return false;
  return ['username', 'password'].every((name) => !(name in body) || typeof Reflect.get(body, name) === 'string');
}

/**
 * The answer of a source, with the user in it.
 * @throws {AuthError} `invalid_credentials` for what is no user: `true`, numbers and error objects; `misconfigured` for an `acr` or `amr`
 * that cannot be signed
 */
function answerOf(answer: unknown): Challenge | IdentifiedUser {
  if (!isUser(answer)) throw new AuthError('invalid_credentials');
  if (!isProven(answer) && !isChallenge(answer)) return { user: answer };
  if (!isUser(answer.user)) throw new AuthError('invalid_credentials');
  try {
    assertProof(answer);
    return answer;
  } catch (cause) {
    throw new AuthError('misconfigured', { cause });
  }
}

/** Only an object that the source itself can describe signs in. */
function isUser(answer: unknown): answer is AuthUser {
  return typeof answer === 'object' && answer !== null && !(answer instanceof Error);
}

const NO_CREDENTIALS =
  'Signing in needs a user source that can verify credentials: give AuthModule `users`, and that class a verifyCredentials method.';

const NO_STEPS = 'The user source answered with a challenge, and nothing here goes on with it.';
