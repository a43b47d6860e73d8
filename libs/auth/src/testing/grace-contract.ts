// The cases of the grace: a time, which the store measures, and in which whatever was replaced gets the live token.
import assert from 'node:assert/strict';
import { MOST_REPLACED } from '../stores.js';
import type { WrittenCase } from './contract-bench.js';
import { login } from './login-contract.js';
import { ISSUER, rotate, stored, T_MS } from './rotation-bench.js';

/** What a store of sign-ins must do when a token is presented that was replaced before. */
export const graceContract: readonly WrittenCase[] = [
  {
    name: 'the token just replaced gets the same successor every time, and nothing is written',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1']);
      const before = await stored(logins);
      for (let at = 0; at < 10; at += 1) {
        assert.equal(await rotate(logins, ['jti-0', `jti-x${at}`], { nowMs: T_MS + at }), 'retry jti-1');
        clock.advance(0.001);
      }
      assert.deepEqual(await stored(logins), before);
    },
  },
  {
    name: 'the grace window ends exactly when it says, and retries do not prolong it',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1']);
      clock.advance(9.999);
      assert.equal(await rotate(logins, ['jti-0', 'jti-2']), 'retry jti-1');
      clock.advance(0.001);
      assert.equal(await rotate(logins, ['jti-0', 'jti-2']), 'reused jti-1');
      clock.advance(5);
      assert.equal(await rotate(logins, ['jti-0', 'jti-2']), 'reused jti-1');
    },
  },
  {
    name: 'without a grace window every second use is a reuse, also of a caller whose clock lags',
    async test({ logins }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1'], { graceMs: 0 });
      await rotate(logins, ['jti-1', 'jti-2'], { graceMs: 0 });
      for (const from of ['jti-0', 'jti-1']) {
        assert.equal(await rotate(logins, [from, 'jti-3'], { graceMs: 0 }), 'reused jti-2');
        assert.equal(await rotate(logins, [from, 'jti-3'], { graceMs: 0, nowMs: T_MS - 500 }), 'reused jti-2');
      }
    },
  },
  {
    name: 'the clock of a caller decides nothing about the grace, however far ahead or behind',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1'], { nowMs: T_MS - 3_600_000 });
      for (const nowMs of [T_MS + 11_000, T_MS + 3_600_000, T_MS - 11_000])
        assert.equal(await rotate(logins, ['jti-0', 'jti-2'], { nowMs }), 'retry jti-1');
      await rotate(logins, ['jti-1', 'jti-2'], { nowMs: T_MS + 3_600_000 });
      for (const from of ['jti-0', 'jti-1'])
        assert.equal(await rotate(logins, [from, 'jti-3'], { nowMs: T_MS - 11_000 }), 'retry jti-2');
      clock.advance(10);
      for (const from of ['jti-0', 'jti-1'])
        assert.equal(await rotate(logins, [from, 'jti-3'], { nowMs: T_MS - 11_000 }), 'reused jti-2');
    },
  },
  {
    name: 'a clock of the store that was set back leaves an honest retry inside the grace window',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1']);
      clock.advance(-0.5);
      assert.equal(await rotate(logins, ['jti-0', 'jti-2']), 'retry jti-1');
      assert.equal(await rotate(logins, ['jti-0', 'jti-2'], { graceMs: 0 }), 'reused jti-1');
    },
  },
  {
    name: 'whatever was replaced within the grace gets the live token, however many followed it, and nothing older does',
    async test({ logins, clock }) {
      await logins.open(login());
      // Every three seconds, so that the first ones are over while the last ones are not.
      for (let at = 0; at < 6; at += 1) {
        assert.equal(await rotate(logins, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
        clock.advance(3);
      }
      const before = await stored(logins);
      const answers = ['jti-0', 'jti-1', 'jti-2', 'jti-3', 'jti-4', 'jti-5'].map((from) => rotate(logins, [from, 'x']));
      const [old, young] = ['reused jti-6', 'retry jti-6'];
      assert.deepEqual(await Promise.all(answers), [old, old, old, young, young, young]);
      assert.deepEqual(await stored(logins), before);
      clock.advance(1);
      assert.equal(await rotate(logins, ['jti-3', 'x']), old);
      assert.equal(await rotate(logins, ['jti-4', 'x']), young);
      assert.equal(await rotate(logins, ['jti-6', 'jti-7']), 'rotated jti-7');
      assert.equal(await rotate(logins, ['jti-4', 'x']), 'retry jti-7');
      clock.advance(10);
      for (const from of ['jti-4', 'jti-5', 'jti-6']) assert.equal(await rotate(logins, [from, 'x']), 'reused jti-7');
      assert.equal(await rotate(logins, ['jti-7', 'jti-8']), 'rotated jti-8');
    },
  },
  {
    name: 'each token has a grace of its own, which later rotations neither prolong nor cut short',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1']);
      clock.advance(9.999);
      await rotate(logins, ['jti-1', 'jti-2']);
      assert.equal(await rotate(logins, ['jti-0', 'x']), 'retry jti-2');
      clock.advance(0.001);
      assert.equal(await rotate(logins, ['jti-0', 'x']), 'reused jti-2');
      assert.equal(await rotate(logins, ['jti-1', 'x']), 'retry jti-2');
    },
  },
  {
    name: 'the list of replaced tokens is bounded, and no user is signed out at the bound',
    async test({ logins, clock }) {
      await logins.open(login());
      for (let at = 0; at < MOST_REPLACED; at += 1)
        assert.equal(await rotate(logins, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
      const live = `jti-${MOST_REPLACED}`;
      const before = await stored(logins);
      for (let at = 0; at < 3; at += 1) assert.equal(await rotate(logins, [live, `x-${at}`]), `held ${live}`);
      for (let at = 0; at < MOST_REPLACED; at += 1)
        assert.equal(await rotate(logins, [`jti-${at}`, 'x']), `retry ${live}`);
      assert.equal(await rotate(logins, ['x-0', 'x']), `reused ${live}`);
      assert.deepEqual(await stored(logins), before);
      clock.advance(10);
      for (const from of ['jti-0', `jti-${MOST_REPLACED - 1}`])
        assert.equal(await rotate(logins, [from, 'x']), `reused ${live}`);
      assert.equal(await rotate(logins, [live, 'next']), 'rotated next');
      assert.deepEqual((await logins.find(ISSUER, 'sid-1'))?.replacedEarlier, undefined);
    },
  },
  {
    name: 'a token that was taken back is live again and followed like any other',
    async test({ logins, clock }) {
      await logins.open(login());
      await rotate(logins, ['jti-0', 'jti-1']);
      assert.equal(await rotate(logins, ['jti-1', 'jti-0']), 'rotated jti-0');
      assert.equal(await rotate(logins, ['jti-1', 'x']), 'retry jti-0');
      assert.equal(await rotate(logins, ['jti-0', 'jti-2']), 'rotated jti-2');
      assert.equal(await rotate(logins, ['jti-1', 'x']), 'retry jti-2');
      assert.equal(await rotate(logins, ['jti-0', 'x']), 'retry jti-2');
      clock.advance(10);
      for (const from of ['jti-0', 'jti-1']) assert.equal(await rotate(logins, [from, 'x']), 'reused jti-2');
    },
  },
];
