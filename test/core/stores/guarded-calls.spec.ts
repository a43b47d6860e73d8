// Each call to a guarded store, one by one: none may wait for ever, and none may go on asking a store that is down.
import { describe, expect, it } from '@jest/globals';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { withCircuitBreakers } from '../../../libs/auth/src/core/stores/guarded-stores.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { Login, Rotation, Stores } from '../../../libs/auth/src/core/stores/stores.js';
import { SwitchedStores, type Mood } from '../../support/switched-stores.js';
import { codeOf, ISSUER } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const FAILURES = 5;
const TIMEOUT_MS = 5;

const clock = new ManualClock();
const now = clock.nowSeconds();
const subject = { issuer: ISSUER, id: 'ada' };
const entry = { kind: 'token', issuer: ISSUER, id: 'jti-1', revokedAt: now, expiresAt: now + 60 } as const;
const login: Login = {
  issuer: ISSUER,
  sid: 'sid-1',
  subject: subject.id,
  currentJti: 'jti-1',
  currentIssuedAt: now,
  currentExpiresAt: now + 60,
  createdAt: now,
  lastUsedAt: now,
  absoluteExpiresAt: now + 60,
};
const to = { jti: 'jti-2', issuedAt: now, expiresAt: now + 60 };
const rotation: Rotation = { issuer: ISSUER, sid: login.sid, from: 'jti-1', to, nowMs: clock.nowMs(), graceMs: 0 };

const calls: readonly (readonly [string, (stores: Stores) => Promise<unknown> | undefined])[] = [
  ['add to the blocklist', ({ revocations }) => revocations.add(entry)],
  ['find on the blocklist', async ({ revocations }) => revocations.find({ issuer: ISSUER, subject: subject.id })],
  ['subjectRevokedAt', ({ revocations }) => revocations.subjectRevokedAt(subject)],
  ['changesSince', ({ revocations }) => revocations.changesSince?.(undefined, 10)],
  ['list of the blocklist', ({ revocations }) => revocations.list({ now, limit: 10 })],
  ['open', ({ logins }) => logins.open(login)],
  ['rotate', ({ logins }) => logins.rotate(rotation)],
  ['find of a sign-in', ({ logins }) => logins.find(ISSUER, login.sid)],
  ['touch', ({ logins }) => logins.touch(ISSUER, login.sid, now)],
  ['list of sign-ins', ({ logins }) => logins.list(subject, now)],
  ['end', ({ logins }) => logins.end(ISSUER, login.sid)],
  ['endAll', ({ logins }) => logins.endAll(subject)],
];

function guarded(mood: Mood) {
  const switched = new SwitchedStores();
  const memory = { revocations: new MemoryBlocklistStore(clock), logins: new MemoryLoginStore(clock) };
  const stores = withCircuitBreakers(switched.around(memory), clock, { timeoutMs: TIMEOUT_MS, failures: FAILURES });
  switched.mood = mood;
  return { switched, stores };
}

describe.each(calls)('the guarded call %s', (_, call) => {
  it('passes through while the store works', async () => {
    const { switched, stores } = guarded('well');
    expect(await codeOf(Promise.resolve(call(stores)))).toBe('accepted');
    expect(switched.asked).toHaveLength(1);
  });

  it.each(['broken', 'silent'] as const)(
    'is refused in time by a store that is %s, and is not made any more after five failures',
    async (mood) => {
      const { switched, stores } = guarded(mood);
      const refusals = Array.from({ length: FAILURES }, () => codeOf(Promise.resolve(call(stores))));
      expect(await Promise.all(refusals)).toEqual(Array(FAILURES).fill('store_unavailable'));
      expect(await codeOf(Promise.resolve(call(stores)))).toBe('store_unavailable');
      expect(switched.asked).toHaveLength(FAILURES);
    },
    // A call without a limit would never end.
    2_000,
  );
});

describe('the circuit breaker of the login store', () => {
  const find = ({ logins }: Stores) => codeOf(logins.find(ISSUER, 'sid-1'));

  it('reports once that it failed and once that it recovered, and does not affect the blocklist', async () => {
    const { switched, stores } = guarded('broken');
    const told: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void told.push(event));
    for (let at = 0; at < FAILURES + 3; at += 1) await find(stores);
    switched.mood = 'well';
    expect(await codeOf(stores.revocations.list({ now, limit: 1 }))).toBe('accepted');
    expect(await find(stores)).toBe('store_unavailable');
    clock.advance(1);
    expect(await find(stores)).toBe('accepted');
    stop();
    expect(told).toEqual([
      { type: 'store_failed', store: 'logins' },
      { type: 'store_recovered', store: 'logins' },
    ]);
  });

  it('does not count pruning, for which no request waits', async () => {
    const { switched, stores } = guarded('broken');
    for (let at = 0; at < FAILURES; at += 1) expect(await codeOf(stores.logins.prune(now))).toBe('store_unavailable');
    switched.mood = 'well';
    expect(await find(stores)).toBe('accepted');
  });
});
