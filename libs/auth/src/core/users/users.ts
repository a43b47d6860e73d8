// Where users come from: the ports that an application fills in.
import { createHash } from 'node:crypto';
import type { AuthUser, Subject, Verified } from '../base/principal.js';
import type { SignInAnswer, SignInFacts, SignInStep } from './sign-in-answers.js';

/** What a user enters to sign in, unless a body of your own says otherwise. `username` is whatever your users sign in with. */
export interface SignInCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a user enters at a further step, unless a body of your own says otherwise. */
export interface StepCredentials {
  readonly code: string;
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
   * If a driver answers with 0 and 1, write `user.active === 1`.
   */
  readonly active: boolean;
  /**
   * Changes when what was issued before must end: a version number, a time of the last password change. Tokens carry a
   * digest of it. Absent: nothing is compared.
   */
  readonly stamp?: string | undefined;
  /**
   * Claims that must still be true of the user, by claim, such as `{ email: user.email }`. An access token whose claim differs is refused as
   * `claims_stale` on every route: 401, or forgiven in a cookie, like an expired one. An absent claim equals an absent value. Own tokens
   * carry what `access.claimsFor` writes, and one that would be refused is not issued; a refresh brings the new value. Host sessions
   * and API keys carry no claims, and are not compared. @defaultValue nothing is compared
   */
  readonly match?: Readonly<Record<string, string | number | boolean | null | undefined>> | undefined;
  /** Scopes granted at sign-in. @defaultValue none */
  readonly scopes?: readonly string[] | undefined;
  /** Roles of the user, checked again at every request. @defaultValue none */
  readonly roles?: readonly string[] | undefined;
}

/**
 * Where users come from. Extend it, and name the class in `AuthModule.forRoot({ users })`.
 *
 * Methods reject only when the source is unavailable (the answer is then 503, and no user is signed out); "no such user" is
 * `undefined` or `null`, whichever your database answers. An id that cannot be one of yours (text for a uuid column) is "no such user" too.
 *
 * A lookup that takes longer than 3 seconds, or a check of credentials longer than 10, counts as unavailable.
 *
 * @example
 * ```ts
 * import { UserSource, type Subject } from 'nestjs-latchkey';
 *
 * interface Member {
 *   readonly id: number;
 *   readonly blocked: boolean;
 * }
 *
 * export class MembersService extends UserSource<Member> {
 *   private readonly members = new Map<string, Member>();
 *
 *   async findBySubject({ id }: Subject) {
 *     return this.members.get(id);
 *   }
 *
 *   describe(member: Member) {
 *     return { id: String(member.id), active: !member.blocked };
 *   }
 * }
 * ```
 */
export abstract class UserSource<User = AuthUser, Body = SignInCredentials, StepBody = StepCredentials> {
  /**
   * Why this source is for development alone, as the end of a sentence: with `NODE_ENV=production` the application refuses to start and
   * says it, otherwise it is a warning at start-up. For users in memory, or with passwords that others know. @defaultValue absent: it may serve
   * in production
   */
  readonly developmentOnly?: string | undefined;

  /**
   * The user with that `sub`, active or not; `null` counts as `undefined`. Called at every guarded request, after the signature held, unless
   * `userFreshness` says otherwise.
   *
   * @param verified the credential that names the subject, if there is one: its claims, for sources that need a tenant to find a user. The
   * claims of a refresh token are registered ones alone, a session has none. `undefined` if the library looks a user up by id: for a sign-in
   * in steps, a token that is issued by id, and in tests
   */
  abstract findBySubject(subject: Subject, verified?: Verified): Promise<User | undefined | null>;

  /**
   * What the library needs to know of a user. Called often, with no waiting: read it from the user. A description that cannot be used
   * (a number as `id`, text as `active`) refuses the user, and is written to the log as an error that names the member.
   */
  abstract describe(user: User): UserDescription;

  /**
   * A copy of a remembered user for one request, so that what a handler changes is not seen by another: with `userFreshness: { withinMs }`
   * alone. Implement it if instances of your users cannot be copied member by member (private fields, documents of Mongoose).
   * @defaultValue a deep copy of plain objects, instances with their prototype, lists, dates, maps, sets and bytes
   */
  copy?(user: User): User;

  /**
   * The user whose credentials these are, active or not. Unknown user and wrong password both resolve `undefined`, after the same
   * work: compare with a dummy hash if no user has that name. `null` counts as `undefined`.
   *
   * `proven({ user, amr, acr })` also says how they were authenticated, `challenge({ kind, user, data })` that a further step is needed;
   * both are in `nestjs-latchkey/sign-in`.
   *
   * @param body all that was sent, as the class of the route's body declares it: `username` and `password`, unless it is one of your own
   * @param facts what is known of the request
   */
  verifyCredentials?(body: Body, facts: SignInFacts): Promise<SignInAnswer<User>>;

  /**
   * The user who passed the step, or another `challenge()`; `undefined` if what was sent is not right. Asked once for each try, of
   * which there are few. A code that was used before must be refused here: the library does not know codes.
   *
   * @param step what `challenge()` said; its user was looked up again, and is active and unchanged
   * @param body all that was sent, as the class of the route's body declares it: `code`, unless it is one of your own
   */
  completeChallenge?(step: SignInStep<User>, body: StepBody, facts: SignInFacts): Promise<SignInAnswer<User>>;
}

/**
 * Turns the tokens of other issuers into users of yours. Without one they stay what the token says.
 * Identity is `(iss, sub)`: never look a user up by a name or an address that a token claims.
 *
 * @example
 * ```ts
 * import type { Verified } from 'nestjs-latchkey';
 * import { ExternalUserSource } from 'nestjs-latchkey/issuers';
 *
 * interface Member {
 *   readonly id: number;
 *   readonly blocked: boolean;
 * }
 *
 * export class LinkedMembers extends ExternalUserSource<Member> {
 *   private readonly links = new Map<string, Member>();
 *
 *   async resolve({ subject }: Verified) {
 *     return this.links.get(JSON.stringify([subject.issuer, subject.id]));
 *   }
 *
 *   describe(member: Member) {
 *     return { id: String(member.id), active: !member.blocked };
 *   }
 * }
 * ```
 */
export abstract class ExternalUserSource<User = AuthUser> {
  /** The user for this verified token of another issuer, made if that is your wish; `undefined` or `null` refuses the token. */
  abstract resolve(verified: Verified): Promise<User | undefined | null>;

  /**
   * The user who is linked with that subject of another issuer already, active or not; it makes and changes nothing. The subject may be
   * unverified, and the answer is only compared: while a browser carries a bad token cookie beside a live session, the session answers
   * if both are one user. Without this method {@link resolve} is asked in its place, for cookies whose signature held; any other counts
   * as that of another user.
   */
  findLinked?(subject: Subject): Promise<User | undefined | null>;

  /**
   * As `UserSource.describe()`. The `id` is that of the user of yours: a session of the same id is a session of the same user.
   */
  abstract describe(user: User): UserDescription;

  /** As `UserSource.copy()`. */
  copy?(user: User): User;
}

/** The stamp in a token is a truncated SHA-256: it detects a change without revealing the stamp. */
export function stampDigest(subject: Subject, stamp: string): string {
  const text = JSON.stringify([subject.issuer, subject.id, stamp]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
