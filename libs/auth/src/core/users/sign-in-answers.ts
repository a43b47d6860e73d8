// What a user source may look at when it checks a sign-in, and what it may answer besides a user: how the user was authenticated, or that a
// further step is needed.
import { memberIn } from '../base/members.js';
import type { AuthUser, Json } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import type { Proof } from '../base/proof.js';

/** What is known of the request of a sign-in. No part of it is verified, and the client chose all but the address. */
export interface SignInFacts {
  /** As the framework tells it, which must know the proxies before it; `undefined` if it does not tell. */
  readonly address: string | undefined;
  /** The header `User-Agent`. */
  readonly userAgent: string | undefined;
  /** The header of that name, in any case; several lines are joined with a comma (RFC 9110 §5.3). `undefined` if it was not sent. */
  header(name: string): string | undefined;
}

/** The facts of a call that has no request. */
export const NO_FACTS: SignInFacts = Object.freeze({
  address: undefined,
  userAgent: undefined,
  header: () => undefined,
});

/** What is known of a request. */
export function factsOf(request: AuthRequest): SignInFacts {
  const header = (name: string): string | undefined => {
    const lines = request.headerLines(name);
    return lines.length === 0 ? undefined : lines.join(', ');
  };
  // Both frameworks call it `ip`, and ask the proxies that the application trusts.
  const address = memberIn(request.raw, 'ip');
  return Object.freeze({
    address: typeof address === 'string' ? address : undefined,
    userAgent: header('user-agent'),
    header,
  });
}

/** Shared by all copies of the package, of which an application may have several. */
const KIND = Symbol.for('nestjs-latchkey:sign-in-answer');

/** A user, and how they proved who they are. */
export interface ProvenUser<User = AuthUser> extends Proof {
  readonly user: User;
}

/** A step that is still missing. */
export interface Challenge<User = AuthUser> extends Proof {
  /** What is asked for: `totp`, `email-code`, or a name of the application's own. 1 to 64 letters, digits, `.`, `_` and `-`. */
  readonly kind: string;
  /** The user, as far as the steps so far have authenticated them: the owner of the correct password. */
  readonly user: User;
  /**
   * What the client receives beside the kind, and what comes back to `completeChallenge`. The client can read it and not change it: no
   * secret belongs in it. @defaultValue nothing
   */
  readonly data?: Json | undefined;
}

/** A step as it comes back: the user was looked up again, and is active and unchanged. */
export interface SignInStep<User = AuthUser> {
  readonly kind: string;
  readonly user: User;
  readonly data: Json | undefined;
  /** The results of the steps before it. */
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

/** What a user source may answer. Anything but a user, {@link proven} and {@link challenge} refuses. */
export type SignInAnswer<User = AuthUser> = User | ProvenUser<User> | Challenge<User> | undefined | null;

const KINDS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The answer of a user source: this user, who proved it in this way. `acr` and `amr` end up in tokens, sessions and the principal.
 *
 * @example
 * ```ts
 * import { proven } from 'nestjs-latchkey/sign-in';
 *
 * export const answer = proven({ user: { id: '1' }, amr: ['pwd'] });
 * ```
 */
export function proven<User>(answer: ProvenUser<User>): ProvenUser<User> {
  return marked('proven', answer);
}

/**
 * The answer of a user source: not yet, a further step is needed. The client receives the kind, the data and a continuation, and comes back
 * with it; then `completeChallenge` is asked. What `acr` and `amr` state of this step is added to that of the next.
 *
 * @example
 * ```ts
 * import { challenge } from 'nestjs-latchkey/sign-in';
 *
 * export const answer = challenge({ kind: 'totp', user: { id: '1' }, amr: ['pwd'] });
 * ```
 * @throws {TypeError} for a kind that is not a name
 */
export function challenge<User>(answer: Challenge<User>): Challenge<User> {
  if (typeof answer.kind !== 'string' || !KINDS.test(answer.kind))
    throw new TypeError('The kind of a challenge is 1 to 64 letters, digits, `.`, `_` and `-`.');
  return marked('challenge', answer);
}

/** What {@link proven} made. */
export function isProven(answer: object): answer is ProvenUser {
  return Reflect.get(answer, KIND) === 'proven';
}

/** What {@link challenge} made. */
export function isChallenge(answer: object): answer is Challenge {
  return Reflect.get(answer, KIND) === 'challenge';
}

/** The answer with another proof. */
export function withProof<Answer extends Proof>(answer: Answer, proof: Proof): Answer {
  const changed = { ...answer, ...proof };
  return isChallenge(answer) ? marked('challenge', changed) : changed;
}

/** By a symbol, because a user of the application may have a member of any name. */
function marked<Answer extends object>(kind: 'proven' | 'challenge', answer: Answer): Answer {
  return Object.freeze(Object.defineProperty({ ...answer }, KIND, { value: kind }));
}
