// The stores of one process: for development, tests and services that run alone. They are also the readable specification
// of the ports. Bounded: a full store refuses, because dropping a live entry would make a revoked token valid again.
import { Clock, SystemClock } from '../base/clock.js';
import type { Subject } from '../base/principal.js';
import { BloomMap } from './bloom-map.js';
import {
  LoginStore,
  BlocklistStore,
  OneTimeStore,
  type Login,
  type RevocationAnswer,
  type RevocationChanges,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
  type Rotation,
  type RotationOutcome,
  type Stores,
  type StoresFactory,
} from './stores.js';
import { matchingRevocation, isLive, isStricter, listLength, rotatedFields, classifyPresentedToken } from './rules.js';

const FIRST_SWEEP = 1_000;

/** How much the memory stores hold before they refuse. */
export interface MemoryStoresOptions {
  /** @defaultValue 1,000,000 entries of the blocklist, of about 200 bytes each */
  readonly maxRevocations?: number | undefined;
  /** @defaultValue 100,000 sign-ins */
  readonly maxLogins?: number | undefined;
  /** @defaultValue 1,000,000 uses of one-time tokens */
  readonly maxOneTime?: number | undefined;
}

/** An entry and the number of the change that made it what it is. */
interface Kept extends RevocationEntry {
  readonly change: number;
}

/** The blocklist in the memory of this process. Other processes do not see it, and it ends with the process. */
export class MemoryBlocklistStore extends BlocklistStore {
  /** By kind, issuer and id: an issuer's name is kept once, and no key has to be put together to ask. */
  readonly #lists: Readonly<Record<RevocationKind, Map<string, BloomMap<Kept>>>> = {
    token: new Map(),
    login: new Map(),
    subject: new Map(),
  };
  #size = 0;
  #changes = 0;
  #sweepAt = FIRST_SWEEP;

  constructor(
    private readonly clock: Clock = new SystemClock(),
    private readonly maxEntries = 1_000_000,
  ) {
    super();
  }

  /** True while only keys that are there already can be added. */
  get isFull(): boolean {
    return this.#size >= this.maxEntries;
  }

  override async add(entry: RevocationEntry): Promise<boolean> {
    const list = this.#listOf(entry.kind, entry.issuer);
    const change = (this.#changes += 1);
    const there = list.get(entry.id);
    if (there && there.expiresAt > this.clock.nowSeconds()) {
      const expiresAt = Math.max(there.expiresAt, entry.expiresAt);
      list.set(entry.id, keptOf(isStricter(entry, there) ? entry : there, { expiresAt, change }));
      return false;
    }
    if (!there) this.#makeRoom();
    list.set(entry.id, keptOf(entry, { expiresAt: entry.expiresAt, change }));
    if (!there) this.#size += 1;
    return true;
  }

  override find(query: RevocationQuery): RevocationAnswer | Promise<RevocationAnswer> {
    const { issuer, jti, sid, subject } = query;
    const token = this.#live('token', issuer, jti);
    const login = this.#live('login', issuer, sid);
    const everything = this.#live('subject', issuer, subject);
    // The answer to nearly every request.
    if (token === undefined && login === undefined && everything === undefined) return undefined;
    return matchingRevocation(
      [token, login, everything].filter((entry) => entry !== undefined),
      query,
    );
  }

  override async subjectRevokedAt({ issuer, id }: Subject): Promise<number | undefined> {
    return this.#live('subject', issuer, id)?.revokedAt;
  }

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const entries = this.#kept(({ change }) => change > Number(cursor ?? 0))
      .sort((one, other) => one.change - other.change)
      .slice(0, limit);
    const last = entries.length < limit ? this.#changes : entries.at(-1)?.change;
    return {
      entries: entries.map(entryOf),
      cursor: String(last),
      more: last !== this.#changes,
      restarted: false,
    };
  }

  override async list({ now, limit }: { now: number; limit: number }): Promise<readonly RevocationEntry[]> {
    return this.#kept((entry) => entry.expiresAt > now)
      .sort((one, other) => other.revokedAt - one.revokedAt)
      .slice(0, listLength(limit))
      .map(entryOf);
  }

  override async prune(now: number): Promise<number> {
    return this.#sweep(Math.min(now, this.clock.nowSeconds()));
  }

  #kept(isWanted: (entry: Kept) => boolean): Kept[] {
    return this.#all().flatMap((list) => [...list.values()].filter(isWanted));
  }

  #all(): readonly BloomMap<Kept>[] {
    return Object.values(this.#lists).flatMap((issuers) => [...issuers.values()]);
  }

  #listOf(kind: RevocationKind, issuer: string): BloomMap<Kept> {
    const list = this.#lists[kind].get(issuer) ?? new BloomMap<Kept>();
    this.#lists[kind].set(issuer, list);
    return list;
  }

  #live(kind: RevocationKind, issuer: string, id: string | undefined): RevocationEntry | undefined {
    // Schemes of an application that is not typed may say `null`.
    if (typeof id !== 'string') return undefined;
    const entry = this.#lists[kind].get(issuer)?.get(id);
    return entry && entry.expiresAt > this.clock.nowSeconds() ? entry : undefined;
  }

  /** Sweeps each time the size has doubled since the last sweep, so that an entry costs a constant amount of sweeping. */
  #makeRoom(): void {
    if (this.#size >= Math.min(this.#sweepAt, this.maxEntries)) {
      this.#sweep(this.clock.nowSeconds());
      this.#sweepAt = Math.max(FIRST_SWEEP, this.#size * 2);
    }
    if (this.isFull) throw new Error(`The memory blocklist is full (${this.maxEntries} live entries).`);
  }

  #sweep(now: number): number {
    let swept = 0;
    for (const list of this.#all()) {
      for (const [id, entry] of list) if (entry.expiresAt <= now && list.delete(id)) swept += 1;
    }
    this.#size -= swept;
    return swept;
  }
}

