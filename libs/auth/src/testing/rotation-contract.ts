// The cases of rotation: one live refresh token per sign-in, whatever races, and a grace that is a time.
import assert from 'node:assert/strict';
import {
  MOST_REPLACED,
  type Family,
  type RefreshStore,
  type Rotation,
  type RotationOutcome,
} from '../core/stores/stores.js';
import { ContractClock, plain, type WrittenCase } from './contract-bench.js';
import { family } from './family-contract.js';

const T = ContractClock.start;
const T_MS = T * 1_000;
const ISSUER = family().issuer;

type Fields = Partial<Omit<Rotation, 'to'>>;

const rotation = (from: string, to: string, fields: Fields = {}): Rotation => ({
  issuer: ISSUER,
  sid: 'sid-1',
  from,
  to: { jti: to, issuedAt: T + 1, expiresAt: T + 3_601 },
  nowMs: T_MS,
  graceMs: 10_000,
  ...fields,
});

const successorOf = (outcome: RotationOutcome): string =>
  outcome.outcome === 'unknown' ? 'unknown' : `${outcome.outcome} ${outcome.family.currentJti}`;

/** Presents the first id and offers the second as its successor. Answers the outcome and the successor in words. */
async function rotate(families: RefreshStore, [from, to]: readonly [string, string], fields?: Fields): Promise<string> {
  return successorOf(await families.rotate(rotation(from, to, fields)));
}

async function stored(families: RefreshStore): Promise<object[]> {
  const found = await families.find(ISSUER, 'sid-1');
  return found ? plain<Family>([found]) : [];
}

