// Nodes on one pair of stores whose clocks disagree. The time of the stores is that of the database.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { it } from '@jest/globals';
import type { Stores } from 'nestjs-latchkey/stores';
import type { MakeStores } from 'nestjs-latchkey/testing';
import { startInstance } from './login-model-harness.js';
import { jtiIn, jtiOf } from './tab-bursts.js';
import { OffsetClock } from './clocks.js';

/** Two nodes. */
interface Nodes {
  readonly here: Node;
  readonly there: Node;
  readonly stores: Stores;
}

type Node = Awaited<ReturnType<typeof startInstance>>['instance'];

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** Logins that have expired an hour from now. */
const SHORT = { idle: '30m', absolute: '40m' } as const;

/** @param join makes stores on what `makeStores` made last */
export function testNodeClocks(makeStores: MakeStores, join: MakeStores): void {
  const onTwo = async (
    aheadMs: number,
    work: (machines: Nodes) => Promise<void>,
    refresh?: typeof SHORT,
  ): Promise<void> => {
    const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [clock, ahead] = [new OffsetClock(), new OffsetClock(aheadMs / 1_000)];
    const stores = await makeStores(clock);
    const here = await startInstance({ stores, clock, keys, ...(refresh && { refresh }) });
    const there = await startInstance({ stores: await join(ahead), clock: ahead, keys, ...(refresh && { refresh }) });
    try {
      await work({ here: here.instance, there: there.instance, stores });
    } finally {
      await here.close();
      await there.close();
    }
  };

  it.each([
    ['11 seconds ahead', 11 * SECOND],
    ['an hour ahead', HOUR],
    ['4 seconds behind', -4 * SECOND],
  ])('return the same successor to an honest retry on a node that is %s', (_, aheadMs) =>
    onTwo(aheadMs, async ({ here, there }) => {
      const pair = await here.tokens.issue('ada');
      const next = await here.tokens.refresh(pair.refreshToken);
      assert.equal(jtiOf(await there.tokens.refresh(pair.refreshToken)), jtiOf(next));
      assert.equal(jtiOf(await here.tokens.refresh(pair.refreshToken)), jtiOf(next));
      const third = await here.tokens.refresh(next.refreshToken);
      for (const { refreshToken } of [pair, next]) {
        assert.equal(jtiOf(await there.tokens.refresh(refreshToken)), jtiOf(third));
        assert.equal(jtiOf(await here.tokens.refresh(refreshToken)), jtiOf(third));
      }
    }),
  );

  it('keep revocations and logins when a node that is an hour ahead prunes', () =>
    onTwo(HOUR, async ({ here, there, stores }) => {
      const revoked = await here.tokens.issue('ada');
      const living = await here.tokens.issue('ada');
      await here.tokens.revoke(revoked.accessToken);
      await assert.rejects(here.tokens.verify(revoked.accessToken, { kind: 'access' }), { code: 'token_revoked' });
      await there.blocklist.prune();
      await there.logins.prune();
      await assert.rejects(here.tokens.verify(revoked.accessToken, { kind: 'access' }), { code: 'token_revoked' });
      // A memory that begins now reads what is left.
      const told = await stores.revocations.changesSince?.(undefined, 1_000);
      assert.equal(told?.entries.filter(({ id }) => id === jtiIn(revoked.accessToken)).length, 1);
      assert.ok(await here.tokens.refresh(living.refreshToken));
      const listed = await here.logins.list({ issuer: 'https://accounts.test', id: 'ada' });
      assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set([revoked.sid, living.sid]));
    }));

  it('keep the revocation of a node that is an hour ahead for as long as the others accept the token', () =>
    onTwo(HOUR, async ({ here, there }) => {
      const { accessToken } = await here.tokens.issue('ada');
      const { subject, jti, expiresAt } = await here.tokens.verify(accessToken, { kind: 'access' });
      await there.blocklist.revokeToken({ subject, jti, expiresAt });
      await there.blocklist.revokeToken({ subject, jti: 'another', expiresAt });
      await assert.rejects(here.tokens.verify(accessToken, { kind: 'access' }), { code: 'token_revoked' });
    }));
}