/** The sign-ins in the memory of this process. Every sign-in ends with the process. */
export class MemoryLoginStore extends LoginStore {
  readonly #logins = new Map<string, Login>();
  #sweepAt = FIRST_SWEEP;

  constructor(
    private readonly clock: Clock = new SystemClock(),
    private readonly maxLogins = 100_000,
  ) {
    super();
  }

  override async open(login: Login): Promise<void> {
    const key = keyOf(login.issuer, login.sid);
    if (this.#logins.has(key)) throw new Error('A login with this sid was opened before.');
    this.#makeRoom();
    this.#logins.set(key, { ...login });
  }

  // Nothing is awaited between the check and the write, so that no other call comes between them.
  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const key = keyOf(rotation.issuer, rotation.sid);
    const login = this.#logins.get(key);
    if (!login) return { outcome: 'unknown' };
    const nowMs = this.clock.nowMs();
    const outcome = classifyPresentedToken(login, rotation, nowMs);
    if (outcome !== 'live') return { outcome, login };
    const next = { ...login, ...rotatedFields(login, rotation, nowMs) };
    this.#logins.set(key, next);
    return { outcome: 'rotated', login: next };
  }

  override async find(issuer: string, sid: string): Promise<Login | undefined> {
    return this.#logins.get(keyOf(issuer, sid));
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    const key = keyOf(issuer, sid);
    const login = this.#logins.get(key);
    if (login && login.lastUsedAt < now) this.#logins.set(key, { ...login, lastUsedAt: now });
  }

  override async list(subject: Subject, now: number): Promise<readonly Login[]> {
    return this.#of(subject)
      .filter((login) => isLive(login, now))
      .sort((one, other) => other.createdAt - one.createdAt);
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    return this.#logins.delete(keyOf(issuer, sid));
  }

  override async endAll(subject: Subject, exceptSid?: string): Promise<number> {
    const ended = this.#of(subject).filter((login) => login.sid !== exceptSid);
    for (const { issuer, sid } of ended) this.#logins.delete(keyOf(issuer, sid));
    return ended.length;
  }

