// The three store ports. A port is an abstract class, and that class is its injection token. What is promised here is
// tested by one contract suite (`nestjs-latchkey/testing`), which every adapter runs.
import { AuthConfigurationError } from '../base/errors.js';
import type { Subject } from '../base/principal.js';

/** What an entry of the blocklist ends: one token, one sign-in with all it issued, or everything of a subject. */
export type RevocationKind = 'token' | 'login' | 'subject';

/** An entry of the blocklist. It holds ids, never a token. */
export interface RevocationEntry {
  readonly kind: RevocationKind;
  readonly issuer: string;
  /** The `jti`, the `sid` or the `sub`, as the kind demands. At most 255 characters. */
  readonly id: string;
  /** Epoch seconds. A subject's entry ends what was issued at or before this time; the other kinds end all. */
  readonly revokedAt: number;
  /** Epoch seconds after which the entry may be deleted, because everything that it ends has expired. */
  readonly expiresAt: number;
  /** The one sign-in that a subject's entry spares ("everyone but this one"). */
  readonly exceptSid?: string | undefined;
  /** Free text for operators, at most 255 characters: `sign-out`, `reuse`. Never shown to a client. */
  readonly reason?: string | undefined;
}

/** The facts of a credential that the blocklist is asked about. */
export interface RevocationQuery {
  readonly issuer: string;
  readonly jti?: string | undefined;
  readonly sid?: string | undefined;
  readonly subject: string;
  /** Epoch seconds; without it a subject's entry ends the credential whatever its age. */
  readonly issuedAt?: number | undefined;
}

/** Which entry of the blocklist ends a credential; `undefined` if none does. */
export type RevocationAnswer = RevocationKind | undefined;

/** What became different on a blocklist. */
export interface RevocationChanges {
  /** Entries that were added or made stricter. The same one may come more than once, and merges as {@link BlocklistStore.add} says. */
  readonly entries: readonly RevocationEntry[];
  /** What to ask with next time. Only the store knows what it means. */
  readonly cursor: string;
  /** True if more is waiting: ask again at once. */
  readonly more: boolean;
  /** True if the store could not go on from the cursor, because it was emptied or put back: this answer begins again. */
  readonly restarted: boolean;
  /** Epoch seconds since when the list is complete, if the store knows: what was issued earlier counts as revoked. */
  readonly completeSince?: number | undefined;
}

/**
 * The blocklist: what must no longer be accepted although its signature still holds.
 *
 * Every method rejects only when the store is unavailable; "not there" is an answer. Expired entries count as absent. Keys are
 * `(issuer, kind, id)`, compared exactly, with case.
 */
export abstract class BlocklistStore {
  /**
   * Adds an entry. Resolves `true` if it is new, `false` if the key was there.
   *
   * Idempotent: of many concurrent calls with one key exactly one sees `true`. When it was there, the longer life wins, and for a
   * subject the later `revokedAt` wins together with its `exceptSid`; of two with the same `revokedAt`, one without `exceptSid`.
   * Once the promise resolves, every later {@link find} on any process sees the entry.
   */
  abstract add(entry: RevocationEntry): Promise<boolean>;

  /**
   * Says which entry, if any, ends this credential; `undefined` if none does. One round trip; a store in this process's memory
   * answers without a promise.
   *
   * A `subject` entry matches when `issuedAt <= revokedAt` (or `issuedAt` is unknown) and the `sid` is not its `exceptSid`.
   */
  abstract find(query: RevocationQuery): RevocationAnswer | Promise<RevocationAnswer>;

  /** The time (epoch seconds) up to which all of a subject is revoked; `undefined` if there is none. */
  abstract subjectRevokedAt(subject: Subject): Promise<number | undefined>;

  /**
   * Says what is new, for a memory that is kept in step: see the option `revocation.freshness`. A store without it can only be
   * asked at every request.
   *
   * An entry whose {@link add} resolved before this call is in this answer, in an earlier one of the same row of cursors, or in a
   * later one if `more` is true; late commits and clocks that disagree are for the store to allow for. Without a cursor all live
   * entries are told. `limit` is a wish: an answer may hold more.
   */
  changesSince?(cursor: string | undefined, limit: number): Promise<RevocationChanges>;

  /**
   * Calls back soon after an entry was added anywhere, so that a caller that follows {@link changesSince} asks it at once instead of
   * later. A hint says nothing else: it is not believed, it may come twice or for nothing, and it may be lost. A store without it, or
   * with a connection for it that is down, is asked as often as before.
   *
   * Never throws. Returns how to stop, after which nothing is called back and nothing stays open.
   */
  watch?(onHint: () => void): () => void;

  /** Live entries, newest first, for operators. At most `limit`, which is at most 1,000. */
  abstract list(options: { readonly now: number; readonly limit: number }): Promise<readonly RevocationEntry[]>;

