// The check of typed-in credentials: one answer for unknown user, wrong password, inactive user and wrong second factor.
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { channelSink, type EventSink } from '../base/event-sink.js';
import { isObject } from '../base/members.js';
import type { AuthUser, Json } from '../base/principal.js';
import { assertProof, type Proof } from '../base/proof.js';
import { withTimeout } from '../base/timeout.js';
import type { AccountResolver } from '../users/accounts.js';
import {
  isChallenge,
  isProven,
  NO_FACTS,
  type Challenge,
  withProof,
  type SignInFacts,
  type SignInStep,
} from '../users/sign-in-answers.js';
import type { UserDescription } from '../users/users.js';
import type { BegunStep, Continuations } from './continuations.js';

/** Passwords take time to hash, and wait for each other; a source that takes longer does not answer. */
const VERIFICATION_TIMEOUT_MS = 10_000;

/** A user who signed in, and how they were authenticated. `acr` and `amr` are for what is issued: pass them on. */
export interface IdentifiedUser extends Proof {
  readonly user: AuthUser;
  /** The step that completed the sign-in; `undefined` if there was none. */
  readonly step?: { readonly kind: string; readonly data: Json | undefined } | undefined;
  /**
   * When another provider authenticated the user, before a further step: for what is issued, so that no step makes that authentication
   * more recent. `undefined`: now
   */
  readonly authTime?: Date | undefined;
}

/** What binds the steps of one sign-in to its sender and to the routes where it began, besides the header `User-Agent`. */
export interface StepBinding {
  /**
   * What only the sender knows, or a digest of it: the value of a cookie that was set with the first step, the digest of a secret that the
   * client keeps. The same text at each step. @defaultValue nothing
   */
  readonly secret?: string | undefined;
  /**
   * Where the sign-in is, if an application has several: a continuation of one is refused at the others. The same text at each step.
   * @defaultValue nothing
   */
  readonly at?: string | undefined;
}

/** What a further step is sent with. */
export interface ResumedSignIn {
  readonly continuation: string;
  /** For the user source, which gets it as it is. */
  readonly body: object;
}

/**
 * Checks credentials for whatever is issued afterwards: tokens, cookies or a session.
 *
 * @example
 * ```ts
 * import type { SignInService, TokenService } from 'nestjs-latchkey';
 *
 * export const signIn = async (signIns: SignInService, tokens: TokenService, body: object) =>
 *   tokens.issue(await signIns.verify(body));
 * ```
 */