  override async prune(now: number): Promise<number> {
    return this.#sweep(Math.min(now, this.clock.nowSeconds()));
  }

  #of(subject: Subject): Login[] {
    return [...this.#logins.values()].filter(
      (login) => login.issuer === subject.issuer && login.subject === subject.id,
    );
  }

  #makeRoom(): void {
    if (this.#logins.size >= Math.min(this.#sweepAt, this.maxLogins)) {
      this.#sweep(this.clock.nowSeconds());
      this.#sweepAt = Math.max(FIRST_SWEEP, this.#logins.size * 2);
    }
    if (this.#logins.size >= this.maxLogins)
      throw new Error(`The memory store is full (${this.maxLogins} live sign-ins).`);
  }

  #sweep(now: number): number {
    const before = this.#logins.size;
    for (const [key, login] of this.#logins) if (!isLive(login, now)) this.#logins.delete(key);
    return before - this.#logins.size;
  }
}

/** What was used, in the memory of this process only. */
export class MemoryOneTimeStore extends OneTimeStore {
  /** When each use may be deleted, in epoch seconds. */
  readonly #used = new Map<string, number>();
  #sweepAt = FIRST_SWEEP;

  constructor(
    private readonly clock: Clock = new SystemClock(),
    private readonly maxUsed = 1_000_000,
  ) {
    super();
  }

  override async consume(id: string, expiresAt: number): Promise<boolean> {
    if (this.#used.has(id)) return false;
    this.#makeRoom();
    this.#used.set(id, expiresAt);
    return true;
  }

  override async prune(now: number): Promise<number> {
    return this.#sweep(Math.min(now, this.clock.nowSeconds()));
  }

  #makeRoom(): void {
    if (this.#used.size >= Math.min(this.#sweepAt, this.maxUsed)) {
      this.#sweep(this.clock.nowSeconds());
      this.#sweepAt = Math.max(FIRST_SWEEP, this.#used.size * 2);
    }
    if (this.#used.size >= this.maxUsed) throw new Error(`The memory store is full (${this.maxUsed} live uses).`);
  }

  #sweep(now: number): number {
    const before = this.#used.size;
    for (const [id, expiresAt] of this.#used) if (expiresAt <= now) this.#used.delete(id);
    return before - this.#used.size;
  }
}

/** Member by member: an object that was spread takes more than twice the memory, and there may be a million. */
function keptOf(
  { kind, issuer, id, revokedAt, exceptSid, reason }: RevocationEntry,
  { expiresAt, change }: Pick<Kept, 'expiresAt' | 'change'>,
): Kept {
  return { kind, issuer, id, revokedAt, expiresAt, exceptSid, reason, change };
}

function entryOf(kept: Kept): RevocationEntry {
  const { kind, issuer, id, revokedAt, expiresAt, exceptSid, reason } = kept;
  return { kind, issuer, id, revokedAt, expiresAt, exceptSid, reason };
}

/** One name for a pair, whatever its parts hold. */
function keyOf(issuer: string, sid: string): string {
  return JSON.stringify([issuer, sid]);
}

/**
 * Keeps revocations, sign-ins and used one-time tokens in the memory of the process: for development, tests and services that run alone.
 *
 * @example
 * ```ts
 * import { AuthModule, memoryStores } from 'nestjs-latchkey';
 *
 * export const auth = AuthModule.forRoot({ stores: memoryStores() });
 * ```
 */
export function memoryStores({ maxRevocations, maxLogins, maxOneTime }: MemoryStoresOptions = {}): StoresFactory {
  return {
    inject: [Clock],
    useFactory: (clock: Clock): Stores => ({
      revocations: new MemoryBlocklistStore(clock, maxRevocations),
      logins: new MemoryLoginStore(clock, maxLogins),
      oneTime: new MemoryOneTimeStore(clock, maxOneTime),
    }),
  };
}