  /**
   * Deletes entries whose `expiresAt <= now` (epoch seconds). Resolves how many. Stores that expire rows themselves resolve 0.
   *
   * Never earlier than the end by every clock: `now` is that of one server, which may be ahead of the others. If several share a
   * store, it goes by its own clock as well, and may keep what has ended for as long as it likes.
   */
  abstract prune(now: number): Promise<number>;
}

/** A refresh token that was replaced, and when by the clock of the store, in epoch milliseconds. */
export interface Replaced {
  readonly jti: string;
  readonly atMs: number;
}

/**
 * One sign-in, whatever it issued (tokens, cookies or a host session): one row. The key is `(issuer, sid)`.
 * Times are epoch seconds unless the name says otherwise.
 */
export interface Login {
  readonly issuer: string;
  readonly sid: string;
  /** The `sub`. */
  readonly subject: string;
  /** The `jti` of the one live refresh token; for a login that cannot be refreshed (a host session), the empty string. */
  readonly currentJti: string;
  /** When the live refresh token was issued, and when it ends: a retry signs exactly these again. */
  readonly currentIssuedAt: number;
  readonly currentExpiresAt: number;
  /**
   * The `jti` that the current one replaced, and when by the clock of the store, in epoch milliseconds. Both absent before the first
   * rotation.
   */
  readonly previousJti?: string | undefined;
  readonly rotatedAtMs?: number | undefined;
  /**
   * What was replaced before that and still within the grace of the last rotation, oldest first; absent if there is none, which is
   * nearly always. Fewer than {@link MOST_REPLACED}.
   */
  readonly replacedEarlier?: readonly Replaced[] | undefined;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** The end that no refresh passes. */
  readonly absoluteExpiresAt: number;
  /** The name under which the user recognizes the device, at most 255 characters. */
  readonly label?: string | undefined;
}

/** One attempt to replace the live refresh token of a login. */
export interface Rotation {
  readonly issuer: string;
  readonly sid: string;
  /** The `jti` that was presented. */
  readonly from: string;
  /** What takes its place if it is the live one. */
  readonly to: { readonly jti: string; readonly issuedAt: number; readonly expiresAt: number };
  /** Epoch milliseconds by the clock of the caller, for `lastUsedAt`. The grace is not measured by it. */
  readonly nowMs: number;
  /** How long after it was replaced a token may be presented again, in milliseconds by the clock of the store. */
  readonly graceMs: number;
}

/**
 * How many replaced tokens of one sign-in are remembered within one grace. Eight tabs that load at once need about as many; a client
 * that refreshes in a loop gets there, and is then not given a new token but the live one again.
 */
export const MOST_REPLACED = 64;

/**
 * What became of a rotation. `rotated`, `retry` and `held` hand back the login as it now is; its `currentJti` is what the caller
 * gets. On `reused` the store changes nothing: the caller must revoke the login. `unknown` says that there is no such live login.
 */
export type RotationOutcome =
  | { readonly outcome: 'rotated' | 'retry' | 'held'; readonly login: Login }
  | { readonly outcome: 'reused'; readonly login: Login }
  | { readonly outcome: 'unknown' };

/**
 * The sign-ins. One live refresh token per login, whatever races and crashes happen.
 *
 * Every method rejects only when the store is unavailable. A login whose `currentExpiresAt` or `absoluteExpiresAt` has passed
 * counts as absent for {@link list}; {@link rotate} and {@link find} may still see it until it is pruned, and callers check its
 * times themselves.
 */
export abstract class LoginStore {
  /** Records a new login. The `(issuer, sid)` must be new; a second one rejects. */
  abstract open(login: Login): Promise<void>;

  /**
   * Replaces the live refresh token in one conditional write, which succeeds only on the row that was read: no other process can slip
   * between. Of many concurrent calls with the live `jti` exactly one gets `rotated`, and every other, inside the grace, gets `retry`
   * with the token that is then live.
   *
   * The grace is measured by one clock, that of the store: processes whose clocks disagree must decide alike.
   *
   * - `from` is the live one: `rotated`. `rotatedAtMs` becomes the current time of the store, `lastUsedAt` the second of `nowMs`, and
   *   what was replaced within the grace stays remembered in `replacedEarlier`.
   * - `from` is the live one, and {@link MOST_REPLACED} were replaced within the grace: `held`. Nothing is written.
   * - `from` was replaced less than `graceMs` ago, however often the sign-in was refreshed since; an age that is negative, because the
   *   clock was set back, counts as 0: `retry`. Nothing is written, so the window never grows, and with `graceMs` 0 there is none.
   * - the login is there and `from` is anything else, the empty string of a host session included: `reused`.
   * - otherwise `unknown`.
   */
  abstract rotate(rotation: Rotation): Promise<RotationOutcome>;

