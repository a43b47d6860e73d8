// The way from a subject to a user: the port that an application fills in, and the user that a token alone makes.
import { createHash } from 'node:crypto';
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { AuthUser, Subject, Verified } from '../base/principal.js';
import { withTimeout } from '../base/timeout.js';
import { SourceCalls } from './source-calls.js';
import { descriptionOf, UnusableDescription, type DescribingSource } from './description.js';

/** What a person types in to sign in. `username` is whatever your users sign in with. */
export interface SignInCredentials {
  readonly username: string;
  readonly password: string;
}

/** What the library needs to know of a user. */
export interface UserDescription {
  /**
   * The `sub` of their tokens: stable, unique within the issuer, text of 1 to 255 characters without line breaks; never a name or an
   * address. A numeric key is written `String(user.id)`.
   */
  readonly id: string;
  /**
   * False ends every credential of the user at the next request, until it is true again. Anything but `true` and `false` is an error:
   * where a driver answers with 0 and 1, write `user.active === 1`.
   */
  readonly active: boolean;
  /**
   * Changes when what was issued before must end: a version number, a time of the last password change. Tokens carry a
   * digest of it. Absent: nothing is compared.
   */
  readonly stamp?: string | undefined;
  /** Scopes granted at sign-in. @defaultValue none */
  readonly scopes?: readonly string[] | undefined;
  /** Roles of the user, judged afresh at every request. @defaultValue none */
  readonly roles?: readonly string[] | undefined;
}

/**
 * Where users come from. Extend it, and name the class in `AuthModule.forRoot({ users })`.
 *
 * Methods reject only when the source is unavailable (the answer is then 503, and nobody is logged out); "no such user" is
 * `undefined`. An id that cannot be one of yours (text for a uuid column) is "no such user" too.
 *
 * A lookup that takes longer than 3 seconds, or a judgement of credentials longer than 10, counts as unavailable.
 */
export abstract class UserSource<User = AuthUser> {
  /** The user with that `sub`, active or not. Called at every guarded request, after the signature held. */
  abstract findBySubject(subject: Subject): Promise<User | undefined>;

  /**
   * What the library needs to know of a user. Called often, with no waiting: read it from the user. A description that cannot be used
   * (a number as `id`, text as `active`) lets nobody in, and is written to the log as an error that names the member.
   */
  abstract describe(user: User): UserDescription;

  /**
   * The user whose credentials these are, active or not. Unknown user and wrong password both resolve `undefined`, after the same
   * work: compare with a dummy hash when nobody has that name.
   */
  verifyCredentials?(credentials: SignInCredentials): Promise<User | undefined>;
}

/**
 * Turns the tokens of other issuers into users of yours. Without one they stay what the token says.
 * Identity is `(iss, sub)`: never look a user up by a name or an address that a token claims.
 */
export abstract class ExternalUserSource<User = AuthUser> {
  /** The user for this verified token of another issuer, made if that is your wish; `undefined` refuses the token. */
  abstract resolve(verified: Verified): Promise<User | undefined>;

  /** As `UserSource.describe()`. */
  abstract describe(user: User): UserDescription;
}

/** The user of a credential, and what is known of them. Without a source nothing is known, and nothing is compared. */
export interface Account {
  readonly user: AuthUser | undefined;
  readonly description: UserDescription | undefined;
}

/** A source that takes longer does not answer. */
const LOOKUP_TIMEOUT_MS = 3_000;

/** Stage 5 of the read path: subject to user. */
export class AccountResolver {
  /** Makes the answer to every question while the sources are still to be found; `undefined` once they are, or if there are none. */
  early: (() => AuthError) | undefined;

  private ownUsers: UserSource | undefined;
  private externalUsers: ExternalUserSource | undefined;

  /**
   * Assigned when the application starts, because the source may itself need services of this library.
   * @throws {AuthError} `users_unavailable` before that
   */
  get source(): UserSource | undefined {
    if (this.early !== undefined) throw this.early();
    return this.ownUsers;
  }

  set source(source: UserSource | undefined) {
    this.ownUsers = source;
  }

