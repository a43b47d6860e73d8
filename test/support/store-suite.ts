// What every pair of stores is put through: the contract, and random histories against the reference models.
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Clock } from 'nestjs-latchkey';
import type { CheckedStore, Stores } from 'nestjs-latchkey/stores';
import { storeContract, type MakeStores } from 'nestjs-latchkey/testing';
import { testNodeClocks } from './skewed-clocks.js';
import { RotationModel, type Action } from './rotation-model.js';
import { compareWithModel } from './login-model-harness.js';
import { goThroughBursts } from './tab-bursts.js';

const isLong = process.env['LATCHKEY_SOAK'] === '1';
const burstsOf = (histories: number): number => (isLong ? 10_000 : Math.min(25, Math.ceil(histories / 2)));

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant('present' as const), ages: agesOf({ maxLength: 1 }) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('present' as const), ages: agesOf({ maxLength: 8 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15_000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constant('storm' as const), times: fc.integer({ min: 2, max: 70 }) }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('forge' as const), jti: fc.string({ maxLength: 40 }) }) },
    { weight: 1, arbitrary: fc.constant({ does: 'touch' as const }) },
    { weight: 1, arbitrary: fc.constant({ does: 'end' as const }) },
  ),
  { maxLength: 25 },
);
const graces = fc.constantFrom(0, 1, 10_000, 60_000);

function agesOf({ maxLength }: { maxLength: number }): fc.Arbitrary<number[]> {
  return fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5, 8, 13, 63, 64, 65), { minLength: 1, maxLength });
}

/** Looks at the stores as an application does when it starts. */
export async function checkReady({ revocations, logins, oneTime }: Stores): Promise<void> {
  for (const store of [revocations, logins, oneTime])
    if (store !== undefined && isChecked(store)) await store.checkReady();
}

function isChecked(store: object): store is CheckedStore {
  return 'checkReady' in store;
}

/**
 * @param join creates stores for another process, on what `makeStores` created last
 * @param histories how many random histories; memory takes thousands in the time a server takes dozens
 */
export function testStores(makeStores: MakeStores, join: MakeStores, histories = 30): void {
  describe('on nodes whose clocks disagree', () => testNodeClocks(makeStores, join));

  describe('the contract', () => {
    for (const { name, run } of storeContract) it(name, () => run(makeStores));
  });

  it('keeps one live token through random histories of refresh, retry, replay, end and parallel calls', async () => {
    const time = { nowMs: 1_900_000_000_000 };
    const clock: Clock = {
      nowMs: () => time.nowMs,
      nowSeconds: () => Math.floor(time.nowMs / 1_000),
      monotonicMs: () => time.nowMs,
      storeNowMs: () => time.nowMs,
    };
    const { logins } = await makeStores(clock);
    let sid = 0;
    const history = fc.asyncProperty(actions, graces, async (steps, graceMs) => {
      sid += 1;
      const model = new RotationModel(logins, time, { sid: `sid-${sid}`, graceMs });
      await model.open();
      for (const action of steps) await model.step(action);
    });
    await fc.assert(history, { numRuns: histories });
  }, 120_000);

  it('agrees with the model of logins through random histories on two instances', async () => {
    await compareWithModel(makeStores, Math.ceil(histories / 2));
  }, 120_000);

  it('keep every client signed in through bursts of up to eight tabs, and end the login for a token older than the grace', async () => {
    await goThroughBursts(makeStores, burstsOf(histories));
  }, 3_600_000);
}
