import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withCircuitBreakers } from '../../../libs/auth/src/core/stores/guarded-stores.js';
import { MemoryRefreshStore, MemoryRevocationStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { RevocationReplica } from '../../../libs/auth/src/core/stores/revocation-replica.js';
import type {
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
} from '../../../libs/auth/src/core/stores/stores.js';
import { TestClock } from '../support/core-fixture.js';

const ISSUER = 'https://issuer.example';
const WITHIN_MS = 1_000;

/** The store of all machines, which counts how often it is asked and can be told to break or to begin anew. */
class SharedStore extends MemoryRevocationStore {
  asked = 0;
  broken = false;
  wait: Promise<void> | undefined;
  answer: Partial<RevocationChanges> = {};

  override async find(query: RevocationQuery): Promise<RevocationKind | undefined> {
    this.asked += 1;
    if (this.broken) throw new Error('down');
    return super.find(query);
  }

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const changes = await super.changesSince(cursor, limit);
    await this.wait;
    if (this.broken) throw new Error('down');
    return { ...changes, ...this.answer };
  }
}

let clock: TestClock;
let store: SharedStore;
let mirror: RevocationReplica;

beforeEach(() => {
  clock = new TestClock();
  store = new SharedStore(clock);
  mirror = new RevocationReplica(clock, { withinMs: WITHIN_MS });
});
afterEach(() => mirror.stop());

const entry = (id: string, fields: Partial<RevocationEntry> = {}): RevocationEntry => ({
  kind: 'token',
  issuer: ISSUER,
  id,
  revokedAt: clock.nowSeconds(),
  expiresAt: clock.nowSeconds() + 3_600,
  ...fields,
});
const find = (jti: string, issuedAt = clock.nowSeconds()) =>
  mirror.find({ issuer: ISSUER, subject: 'user-1', jti, issuedAt }, store);

async function readAll(): Promise<void> {
  while (await mirror.read(store));
}

describe('a mirror of the blocklist', () => {
  it('asks the store until it was read for the first time', async () => {
    await store.add(entry('a'));
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(1);
  });

  it('answers from memory after that, without a question to the store', async () => {
    await store.add(entry('a'));
    await readAll();
    expect([await find('a'), await find('b')]).toEqual(['token', undefined]);
    expect(store.asked).toBe(0);
  });

  it('knows what others revoked within the bound, and says so after the next reading', async () => {
    await readAll();
    await store.add(entry('a'));
    expect(await find('a')).toBeUndefined();
    clock.ms += WITHIN_MS / 2;
    await readAll();
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(0);
  });

  it('asks the store as soon as its last reading is older than the bound, to the millisecond', async () => {
    await readAll();
    await store.add(entry('a'));
    clock.ms += WITHIN_MS;
    expect(await find('a')).toBeUndefined();
    clock.ms += 1;
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(1);
  });

  it('counts the age of a reading from its beginning, however long the store took', async () => {
    const answer = new AbortController();
    store.wait = new Promise((resolve) => answer.signal.addEventListener('abort', () => resolve()));
    const reading = mirror.read(store);
    await Promise.resolve();
    clock.ms += WITHIN_MS + 1;
    answer.abort();
    await reading;
    expect(mirror.isInSync).toBe(false);
  });

  it('does not believe a reading that seems to lie in the future', async () => {
    await readAll();
    clock.ms -= 3_600_000;
    expect(mirror.isInSync).toBe(false);
  });

  it('asks the store when the feed breaks, and is in step again after it', async () => {
    await readAll();
    store.broken = true;
    clock.ms += WITHIN_MS + 1;
    await expect(mirror.read(store)).rejects.toThrow('down');
    await expect(find('a')).rejects.toThrow('down');
    store.broken = false;
    await store.add(entry('a'));
    await readAll();
    expect(await find('a')).toBe('token');
    expect(await find('b')).toBeUndefined();
  });

  it('goes on refusing what it knows while the store is down', async () => {
    await store.add(entry('a'));
    await readAll();
    store.broken = true;
    clock.ms += WITHIN_MS * 100;
    expect(await find('a')).toBe('token');
    await expect(find('b')).rejects.toThrow('down');
  });

  it('is not in step before the last of many pages was read', async () => {
    for (let at = 0; at < 2_500; at += 1) await store.add(entry(`jti-${at}`));
    expect([await mirror.read(store), mirror.isInSync]).toEqual([true, false]);
    expect([await mirror.read(store), mirror.isInSync]).toEqual([true, false]);
    expect([await mirror.read(store), mirror.isInSync]).toEqual([false, true]);
    expect(await find('jti-2499')).toBe('token');
  });

  it('is out of step where the store began anew, until all of it was read again', async () => {
    await readAll();
    store.answer = { restarted: true, more: true };
    await mirror.read(store);
    expect(mirror.isInSync).toBe(false);
    store.answer = {};
    await readAll();
    expect(mirror.isInSync).toBe(true);
  });

  it('refuses what was issued before the list was complete', async () => {
    const since = clock.nowSeconds();
    store.answer = { completeSince: since };
    await readAll();
    expect([await find('a', since - 1), await find('a', since)]).toEqual(['subject', undefined]);
    expect(store.asked).toBe(0);
  });

  it('counts what this process revoked itself at once', async () => {
    const guarded = withCircuitBreakers({ revocations: store, logins: new MemoryRefreshStore(clock) }, clock, {
      onAdded: (added) => mirror.note(added),
    });
    await readAll();
    await guarded.revocations.add(entry('own'));
    expect(await find('own')).toBe('token');
    expect(store.asked).toBe(0);
  });

  it('does not count what could not be stored', async () => {
    const refusing = Object.assign(new MemoryRevocationStore(clock), { add: () => Promise.reject(new Error('down')) });
    const guarded = withCircuitBreakers({ revocations: refusing, logins: new MemoryRefreshStore(clock) }, clock, {
      onAdded: (added) => mirror.note(added),
    });
    await readAll();
    await expect(guarded.revocations.add(entry('own'))).rejects.toThrow();
    expect(await find('own')).toBeUndefined();
  });

  it('asks the store for everything while there is more than it may hold, and forgets no live entry', async () => {
    mirror = new RevocationReplica(clock, { withinMs: WITHIN_MS, maxEntries: 3 });
    for (const id of ['a', 'b', 'c', 'd']) await store.add(entry(id, { expiresAt: clock.nowSeconds() + 60 }));
    await expect(mirror.read(store)).rejects.toThrow('full');
    expect(mirror.isInSync).toBe(false);
    expect(await find('d')).toBe('token');
    clock.advance(60);
    await readAll();
    expect(mirror.isInSync).toBe(true);
  });

  it('is out of step when its own revocation finds no room', async () => {
    mirror = new RevocationReplica(clock, { withinMs: WITHIN_MS, maxEntries: 1 });
    await store.add(entry('a'));
    await readAll();
    mirror.note(entry('b'));
    await Promise.resolve();
    expect(mirror.isInSync).toBe(false);
  });

  it('forgets what has ended', async () => {
    await store.add(entry('a', { expiresAt: clock.nowSeconds() + 10 }));
    await readAll();
    clock.advance(10);
    await readAll();
    expect(await find('a')).toBeUndefined();
  });

  it('follows a store by itself, and stops when told', async () => {
    mirror.follow(store);
    await expectSoon(() => mirror.isInSync);
    mirror.stop();
    clock.ms += WITHIN_MS + 1;
    expect(mirror.isInSync).toBe(false);
  });
});

async function expectSoon(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !holds(); turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}
