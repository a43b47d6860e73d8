// The cases of what may be used once.
import assert from 'node:assert/strict';
import { ContractClock, pruned, type WrittenCase } from './contract-bench.js';

const T = ContractClock.start;

/** Ids that a store may well mistake for one another, or choke on. */
const LOOKALIKES = [
  'id',
  'ID',
  'id ',
  ' id',
  'íd',
  'i\u0301d',
  'id\0',
  '',
  "'",
  '%',
  '~id',
  '\ud83d',
  '\udd11',
  `${'x'.repeat(254)}a`,
  `${'x'.repeat(254)}b`,
  `${'x'.repeat(2_000)}a`,
  `${'x'.repeat(2_000)}b`,
];

const successes = (answers: readonly boolean[]): number => answers.filter((answer) => answer).length;

/** What a store of one-time uses must do. */
export const oneTimeContract: readonly WrittenCase[] = [
  {
    name: 'a one-time store lets an id be used once',
    async test({ oneTime }) {
      assert.equal(await oneTime.consume('id', T + 60), true);
      assert.equal(await oneTime.consume('id', T + 60), false);
      assert.equal(await oneTime.consume('id', T + 600), false);
      assert.equal(await oneTime.consume('other', T + 60), true);
    },
  },
  {
    name: 'a one-time store lets exactly one of eight parallel uses succeed',
    async test({ oneTime }) {
      for (let round = 0; round < 10; round += 1) {
        const uses = Array.from({ length: 8 }, () => oneTime.consume(`id-${round}`, T + 60));
        assert.equal(successes(await Promise.all(uses)), 1);
        assert.equal(await oneTime.consume(`id-${round}`, T + 60), false);
      }
    },
  },
  {
    name: 'a one-time store compares ids exactly, whatever they hold',
    async test({ oneTime }) {
      for (const id of LOOKALIKES) assert.equal(await oneTime.consume(id, T + 60), true, JSON.stringify(id));
      for (const id of LOOKALIKES) assert.equal(await oneTime.consume(id, T + 60), false, JSON.stringify(id));
    },
  },
  {
    name: 'a one-time store remembers a use until its end',
    async test({ oneTime, clock }) {
      await oneTime.consume('id', T + 60);
      clock.advance(59);
      await oneTime.prune(clock.nowSeconds());
      assert.equal(await oneTime.consume('id', T + 60), false);
    },
  },
  {
    name: 'a one-time store prunes nothing before its own clock says so',
    async test({ oneTime }) {
      await oneTime.consume('id', T + 60);
      await oneTime.prune(T + 1_000_000);
      assert.equal(await oneTime.consume('id', T + 60), false);
    },
  },
  {
    name: 'a one-time store prunes uses that have ended, keeps others, and says how many unless they expire by themselves',
    async test({ oneTime, clock }) {
      for (const life of [10, 20, 30]) await oneTime.consume(`id-${life}`, T + life);
      await oneTime.consume('kept', T + 10_000_000);
      await pruned(() => oneTime.prune(T + 20), 0);
      // Stores that many machines share may keep what has ended for a day.
      clock.advance(2 * 86_400);
      await pruned(() => oneTime.prune(clock.nowSeconds()), 3);
      assert.equal(await oneTime.consume('kept', T + 10_000_000), false);
    },
  },
];