/** What a store of sign-ins must do when a refresh token is presented. */
export const rotationContract: readonly WrittenCase[] = [
  {
    name: 'the live refresh token is replaced, with all that a retry needs',
    async test({ families, clock }) {
      const opened = family({ label: 'Firefox' });
      await families.open(opened);
      clock.advance(2);
      const outcome = await families.rotate(rotation('jti-0', 'jti-1', { nowMs: T_MS + 5_900 }));
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
      assert.deepEqual(plain([outcome.family]), [expected]);
      assert.deepEqual(await stored(families), [expected]);
    },
  },
  {
    name: 'the token just replaced gets the same successor every time, and nothing is written',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1']);
      const before = await stored(families);
      for (let at = 0; at < 10; at += 1) {
        assert.equal(await rotate(families, ['jti-0', `jti-x${at}`], { nowMs: T_MS + at }), 'retry jti-1');
        clock.advance(0.001);
      }
      assert.deepEqual(await stored(families), before);
    },
  },
  {
    name: 'the grace window ends exactly when it says, and retries do not prolong it',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1']);
      clock.advance(9.999);
      assert.equal(await rotate(families, ['jti-0', 'jti-2']), 'retry jti-1');
      clock.advance(0.001);
      assert.equal(await rotate(families, ['jti-0', 'jti-2']), 'reused jti-1');
      clock.advance(5);
      assert.equal(await rotate(families, ['jti-0', 'jti-2']), 'reused jti-1');
    },
  },
  {
    name: 'without a grace window every second use is a reuse, also of a caller whose clock lags',
    async test({ families }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1'], { graceMs: 0 });
      await rotate(families, ['jti-1', 'jti-2'], { graceMs: 0 });
      for (const from of ['jti-0', 'jti-1']) {
        assert.equal(await rotate(families, [from, 'jti-3'], { graceMs: 0 }), 'reused jti-2');
        assert.equal(await rotate(families, [from, 'jti-3'], { graceMs: 0, nowMs: T_MS - 500 }), 'reused jti-2');
      }
    },
  },
  {
    name: 'the clock of a caller decides nothing about the grace, however far ahead or behind',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1'], { nowMs: T_MS - 3_600_000 });
      for (const nowMs of [T_MS + 11_000, T_MS + 3_600_000, T_MS - 11_000])
        assert.equal(await rotate(families, ['jti-0', 'jti-2'], { nowMs }), 'retry jti-1');
      await rotate(families, ['jti-1', 'jti-2'], { nowMs: T_MS + 3_600_000 });
      for (const from of ['jti-0', 'jti-1'])
        assert.equal(await rotate(families, [from, 'jti-3'], { nowMs: T_MS - 11_000 }), 'retry jti-2');
      clock.advance(10);
      for (const from of ['jti-0', 'jti-1'])
        assert.equal(await rotate(families, [from, 'jti-3'], { nowMs: T_MS - 11_000 }), 'reused jti-2');
    },
  },
  {
    name: 'a clock of the store that was set back leaves an honest retry inside the grace window',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1']);
      clock.advance(-0.5);
      assert.equal(await rotate(families, ['jti-0', 'jti-2']), 'retry jti-1');
      assert.equal(await rotate(families, ['jti-0', 'jti-2'], { graceMs: 0 }), 'reused jti-1');
    },
  },
  {
    name: 'whatever was replaced within the grace gets the live token, however many followed it, and nothing older does',
    async test({ families, clock }) {
      await families.open(family());
      // Every three seconds, so that the first ones are over while the last ones are not.
      for (let at = 0; at < 6; at += 1) {
        assert.equal(await rotate(families, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
        clock.advance(3);
      }
      const before = await stored(families);
      const told = ['jti-0', 'jti-1', 'jti-2', 'jti-3', 'jti-4', 'jti-5'].map((from) => rotate(families, [from, 'x']));
      const [old, young] = ['reused jti-6', 'retry jti-6'];
      assert.deepEqual(await Promise.all(told), [old, old, old, young, young, young]);
      assert.deepEqual(await stored(families), before);
      clock.advance(1);
      assert.equal(await rotate(families, ['jti-3', 'x']), old);
      assert.equal(await rotate(families, ['jti-4', 'x']), young);
      assert.equal(await rotate(families, ['jti-6', 'jti-7']), 'rotated jti-7');
      assert.equal(await rotate(families, ['jti-4', 'x']), 'retry jti-7');
      clock.advance(10);
      for (const from of ['jti-4', 'jti-5', 'jti-6']) assert.equal(await rotate(families, [from, 'x']), 'reused jti-7');
      assert.equal(await rotate(families, ['jti-7', 'jti-8']), 'rotated jti-8');
    },
  },
  {
    name: 'each token has a grace of its own, which later rotations neither prolong nor cut short',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1']);
      clock.advance(9.999);
      await rotate(families, ['jti-1', 'jti-2']);
      assert.equal(await rotate(families, ['jti-0', 'x']), 'retry jti-2');
      clock.advance(0.001);
      assert.equal(await rotate(families, ['jti-0', 'x']), 'reused jti-2');
      assert.equal(await rotate(families, ['jti-1', 'x']), 'retry jti-2');
    },
  },
  {
    name: 'what is remembered of replaced tokens is bounded, and nobody is signed out at the bound',
    async test({ families, clock }) {
      await families.open(family());
      for (let at = 0; at < MOST_REPLACED; at += 1)
        assert.equal(await rotate(families, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
      const live = `jti-${MOST_REPLACED}`;
      const before = await stored(families);
      for (let at = 0; at < 3; at += 1) assert.equal(await rotate(families, [live, `x-${at}`]), `held ${live}`);
      for (let at = 0; at < MOST_REPLACED; at += 1)
        assert.equal(await rotate(families, [`jti-${at}`, 'x']), `retry ${live}`);
      assert.equal(await rotate(families, ['x-0', 'x']), `reused ${live}`);
      assert.deepEqual(await stored(families), before);
      clock.advance(10);
      for (const from of ['jti-0', `jti-${MOST_REPLACED - 1}`])
        assert.equal(await rotate(families, [from, 'x']), `reused ${live}`);
      assert.equal(await rotate(families, [live, 'next']), 'rotated next');
      assert.deepEqual((await families.find(ISSUER, 'sid-1'))?.replacedEarlier, undefined);
    },
  },
  {
    name: 'a token that was taken back is live again and followed like any other',
    async test({ families, clock }) {
      await families.open(family());
      await rotate(families, ['jti-0', 'jti-1']);
      assert.equal(await rotate(families, ['jti-1', 'jti-0']), 'rotated jti-0');
      assert.equal(await rotate(families, ['jti-1', 'x']), 'retry jti-0');
      assert.equal(await rotate(families, ['jti-0', 'jti-2']), 'rotated jti-2');
      assert.equal(await rotate(families, ['jti-1', 'x']), 'retry jti-2');
      assert.equal(await rotate(families, ['jti-0', 'x']), 'retry jti-2');
      clock.advance(10);
      for (const from of ['jti-0', 'jti-1']) assert.equal(await rotate(families, [from, 'x']), 'reused jti-2');
    },
  },
  {
    name: 'an id that only resembles the live one is a reuse',
    async test({ families }) {
      await families.open(family({ currentJti: 'abc' }));
      for (const from of ['ABC', 'abc ', ' abc', 'äbc', 'ab', '%', 'abc\u200b'])
        assert.equal(await rotate(families, [from, 'jti-1']), 'reused abc', JSON.stringify(from));
      assert.equal(await rotate(families, ['abc', 'jti-1']), 'rotated jti-1');
      assert.equal(await rotate(families, ['ABC', 'jti-2']), 'reused jti-1');
    },
  },
  {
    name: 'a sign-in that cannot be refreshed never is, not even with the empty id',
    async test({ families }) {
      await families.open(family({ currentJti: '' }));
      assert.equal(await rotate(families, ['', 'jti-1']), 'reused ');
      assert.equal(await rotate(families, ['jti-0', 'jti-1']), 'reused ');
    },
  },
  {
    name: 'a sign-in that is not there is unknown, and stays so',
    async test({ families }) {
      await families.open(family());
      assert.equal(await rotate(families, ['jti-0', 'jti-1'], { sid: 'sid-2' }), 'unknown');
      assert.equal(await rotate(families, ['jti-0', 'jti-1'], { sid: 'SID-1' }), 'unknown');
      assert.equal(await rotate(families, ['jti-0', 'jti-1'], { issuer: 'https://other.example' }), 'unknown');
      await families.end(ISSUER, 'sid-1');
      assert.equal(await rotate(families, ['jti-0', 'jti-1']), 'unknown');
      assert.deepEqual(await stored(families), []);
    },
  },
  {
    name: 'no logic depends on the clock moving between two rotations',
    async test({ families }) {
      await families.open(family());
      for (let at = 0; at < 20; at += 1)
        assert.equal(await rotate(families, [`jti-${at}`, `jti-${at + 1}`]), `rotated jti-${at + 1}`);
      assert.equal(await rotate(families, ['jti-19', 'jti-x']), 'retry jti-20');
      assert.equal(await rotate(families, ['jti-0', 'jti-x']), 'retry jti-20');
    },
  },
  {
    name: 'of eight concurrent calls with the live token one rotates and seven get its successor',
    async test({ families }) {
      await families.open(family());
      let live = 'jti-0';
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await race(families, live);
        const winner = outcomes.find((outcome) => outcome.startsWith('rotated '))?.slice('rotated '.length);
        assert.deepEqual(outcomes.sort(), [...Array<string>(7).fill(`retry ${winner}`), `rotated ${winner}`]);
        live = winner ?? '';
        assert.equal((await families.find(ISSUER, 'sid-1'))?.currentJti, live);
      }
    },
  },
  {
    name: 'concurrent calls with every token of the grace get the live token, and there is one leaf',
    async test({ families }) {
      await families.open(family());
      for (let at = 0; at < 5; at += 1) await rotate(families, [`jti-${at}`, `jti-${at + 1}`]);
      for (let round = 5; round < 10; round += 1) {
        const froms = Array.from({ length: 8 }, (_, at) => `jti-${Math.max(0, round - at)}`);
        const told = await Promise.all(froms.map((from) => rotate(families, [from, `jti-${round + 1}`])));
        const live = (await families.find(ISSUER, 'sid-1'))?.currentJti;
        assert.equal(live, `jti-${round + 1}`);
        assert.equal(told[0], `rotated ${live}`);
        // Whoever came before the rotation of this round was told what was live then.
        for (const outcome of told.slice(1))
          assert.ok(outcome === `retry ${live}` || outcome === `retry jti-${round}`, outcome);
      }
    },
  },
  {
    name: 'of eight concurrent calls without a grace window one rotates and seven are reuses',
    async test({ families }) {
      await families.open(family());
      const outcomes = await race(families, 'jti-0', { graceMs: 0 });
      assert.deepEqual(outcomes.map((outcome) => outcome.split(' ')[0]).sort(), [
        ...Array<string>(7).fill('reused'),
        'rotated',
      ]);
    },
  },
  {
    name: 'concurrent rotations of different sign-ins do not mix',
    async test({ families }) {
      const sids = Array.from({ length: 20 }, (_, at) => `sid-${at}`);
      await Promise.all(sids.map((sid) => families.open(family({ sid, currentJti: `${sid}-0` }))));
      const outcomes = await Promise.all(sids.map((sid) => rotate(families, [`${sid}-0`, `${sid}-1`], { sid })));
      assert.deepEqual(
        outcomes,
        sids.map((sid) => `rotated ${sid}-1`),
      );
    },
  },
  {
    name: 'a sign-in that is ended while it rotates is gone once both have answered',
    async test({ families }) {
      for (let round = 0; round < 5; round += 1) {
        await families.open(family());
        const [outcome, wasThere] = await Promise.all([
          rotate(families, ['jti-0', 'jti-1']),
          families.end(ISSUER, 'sid-1'),
        ]);
        assert.ok(outcome === 'rotated jti-1' || outcome === 'unknown', outcome);
        assert.equal(wasThere, true);
        assert.deepEqual(await stored(families), []);
      }
    },
  },
];

function race(families: RefreshStore, from: string, fields?: Fields): Promise<string[]> {
  const rivals = Array.from({ length: 8 }, (_, rival) => `${from}/${rival}`);
  return Promise.all(rivals.map((to) => rotate(families, [from, to], fields)));
}
