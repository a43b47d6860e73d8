// The cases of rotation: one live refresh token per sign-in, whatever races.
import assert from 'node:assert/strict';
import { ContractClock, plain, type WrittenCase } from './contract-bench.js';
import { login } from './login-contract.js';
import { ISSUER, race, rotate, rotation, stored, T_MS } from './rotation-bench.js';

const T = ContractClock.start;

/** What a store of sign-ins must do when a refresh token is presented. */
export const rotationContract: readonly WrittenCase[] = [
  {
    name: 'the live refresh token is replaced, with all that a retry needs',
    async test({ logins, clock }) {
      const opened = login({ label: 'Firefox' });
      await logins.open(opened);
      clock.advance(2);
      const outcome = await logins.rotate(rotation('jti-0', 'jti-1', { nowMs: T_MS + 5_900 }));
      const expected = {
        ...opened,
        currentJti: 'jti-1',
        currentIssuedAt: T + 1,
        currentExpiresAt: T + 3_601,
        previousJti: 'jti-0',
        rotatedAtMs: T_MS + 2_000,
        lastUsedAt: T + 5,
      };
      assert.equal(outcome.outcome, 'rotated');
      assert.deepEqual(plain([outcome.login]), [expected]);
      assert.deepEqual(await stored(logins), [expected]);
    },
  },
  {
    name: 'an id that only resembles the live one is a reuse',
    async test({ logins }) {
      await logins.open(login({ currentJti: 'abc' }));
      for (const from of ['ABC', 'abc ', ' abc', 'äbc', 'ab', '%', 'abc\u200b'])
        assert.equal(await rotate(logins, [from, 'jti-1']), 'reused abc', JSON.stringify(from));
      assert.equal(await rotate(logins, ['abc', 'jti-1']), 'rotated jti-1');
      assert.equal(await rotate(logins, ['ABC', 'jti-2']), 'reused jti-1');
    },
  },
  {
    name: 'a sign-in that cannot be refreshed never is, not even with the empty id',
    async test({ logins }) {
      await logins.open(login({ currentJti: '' }));
      assert.equal(await rotate(logins, ['', 'jti-1']), 'reused ');
      assert.equal(await rotate(logins, ['jti-0', 'jti-1']), 'reused ');
    },
  },
  {
    name: 'a sign-in that is not there is unknown, and stays so',
    async test({ logins }) {
      await logins.open(login());
      assert.equal(await rotate(logins, ['jti-0', 'jti-1'], { sid: 'sid-2' }), 'unknown');
      assert.equal(await rotate(logins, ['jti-0', 'jti-1'], { sid: 'SID-1' }), 'unknown');
      assert.equal(await rotate(logins, ['jti-0', 'jti-1'], { issuer: 'https://other.example' }), 'unknown');
      await logins.end(ISSUER, 'sid-1');
      assert.equal(await rotate(logins, ['jti-0', 'jti-1']), 'unknown');
      assert.deepEqual(await stored(logins), []);
    },
  },
  {
    name: 'no logic depends on the clock moving between two rotations',
    async test({ logins }) {
      await logins.open(login());
      for (let at = 0; at < 20; at += 1)
        assert.equal(await rotate(logins, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
      assert.equal(await rotate(logins, ['jti-19', 'jti-x']), 'retry jti-20');
      assert.equal(await rotate(logins, ['jti-0', 'jti-x']), 'retry jti-20');
    },
  },
  {
    name: 'of eight concurrent calls with the live token one rotates and seven get its successor',
    async test({ logins }) {
      await logins.open(login());
      let live = 'jti-0';
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await race(logins, live);
        const winner = outcomes.find((outcome) => outcome.startsWith('rotated '))?.slice('rotated '.length);
        assert.deepEqual(outcomes.sort(), [...Array<string>(7).fill(`retry ${winner}`), `rotated ${winner}`]);
        live = winner ?? '';
        assert.equal((await logins.find(ISSUER, 'sid-1'))?.currentJti, live);
      }
    },
  },
  {
    name: 'concurrent calls with every token of the grace get the live token, and there is one leaf',
    async test({ logins }) {
      await logins.open(login());
      for (let at = 0; at < 5; at += 1) await rotate(logins, [`jti-${at}`, `jti-${at + 1}`]);
      for (let round = 5; round < 10; round += 1) {
        const froms = Array.from({ length: 8 }, (_, at) => `jti-${Math.max(0, round - at)}`);
        const outcomes = await Promise.all(froms.map((from) => rotate(logins, [from, `jti-${round + 1}`])));
        const live = (await logins.find(ISSUER, 'sid-1'))?.currentJti;
        assert.equal(live, `jti-${round + 1}`);
        assert.equal(outcomes[0], `rotated ${live}`);
        // A call before the rotation of this round got the token that was live then.
        for (const outcome of outcomes.slice(1))
          assert.ok(outcome === `retry ${live}` || outcome === `retry jti-${round}`, outcome);
      }
    },
  },
  {
    name: 'of eight concurrent calls without a grace window one rotates and seven are reuses',
    async test({ logins }) {
      await logins.open(login());
      const outcomes = await race(logins, 'jti-0', { graceMs: 0 });
      assert.deepEqual(outcomes.map((outcome) => outcome.split(' ')[0]).sort(), [
        ...Array<string>(7).fill('reused'),
        'rotated',
      ]);
    },
  },
  {
    name: 'concurrent rotations of different sign-ins do not mix',
    async test({ logins }) {
      const sids = Array.from({ length: 20 }, (_, at) => `sid-${at}`);
      await Promise.all(sids.map((sid) => logins.open(login({ sid, currentJti: `${sid}-0` }))));
      const outcomes = await Promise.all(sids.map((sid) => rotate(logins, [`${sid}-0`, `${sid}-1`], { sid })));
      assert.deepEqual(
        outcomes,
        sids.map((sid) => `rotated ${sid}-1`),
      );
    },
  },
  {
    name: 'a sign-in that is ended while it rotates no longer exists once both have answered',
    async test({ logins }) {
      for (let round = 0; round < 5; round += 1) {
        await logins.open(login());
        const [outcome, wasThere] = await Promise.all([
          rotate(logins, ['jti-0', 'jti-1']),
          logins.end(ISSUER, 'sid-1'),
        ]);
        assert.ok(outcome === 'rotated jti-1' || outcome === 'unknown', outcome);
        assert.equal(wasThere, true);
        assert.deepEqual(await stored(logins), []);
      }
    },
  },
];
