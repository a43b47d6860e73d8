// Users as this process remembers them between requests, if the application allows it (`userFreshness`). Prevents a user who outlives a
// change: an entry counts from when its query began, and one that was forgotten meanwhile is not kept when its answer arrives.
import { isDeepStrictEqual } from 'node:util';
import { after, rescued } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import type { Subject, Verified } from '../base/principal.js';
import type { RevocationEntry } from '../stores/stores.js';
import type { Account } from './account.js';

/** How long a user is remembered, and how many are. */
export interface RememberedUsersOptions {
  /** How old an answer of the user source may be at a request, in milliseconds. */
  readonly withinMs: number;
  /** How many credentials have a user at most; the oldest answer is dropped first. @defaultValue 10,000 */
  readonly maxEntries?: number | undefined;
}

/** What the source answered, or will answer, about one credential. */
interface Entry {
  readonly key: string;
  /** All that the source saw: it may have looked at any of it. */
  readonly seen: Verified;
  readonly beganMs: number;
  /** What it is forgotten by. */
  readonly labels: string[];
  account: Account | Promise<Account> | undefined;
}

/**
 * Remembers active users, each with the credential that it was looked up for: a source may answer by the claims of a token. Failures, unknown
 * and inactive users are asked for again each time. Requests that come together share one query, for as long as an answer would count.
 */
export class RememberedUsers {
  /** In the order in which the queries began. */
  readonly #entries = new Map<string, Entry>();
  readonly #byLabel = new Map<string, Set<Entry>>();
  readonly #withinMs: number;
  readonly #maxEntries: number;

  constructor(
    private readonly clock: Clock,
    { withinMs, maxEntries = 10_000 }: RememberedUsersOptions,
  ) {
    this.#withinMs = withinMs;
    this.#maxEntries = maxEntries;
  }

  /** How many credentials have an entry. */
  get size(): number {
    return this.#entries.size;
  }

  /** The account of a credential: remembered, or what `load` answers. One account may be returned to several callers. */
  of(verified: Verified, load: () => Account | Promise<Account>): Account | Promise<Account> {
    return this.#find(verified)?.account ?? this.#load(verified, load);
  }

  /** Forgets a user by the `id` that the source describes; a query that is under way is not kept either. */
  forgetUser(id: string): void {
    this.#forget(userLabel(id));
    // Whose account it is that another issuer's token leads to is known only when the source answers.
    this.#forget(NOT_YET_KNOWN);
  }

  /**
   * Forgets whom an entry of the blocklist is about.
   * @param subject whose it is, which an entry about a login or a token does not say
   */
  forgetRevoked({ kind, issuer, id }: Pick<RevocationEntry, 'kind' | 'issuer' | 'id'>, subject?: Subject): void {
    if (subject !== undefined) this.#forget(subjectLabel(subject));
    if (kind === 'subject') this.#forget(subjectLabel({ issuer, id }));
    if (kind === 'login') this.#forget(loginLabel(issuer, id));
  }

  #find(verified: Verified): Entry | undefined {
    const entry = this.#entries.get(keyOf(verified));
    if (entry === undefined || !this.#isFresh(entry)) return undefined;
    return entry.seen === verified || isDeepStrictEqual(entry.seen, verified) ? entry : undefined;
  }

  #isFresh({ beganMs }: Entry): boolean {
    const ageMs = this.clock.monotonicMs() - beganMs;
    return ageMs >= 0 && ageMs < this.#withinMs;
  }

  #load(seen: Verified, load: () => Account | Promise<Account>): Account | Promise<Account> {
    const beganMs = this.clock.monotonicMs();
    const entry: Entry = { key: keyOf(seen), seen, beganMs, labels: labelsOf(seen), account: undefined };
    this.#keep(entry);
    const loading = rescued(load, (cause) => {
      this.#drop(entry);
      throw cause;
    });
    entry.account = after(loading, (account) => this.#settle(entry, account));
    return entry.account;
  }

  /** Only an active user is worth remembering: one who becomes active again must not wait. */
  #settle(entry: Entry, { user, description }: Account): Account {
    const account = { user, description: frozen(description) };
    if (this.#entries.get(entry.key) !== entry) return account;
    if (description?.active !== true) this.#drop(entry);
    else if (!entry.seen.own) this.#nameUser(entry, description.id);
    entry.account = account;
    return account;
  }

  #keep(entry: Entry): void {
    const previous = this.#entries.get(entry.key);
    if (previous !== undefined) this.#drop(previous);
    this.#dropOldest();
    this.#entries.set(entry.key, entry);
    for (const label of entry.labels) this.#file(entry, label);
  }

  /** What has ended goes before there is a need to: two for each that comes, so that no request pays for many. */
  #dropOldest(): void {
    let looked = 0;
    for (const oldest of this.#entries.values()) {
      looked += 1;
      if (looked > 2 || (this.#isFresh(oldest) && this.#entries.size < this.#maxEntries)) return;
      this.#drop(oldest);
    }
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    for (const label of entry.labels) this.#unfile(entry, label);
  }

  #forget(label: string): void {
    for (const entry of this.#byLabel.get(label) ?? []) this.#drop(entry);
  }

  #file(entry: Entry, label: string): void {
    const filed = this.#byLabel.get(label) ?? new Set<Entry>();
    this.#byLabel.set(label, filed.add(entry));
  }

  #unfile(entry: Entry, label: string): void {
    const filed = this.#byLabel.get(label);
    if (filed?.delete(entry) === true && filed.size === 0) this.#byLabel.delete(label);
  }

  #nameUser(entry: Entry, id: string): void {
    this.#unfile(entry, NOT_YET_KNOWN);
    entry.labels.splice(entry.labels.indexOf(NOT_YET_KNOWN), 1, userLabel(id));
    this.#file(entry, userLabel(id));
  }
}

/** Of two credentials with one key the later replaces the earlier: `seen` decides whether an entry counts. */
function keyOf({ subject, jti, sid }: Verified): string {
  return `${jti ?? sid ?? ''}\n${subject.issuer}\n${subject.id}`;
}

const NOT_YET_KNOWN = 'user';

const userLabel = (id: string): string => `user\n${id}`;
const loginLabel = (issuer: string, sid: string): string => `login\n${issuer}\n${sid}`;
const subjectLabel = ({ issuer, id }: Subject): string => `subject\n${issuer}\n${id}`;

function labelsOf({ subject, sid, own }: Verified): string[] {
  return [
    subjectLabel(subject),
    own ? userLabel(subject.id) : NOT_YET_KNOWN,
    ...(sid === undefined ? [] : [loginLabel(subject.issuer, sid)]),
  ];
}

/** Its lists are found on principals, and a handler could add a role to one. */
function frozen(description: Account['description']): Account['description'] {
  if (description === undefined) return undefined;
  const { roles, scopes, match } = description;
  return Object.freeze({
    ...description,
    roles: roles && Object.freeze([...roles]),
    scopes: scopes && Object.freeze([...scopes]),
    match: match && Object.freeze({ ...match }),
  });
}