  /** The login, or `undefined`. */
  abstract find(issuer: string, sid: string): Promise<Login | undefined>;

  /** Notes that a login without refresh tokens was used. Unknown logins are ignored. Never moves backwards. */
  abstract touch(issuer: string, sid: string, now: number): Promise<void>;

  /** The live logins of a subject, newest first. */
  abstract list(subject: Subject, now: number): Promise<readonly Login[]>;

  /** Deletes a login. Idempotent: unknown ones are ignored. Resolves whether it was there. */
  abstract end(issuer: string, sid: string): Promise<boolean>;

  /** Deletes all logins of a subject but one. Resolves how many were there. */
  abstract endAll(subject: Subject, exceptSid?: string): Promise<number>;

  /**
   * Deletes logins whose `absoluteExpiresAt <= now` or `currentExpiresAt <= now` (epoch seconds), as
   * {@link BlocklistStore.prune} does. Resolves how many. Stores that expire rows themselves resolve 0.
   */
  abstract prune(now: number): Promise<number>;
}

/** How an id is used. */
export interface ConsumeOptions {
  /**
   * Whether the use is part of a transaction of the application that the store was handed, and rolled back with it. Only for what the
   * caller may undo: a counted attempt must outlast the rollback of a refused request. @defaultValue false
   */
  readonly joins?: boolean | undefined;
}

/**
 * What may be used once: ids of tokens that were redeemed. One-time tokens are signed, so that only those that were used are kept.
 */
export abstract class OneTimeStore {
  /**
   * Uses an id. Resolves `true` exactly once for each: of many concurrent calls, on any process, one sees `true`, and every other and
   * later one `false`. Ids have any length and are compared exactly, with case.
   *
   * Callers check the end themselves, before they ask. Rejects only when the store is unavailable; then the id was not used, unless the
   * answer alone was lost.
   *
   * @param id names what is used, and what for: ids of two purposes must differ
   * @param expiresAt epoch seconds after which the use may be deleted, because the id has expired
   * @param options a store without transactions may ignore them
   */
  abstract consume(id: string, expiresAt: number, options?: ConsumeOptions): Promise<boolean>;

  /** Deletes uses whose `expiresAt <= now` (epoch seconds), as {@link BlocklistStore.prune} does. Resolves how many. */
  abstract prune(now: number): Promise<number>;
}

/** A store that must be looked at before the first request: a missing table or key space is a boot error naming it. */
export interface CheckedStore {
  /** Rejects with a sentence that names what is missing and how to make it. */
  checkReady(): Promise<void>;
}

/** The stores of an application. */
export interface Stores {
  readonly revocations: BlocklistStore;
  readonly logins: LoginStore;
  /** Without it `OneTimeTokens` rejects with an error that says so, and all else works. @defaultValue none */
  readonly oneTime?: OneTimeStore | undefined;
}

/**
 * How an application gets its stores, as data: what to import, what to inject, and how to make them of it. `memoryStores()`,
 * `typeOrmStores()` and `redisStores()` return one; write your own for a store of your own.
 *
 * The fields mean what they mean in a Nest factory provider, and are typed loosely because this file knows no framework. The
 * module that uses the factory provides `Clock`, so that a factory may inject it.
 */
export interface StoresFactory {
  readonly imports?: readonly unknown[] | undefined;
  readonly inject?: readonly unknown[] | undefined;
  /** Said at boot if something of `inject` is missing: what to do, as the end of a sentence. */
  readonly remedy?: string | undefined;
  /** Said at boot: choices that leave something open, with their consequence. */
  readonly warnings?: readonly string[] | undefined;
  // A method, because its parameters are compared loosely: each factory names the types of what it injects.
  useFactory(...injected: readonly unknown[]): Stores | Promise<Stores>;
}

/**
 * Looks at all stores before the first request, as far as they can be looked at.
 * @throws {AuthConfigurationError} with the problems of all
 */
export async function checkStores({ revocations, logins, oneTime }: Stores): Promise<void> {
  const stores = [revocations, logins, ...(oneTime === undefined ? [] : [oneTime])];
  const looks = stores.map(async (store) => (isChecked(store) ? store.checkReady() : undefined));
  const problems = (await Promise.allSettled(looks)).flatMap((look) =>
    look.status === 'rejected' ? problemsOf(look.reason) : [],
  );
  if (problems.length > 0) throw new AuthConfigurationError([...new Set(problems)]);
}

function problemsOf(reason: unknown): readonly string[] {
  if (reason instanceof AuthConfigurationError) return reason.problems;
  return [reason instanceof Error ? reason.message : 'A store is not ready.'];
}

/** True if a store can be looked at before it is used. */
export function isChecked(store: object): store is CheckedStore {
  return 'checkReady' in store && typeof store.checkReady === 'function';
}
