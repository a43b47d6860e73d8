// The contract of the stores as a list of cases: every sentence of the ports, for any test runner. The cases themselves are
// in revocation-contract.ts, changes-contract.ts, login-contract.ts, rotation-contract.ts, grace-contract.ts and
// one-time-contract.ts.
import assert from 'node:assert/strict';
import type { OneTimeStore, Stores } from '../stores.js';
import type { Clock } from '../index.js';
import { ContractClock } from './contract-bench.js';
import { loginContract } from './login-contract.js';
import { changesContract } from './changes-contract.js';
import { graceContract } from './grace-contract.js';
import { oneTimeContract } from './one-time-contract.js';
import { revocationContract } from './revocation-contract.js';
import { rotationContract } from './rotation-contract.js';

const NO_ONE_TIME_STORE: OneTimeStore = {
  consume: () => assert.fail('The stores have no `oneTime`.'),
  prune: () => assert.fail('The stores have no `oneTime`.'),
};

/** Makes the stores for one case: empty, on this clock. */
export type MakeStores = (clock: Clock) => Stores | Promise<Stores>;

/** One sentence of the ports, as a test. */
export interface StoreCase {
  readonly name: string;
  /** Rejects with an `AssertionError` of `node:assert` if the stores break their promise. */
  run(makeStores: MakeStores): Promise<void>;
}

/**
 * What the stores must do, in the words of `BlocklistStore`, `LoginStore` and `OneTimeStore`; the cases of the last begin with
 * `a one-time store`, and fail for stores without one. Takes no longer than your database
 * does: nothing waits, time is a clock that the cases move.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { memoryStores } from 'nestjs-latchkey';
 * import { storeContract } from 'nestjs-latchkey/testing';
 *
 * describe('my stores', () => {
 *   for (const { name, run } of storeContract) it(name, () => run((clock) => memoryStores().useFactory(clock)));
 * });
 * ```
 */
export const storeContract: readonly StoreCase[] = [
  ...revocationContract,
  ...changesContract,
  ...loginContract,
  ...rotationContract,
  ...graceContract,
  ...oneTimeContract,
].map(({ name, test }) => ({
  name,
  async run(makeStores) {
    const clock = new ContractClock();
    const { revocations, logins, oneTime = NO_ONE_TIME_STORE } = await makeStores(clock);
    await test({ clock, revocations, logins, oneTime });
  },
}));