  /** As {@link source}, for the tokens of other issuers. */
  get foreignSource(): ExternalUserSource | undefined {
    if (this.early !== undefined) throw this.early();
    return this.externalUsers;
  }

  set foreignSource(source: ExternalUserSource | undefined) {
    this.externalUsers = source;
  }

  /** How the sources are asked. */
  readonly calls = new SourceCalls();

  /** @param onMistake told of every description that cannot be used: a mistake in the application, which its log should show */
  constructor(private readonly onMistake: (mistake: TypeError) => void = () => {}) {}

  /**
   * What a source says of a user.
   * @throws {UnusableDescription} a TypeError that names the member; and whatever `describe()` itself throws
   */
  describe<User>(source: DescribingSource<User>, user: User): UserDescription {
    try {
      return descriptionOf(source, user);
    } catch (error) {
      if (error instanceof UnusableDescription) this.onMistake(error);
      throw error;
    }
  }

  /**
   * The account behind a verified credential.
   * @throws {AuthError} `user_not_found`, also where a source answers with somebody else; `users_unavailable`;
   * `misconfigured` where it describes the user with what is not acceptable
   */
  resolve(verified: Verified): Account | Promise<Account> {
    if (verified.kind === 'client') return NO_ACCOUNT;
    const source = verified.own ? this.source : this.foreignSource;
    return source === undefined ? accountFromToken(verified) : this.accountBy(source, verified);
  }

  /**
   * The account with that id of ours, without any credential.
   * @throws {AuthError} `user_not_found`, `users_unavailable`
   * @throws {UnusableDescription} where the source describes the user with what is not acceptable
   */
  async lookUp(subject: Subject): Promise<Account> {
    try {
      return await this.resolve({ subject, kind: 'user', claims: NO_CLAIMS, own: true });
    } catch (error) {
      throw error instanceof AuthError && error.cause instanceof UnusableDescription ? error.cause : error;
    }
  }

  private async accountBy(source: UserSource | ExternalUserSource, verified: Verified): Promise<Account> {
    const user = await (verified.user ?? this.find(verified));
    if (user === undefined || user === null) throw new AuthError('user_not_found');
    const description = await orUnavailable('users_unavailable', () => this.judged(source, user));
    // A source that answers with somebody else would hand one person the account of another.
    if (verified.own && description.id !== verified.subject.id) throw new AuthError('user_not_found');
    return { user, description };
  }

  /**
   * As {@link describe}, where a mistake is answered and not thrown at the caller.
   * @throws {AuthError} `misconfigured`
   */
  judged<User>(source: DescribingSource<User>, user: User): UserDescription {
    try {
      return this.describe(source, user);
    } catch (cause) {
      throw cause instanceof UnusableDescription ? new AuthError('misconfigured', { cause }) : cause;
    }
  }

  private find(verified: Verified): Promise<AuthUser | undefined> | AuthUser | undefined {
    return this.calls.ask(verified.own ? 'users' : 'externalUsers', () =>
      withTimeout(LOOKUP_TIMEOUT_MS, async () =>
        verified.own ? this.source?.findBySubject(verified.subject) : this.foreignSource?.resolve(verified),
      ),
    );
  }
}

const NO_CLAIMS: Verified['claims'] = Object.freeze({});

/** Client principals have no user. */
const NO_ACCOUNT: Account = Object.freeze({ user: undefined, description: undefined });

/** Without a source nothing is known of a user but what the token, or the scheme itself, says. */
function accountFromToken(verified: Verified): Account {
  return { user: verified.user ?? userOfToken(verified), description: undefined };
}

/** Nothing is registered as the user type where no source exists, so the token's own user is what `AuthUser` means then. */
function userOfToken({ subject }: Verified): AuthUser {
  const user: { id: string; issuer: string } = { id: subject.id, issuer: subject.issuer };
  return Object.freeze(user) as unknown as AuthUser;
}

/** The stamp in a token is a truncated SHA-256: it detects a change without revealing the stamp. */
export function stampDigest(subject: Subject, stamp: string): string {
  const text = JSON.stringify([subject.issuer, subject.id, stamp]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
