import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withCircuitBreakers } from '../../../libs/auth/src/core/stores/guarded-stores.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { RevocationReplica } from '../../../libs/auth/src/core/stores/revocation-replica.js';
import type {
  RevocationChanges,
  RevocationEntry,
  RevocationKind,
  RevocationQuery,
} from '../../../libs/auth/src/core/stores/stores.js';
import { ManualClock } from '../../support/clocks.js';

const ISSUER = 'https://issuer.example';
const WITHIN_MS = 1_000;

/** The shared store, which counts its calls and can be made to fail or to start again. */
class SharedStore extends MemoryBlocklistStore {
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

let clock: ManualClock;
let store: SharedStore;
let mirror: RevocationReplica;

beforeEach(() => {
  clock = new ManualClock();
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

describe('a replica of the blocklist', () => {
  it('queries the store until it has been read for the first time', async () => {
    await store.add(entry('a'));
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(1);
  });

  it('answers from memory afterwards, without querying the store', async () => {
    await store.add(entry('a'));
    await readAll();
    expect([await find('a'), await find('b')]).toEqual(['token', undefined]);
    expect(store.asked).toBe(0);
  });

  it('knows the revocations of other processes within the bound, and reports them after the next reading', async () => {
    await readAll();
    await store.add(entry('a'));
    expect(await find('a')).toBeUndefined();
    clock.ms += WITHIN_MS / 2;
    await readAll();
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(0);
  });

  it('queries the store as soon as its last reading is older than the bound, to the millisecond', async () => {
    await readAll();
    await store.add(entry('a'));
    clock.ms += WITHIN_MS;
    expect(await find('a')).toBeUndefined();
    clock.ms += 1;
    expect(await find('a')).toBe('token');
    expect(store.asked).toBe(1);
  });

  it('counts the age of a reading from its start, however long the store took', async () => {
    const answer = new AbortController();
    store.wait = new Promise((resolve) => answer.signal.addEventListener('abort', () => resolve()));
    const reading = mirror.read(store);
    await Promise.resolve();
    clock.ms += WITHIN_MS + 1;
    answer.abort();
    await reading;
    expect(mirror.isInSync).toBe(false);
  });

  it('does not trust a reading with a time in the future', async () => {
    await readAll();
    clock.ms -= 3_600_000;
    expect(mirror.isInSync).toBe(false);
  });

  it('queries the store when the feed fails, and is in sync again after it', async () => {
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

  it('keeps refusing known revocations while the store is down', async () => {
    await store.add(entry('a'));
    await readAll();
    store.broken = true;
    clock.ms += WITHIN_MS * 100;
    expect(await find('a')).toBe('token');
    await expect(find('b')).rejects.toThrow('down');
  });

  it('is not in sync before the last of many pages was read', async () => {
    for (let at = 0; at < 2_500; at += 1) await store.add(entry(`jti-${at}`));
    expect([await mirror.read(store), mirror.isInSync]).toEqual([true, false]);
    expect([await mirror.read(store), mirror.isInSync]).toEqual([true, false]);
    expect([await mirror.read(store), mirror.isInSync]).toEqual([false, true]);
    expect(await find('jti-2499')).toBe('token');
  });

  it('is out of sync if the store began again, until all of it was read again', async () => {
    await readAll();
    store.answer = { restarted: true, more: true };
    await mirror.read(store);
    expect(mirror.isInSync).toBe(false);
    store.answer = {};
    await readAll();
    expect(mirror.isInSync).toBe(true);
  });

  it('refuses tokens issued before the list was complete', async () => {
    const since = clock.nowSeconds();
    store.answer = { completeSince: since };
    await readAll();
    expect([await find('a', since - 1), await find('a', since)]).toEqual(['subject', undefined]);
    expect(store.asked).toBe(0);
  });

  it('knows the revocations of this process at once', async () => {
    const guarded = withCircuitBreakers({ revocations: store, logins: new MemoryLoginStore(clock) }, clock, {
      onAdded: (added) => mirror.note(added),
    });
    await readAll();
    await guarded.revocations.add(entry('own'));
    expect(await find('own')).toBe('token');
    expect(store.asked).toBe(0);
  });

  it('does not know revocations that could not be stored', async () => {
    const refusing = Object.assign(new MemoryBlocklistStore(clock), { add: () => Promise.reject(new Error('down')) });
    const guarded = withCircuitBreakers({ revocations: refusing, logins: new MemoryLoginStore(clock) }, clock, {
      onAdded: (added) => mirror.note(added),
    });
    await readAll();
    await expect(guarded.revocations.add(entry('own'))).rejects.toThrow();
    expect(await find('own')).toBeUndefined();
  });

  it('queries the store for everything while there are more entries than it may hold, and evicts no live entry', async () => {
    mirror = new RevocationReplica(clock, { withinMs: WITHIN_MS, maxEntries: 3 });
    for (const id of ['a', 'b', 'c', 'd']) await store.add(entry(id, { expiresAt: clock.nowSeconds() + 60 }));
    await expect(mirror.read(store)).rejects.toThrow('full');
    expect(mirror.isInSync).toBe(false);
    expect(await find('d')).toBe('token');
    clock.advance(60);
    await readAll();
    expect(mirror.isInSync).toBe(true);
  });

  it('is out of sync when its own revocation does not fit', async () => {
    mirror = new RevocationReplica(clock, { withinMs: WITHIN_MS, maxEntries: 1 });
    await store.add(entry('a'));
    await readAll();
    mirror.note(entry('b'));
    await Promise.resolve();
    expect(mirror.isInSync).toBe(false);
  });

  it('deletes expired entries', async () => {
    await store.add(entry('a', { expiresAt: clock.nowSeconds() + 10 }));
    await readAll();
    clock.advance(10);
    await readAll();
    expect(await find('a')).toBeUndefined();
  });

  it('follows a store until it is stopped', async () => {
    mirror.follow(store);
    await expectSoon(() => mirror.isInSync);
    mirror.stop();
    clock.ms += WITHIN_MS + 1;
    expect(mirror.isInSync).toBe(false);
  });
});

/** A store that gives hints, and a memory that reads it by itself only every half minute. */
class HintingStore extends SharedStore {
  readings = 0;
  hint: (() => void) | undefined;

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    this.readings += 1;
    return super.changesSince(cursor, limit);
  }

  override watch(onHint: () => void): () => void {
    this.hint = onHint;
    return () => (this.hint = undefined);
  }
}

describe('a replica whose store pushes hints', () => {
  let hinting: HintingStore;
  const readings = () => hinting.readings;
  const knows = async (jti: string) =>
    (await mirror.find({ issuer: ISSUER, subject: 'user-1', jti, issuedAt: clock.nowSeconds() }, hinting)) === 'token';

  beforeEach(async () => {
    hinting = new HintingStore(clock);
    mirror = new RevocationReplica(clock, { withinMs: 60_000 });
    mirror.follow(hinting);
    await expectSoon(() => mirror.isInSync);
  });

  it('reads at once what changed, long before it would by itself', async () => {
    await hinting.add(entry('a'));
    expect(await knows('a')).toBe(false);
    hinting.hint?.();
    await expectLater(() => knows('a'));
    expect(hinting.asked).toBe(0);
  });

  it('believes nothing that a hint could say', async () => {
    await hinting.add(entry('a'));
    (hinting.hint as ((...lies: unknown[]) => void) | undefined)?.({ ...entry('b'), restarted: true, entries: [] });
    await expectLater(() => knows('a'));
    expect(await knows('b')).toBe(false);
  });

  it('reads once for many hints together, and keeps following hints', async () => {
    const before = readings();
    for (let at = 0; at < 1_000; at += 1) hinting.hint?.();
    await expectLater(async () => readings() > before);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readings()).toBe(before + 1);
    hinting.hint?.();
    await expectLater(async () => readings() === before + 2);
  });

  it('rests four times as long as the last reading took, so that a slow store is not asked all the time', async () => {
    let answer = (): void => {};
    const before = readings();
    hinting.wait = new Promise((resolve) => (answer = resolve));
    hinting.hint?.();
    await expectLater(async () => readings() === before + 1);
    clock.ms += 50;
    hinting.wait = undefined;
    answer();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const startedMs = performance.now();
    hinting.hint?.();
    await expectLater(async () => readings() === before + 2);
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  it('reads once more if a hint came while it was reading', async () => {
    let answer = (): void => {};
    const before = readings();
    hinting.wait = new Promise((resolve) => (answer = resolve));
    hinting.hint?.();
    await expectLater(async () => readings() === before + 1);
    // Too late for the reading that waits for its answer.
    await hinting.add(entry('a'));
    hinting.hint?.();
    answer();
    await expectLater(() => knows('a'));
    expect(readings()).toBe(before + 2);
  });

  it('asks the store within the bound if a hint was lost or its reading failed', async () => {
    await hinting.add(entry('a'));
    hinting.broken = true;
    hinting.hint?.();
    await expectLater(async () => readings() === 2);
    hinting.broken = false;
    clock.ms += 60_001;
    expect(await knows('a')).toBe(true);
    expect(hinting.asked).toBe(1);
  });

  it('takes hints through the guard of the store too, and none after it was stopped', async () => {
    mirror.stop();
    expect(hinting.hint).toBeUndefined();
    const stores = { revocations: hinting, logins: new MemoryLoginStore(clock) };
    mirror = new RevocationReplica(clock, { withinMs: 60_000 });
    mirror.follow(withCircuitBreakers(stores, clock).revocations);
    await expectSoon(() => mirror.isInSync);
    await hinting.add(entry('a'));
    const { hint } = hinting;
    hint?.();
    await expectLater(() => knows('a'));
    mirror.stop();
    const before = readings();
    hint?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readings()).toBe(before);
  });

  it('does not read everything again at each hint while there is more than it may hold', async () => {
    mirror.stop();
    mirror = new RevocationReplica(clock, { withinMs: 60_000, maxEntries: 1 });
    for (const id of ['a', 'b']) await hinting.add(entry(id));
    const before = readings();
    mirror.follow(hinting);
    await expectLater(async () => readings() === before + 1);
    for (let at = 0; at < 5; at += 1) {
      hinting.hint?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readings()).toBe(before + 1);
  });
});

async function expectLater(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('It did not become true within 5 seconds.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function expectSoon(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !holds(); turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}
