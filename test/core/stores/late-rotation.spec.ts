// A rotation that commits after its caller received "unavailable": the retry of the client is not a reuse.
import { describe, expect, it } from '@jest/globals';
import { withCircuitBreakers } from '../../../libs/auth/src/core/stores/guarded-stores.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { Rotation, RotationOutcome } from '../../../libs/auth/src/core/stores/stores.js';
import { ManualClock } from '../../support/clocks.js';

/** Holds rotations back until the test releases them. */
class HeldStore extends MemoryLoginStore {
  readonly #held: (() => void)[] = [];
  isHolding = false;

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    return super.rotate(rotation);
  }

  /** Lets everything through that waits, and waits until it has come to its end. */
  async release(): Promise<void> {
    this.isHolding = false;
    for (const go of this.#held.splice(0)) go();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function opened(graceMs: number) {
  const clock = new ManualClock();
  const store = new HeldStore(clock);
  const revocations = new MemoryBlocklistStore(clock);
  const { logins } = withCircuitBreakers({ revocations, logins: store }, clock, { timeoutMs: 20 });
  const now = clock.nowSeconds();
  const ends = { currentExpiresAt: now + 3600, absoluteExpiresAt: now + 3600 };
  const began = { currentJti: 'first', currentIssuedAt: now, createdAt: now, lastUsedAt: now };
  await logins.open({ issuer: 'i', sid: 's', subject: 'ada', ...began, ...ends });
  const rotate = (from: string, to: string) => {
    const successor = { jti: to, issuedAt: clock.nowSeconds(), expiresAt: now + 3600 };
    return logins.rotate({ issuer: 'i', sid: 's', from, to: successor, nowMs: clock.nowMs(), graceMs });
  };
  return { clock, store, rotate };
}

async function lateBy(seconds: number, graceMs: number) {
  const parts = await opened(graceMs);
  parts.store.isHolding = true;
  await expect(parts.rotate('first', 'late')).rejects.toMatchObject({ code: 'store_unavailable' });
  parts.clock.advance(seconds);
  await parts.store.release();
  return parts;
}

describe('a rotation that commits too late', () => {
  it('is answered again as a retry inside its grace', async () => {
    const { rotate } = await lateBy(9, 10_000);
    expect(await rotate('first', 'second')).toMatchObject({ outcome: 'retry', login: { currentJti: 'late' } });
  });

  it.each([
    ['ten seconds', 10, 10_000],
    ['an hour', 3_000, 10_000],
    ['a moment, without a grace', 0, 0],
  ])('is rolled back after %s, so that the honest client stays signed in', async (_, seconds, graceMs) => {
    const { rotate, clock } = await lateBy(seconds, graceMs);
    expect(await rotate('first', 'second')).toMatchObject({ outcome: 'rotated', login: { currentJti: 'second' } });
    clock.advance(60);
    expect(await rotate('second', 'third')).toMatchObject({ outcome: 'rotated' });
    expect(await rotate('first', 'fourth')).toMatchObject({ outcome: 'reused' });
  });

  it('does not touch a later rotation by another process', async () => {
    const parts = await opened(10_000);
    parts.store.isHolding = true;
    await expect(parts.rotate('first', 'late')).rejects.toMatchObject({ code: 'store_unavailable' });
    parts.store.isHolding = false;
    expect(await parts.rotate('first', 'second')).toMatchObject({ outcome: 'rotated' });
    parts.clock.advance(11);
    await parts.store.release();
    expect(await parts.rotate('second', 'third')).toMatchObject({ outcome: 'rotated' });
  });
});

describe('a rotation that commits in time', () => {
  it('is not rolled back if there is no grace', async () => {
    const { rotate } = await opened(0);
    expect(await rotate('first', 'second')).toMatchObject({ outcome: 'rotated' });
    expect(await rotate('second', 'third')).toMatchObject({ outcome: 'rotated' });
    expect(await rotate('first', 'fourth')).toMatchObject({ outcome: 'reused' });
  });
});