export class SignInService {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly users: AccountResolver,
    private readonly eventSink: EventSink = channelSink,
    private readonly continuations?: Continuations,
  ) {}

  /**
   * The active user whose credentials these are, for applications without further steps.
   * @throws {AuthError} as {@link identify}
   */
  async verify(body: object, facts?: SignInFacts): Promise<AuthUser> {
    return (await this.identify(body, facts)).user;
  }

  /**
   * The active user whose credentials these are, and how they were authenticated.
   * @param body what was sent, which the user source gets as it is
   * @param facts what is known of the request @defaultValue nothing
   * @param binding for callers that can go on with a further step: what binds it to its sender. Without it a challenge is `misconfigured`
   * @throws {AuthError} `invalid_credentials`, the same for every reason; `further_step_required`; `users_unavailable`;
   * `sign_in_overloaded` as thrown by the user source; `misconfigured` if it describes the user with what no token can carry, which is
   * no wrong password
   */
  identify(body: object, facts: SignInFacts = NO_FACTS, binding?: StepBinding): Promise<IdentifiedUser> {
    return this.published(async () => this.resolveAnswer(await this.answerTo(body, facts), facts, binding));
  }

  /**
   * @internal As {@link identify}, where no further step can be asked for. A user who needs one is refused in the words of a wrong password,
   * which must not be confirmed.
   */
  identifyAtOnce(body: object, facts: SignInFacts): Promise<IdentifiedUser> {
    return this.published(async () => {
      const found = await this.found(await this.answerTo(body, facts));
      if (isChallenge(found)) throw new AuthError('invalid_credentials', { reason: { rule: NEEDS_A_STEP } });
      return found;
    });
  }

  private async answerTo(body: object, facts: SignInFacts): Promise<unknown> {
    const { source } = this.users;
    if (source?.verifyCredentials === undefined) throw new TypeError(NO_CREDENTIALS);
    if (!hasPlainCredentials(body)) throw new AuthError('invalid_credentials');
    // What the body holds is between the class of the route and the source, which the application matches.
    return this.ask(() => source.verifyCredentials?.(body as never, facts));
  }

  /**
   * Goes on with a sign-in that needed a further step: the user who completed it. The results of all steps are combined.
   * @param sent what was sent, and the continuation as the client received it
   * @throws {AuthError} as {@link identify}: `invalid_credentials` also for a continuation that is used, expired, of another sender, or of a
   * user who was changed meanwhile; `too_many_requests` after too many tries of one user, who knows the password
   */
  resume(
    { continuation, body }: ResumedSignIn,
    facts: SignInFacts = NO_FACTS,
    binding: StepBinding = {},
  ): Promise<IdentifiedUser> {
    return this.published(async () => {
      const { source } = this.users;
      if (source?.completeChallenge === undefined || this.continuations === undefined)
        throw this.users.mistake(NO_STEPS);
      const begun = await this.continuations.open(continuation, { facts, secret: binding.secret, at: binding.at });
      const found = await this.stepPublished(begun, async () => {
        await begun.takeTry();
        const answer = await this.ask(() => source.completeChallenge?.(begun.step, body as never, facts));
        const completed = await this.found(answer, begun.step);
        // The use is last: an unavailable check uses nothing.
        await begun.use();
        return completed;
      });
      const { authTime } = begun;
      if (isChallenge(found)) throw await this.furtherStep({ ...found, authTime }, facts, binding);
      const { kind, data } = begun.step;
      return { ...found, step: { kind, data }, authTime };
    });
  }

  /**
   * @internal As {@link identify}, for a user whom another identity provider authenticated: the application has the answer already.
   * @param answer as of `verifyCredentials`: a user, {@link proven}, {@link challenge}, or nothing
   * @param stated how the provider authenticated the user, as far as the application relies on it
   * @throws {AuthError} `external_sign_in_refused` for nothing and for an inactive user; `further_step_required`; `users_unavailable`;
   * `misconfigured` for a plain user if the source has further steps: whether one is needed must be stated
   */
  acceptExternal(
    answer: unknown,
    stated: Proof & Pick<IdentifiedUser, 'authTime'>,
    { facts, binding }: { readonly facts: SignInFacts; readonly binding: StepBinding | undefined },
  ): Promise<IdentifiedUser> {
    return this.published(async () => {
      const { source } = this.users;
      if (source === undefined) throw this.users.mistake(NO_SOURCE);
      const isStated = !isUser(answer) || isProven(answer) || isChallenge(answer);
      if (!isStated && source.completeChallenge !== undefined) throw this.users.mistake(UNSTATED_STEP);
      const found = together(await this.found(answer).catch(asExternalRefusal), stated);
      const { authTime } = stated;
      if (isChallenge(found)) throw await this.furtherStep({ ...found, authTime }, facts, binding);
      return { ...found, authTime };
    });
  }

  private async resolveAnswer(
    answer: unknown,
    facts: SignInFacts,
    binding: StepBinding | undefined,
  ): Promise<IdentifiedUser> {
    const found = await this.found(answer);
    if (!isChallenge(found)) return found;
    throw await this.furtherStep(found, facts, binding);
  }

  /** The answer of the source, about an active user. */
  private async found(answer: unknown, before?: SignInStep): Promise<Challenge | IdentifiedUser> {
    const found = this.answerOf(answer);
    const { active, id } = await this.describe(found.user);
    if (!active) throw new AuthError('invalid_credentials');
    if (before === undefined) return found;
    // A step is about the user whose it is, whatever the source answers.
    if (id !== (await this.describe(before.user)).id) throw new AuthError('invalid_credentials');
    return together(found, before);
  }

  private async describe(user: AuthUser): Promise<UserDescription> {
    const { users } = this;
    const { source } = users;
    if (source === undefined) throw new TypeError(NO_CREDENTIALS);
    return orUnavailable('users_unavailable', () => users.checkedDescription(source, user));
  }

  /**
   * @throws {AuthError} `invalid_credentials` for an answer that is not a user: `true`, numbers and error objects; `misconfigured` for an
   * `acr` or `amr` that cannot be signed
   */
  private answerOf(answer: unknown): Challenge | IdentifiedUser {
    if (!isUser(answer)) throw new AuthError('invalid_credentials');
    if (!isProven(answer) && !isChallenge(answer)) return { user: answer };
    if (!isUser(answer.user)) throw new AuthError('invalid_credentials');
    try {
      assertProof(answer);
    } catch (cause) {
      throw this.users.mistake(cause instanceof Error ? cause.message : NO_STEPS);
    }
    return answer;
  }

  private async furtherStep(
    found: Challenge & Pick<IdentifiedUser, 'authTime'>,
    facts: SignInFacts,
    binding: StepBinding | undefined,
  ): Promise<AuthError> {
    const canGoOn = this.users.source?.completeChallenge !== undefined && this.continuations !== undefined;
    if (!canGoOn || binding === undefined) return this.users.mistake(NO_STEPS);
    const sender = { facts, secret: binding.secret, at: binding.at };
    const { step, subject } = await this.continuations.begin(found, sender, found.authTime);
    const { issuer, id } = subject;
    this.eventSink.after({ type: 'sign_in_step_required', issuer, subject: id, kind: step.kind });
    return new AuthError('further_step_required', { step });
  }

  private async ask(work: () => Promise<unknown> | undefined): Promise<unknown> {
    return this.users.calls.ask('users', () => withTimeout(VERIFICATION_TIMEOUT_MS, async () => work()));
  }

  /** Publishes how a step ended. The step is known to be of that user: its sender passed the steps before it. */
  private async stepPublished<T>({ subject, step }: BegunStep, work: () => Promise<T>): Promise<T> {
    const about = { issuer: subject.issuer, subject: subject.id, kind: step.kind };
    try {
      const done = await work();
      this.eventSink.after({ type: 'sign_in_step_passed', ...about });
      return done;
    } catch (error) {
      if (error instanceof AuthError)
        this.eventSink.after({ type: 'sign_in_step_failed', ...about, code: error.code, reason: error.reason });
      throw error;
    }
  }

  /** Every refusal is published; a missing step is not a refusal. */
  private async published(work: () => Promise<IdentifiedUser>): Promise<IdentifiedUser> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AuthError && error.code !== 'further_step_required')
        this.eventSink.after({ type: 'sign_in_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }
}

/** Combines two steps: the methods of both, and the level of the last that names one. */
function together<Found extends Challenge | IdentifiedUser>(found: Found, before: Proof): Found {
  const amr = [...new Set([...(before.amr ?? []), ...(found.amr ?? [])])];
  return withProof(found, { acr: found.acr ?? before.acr, amr: amr.length === 0 ? undefined : amr });
}

/** A driver may expand objects into conditions, and then the first row wins. What a class of the application names besides, it checks. */
function hasPlainCredentials(body: unknown): body is object {
  if (!isObject(body)) return false;
  return ['username', 'password'].every((name) => !(name in body) || typeof Reflect.get(body, name) === 'string');
}

/** Only an object that the source itself can describe signs in. */
function isUser(answer: unknown): answer is AuthUser {
  return typeof answer === 'object' && answer !== null && !(answer instanceof Error);
}

/** The words of a wrong password fit no sign-in elsewhere. Unknown and inactive users get one answer here, too. */
function asExternalRefusal(cause: unknown): never {
  if (!(cause instanceof AuthError) || cause.code !== 'invalid_credentials') throw cause;
  throw new AuthError('external_sign_in_refused', { cause });
}

const NO_SOURCE = 'An external sign-in needs a user source: give AuthModule `users`.';

const UNSTATED_STEP =
  'The user source has further steps (completeChallenge), and ExternalSignInService.complete() was given a plain user: answer with ' +
  'challenge() if this user needs a step, and with proven() if not.';

const NO_CREDENTIALS =
  'Signing in needs a user source that can verify credentials: give AuthModule `users`, and that class a verifyCredentials method.';

const NEEDS_A_STEP = 'the user needs a further step, which a password in a header cannot make';

const NO_STEPS =
  'The user source answered with a challenge, and nothing goes on with it: give the controller `steps` (an external sign-in `continueAt`), and the source a completeChallenge method.';
