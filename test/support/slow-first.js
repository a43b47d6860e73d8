// Starts the files that take minutes before all others: Jest starts big files first if it has never timed them, and a slow one that starts last
// leaves the other worker idle. CI has never timed any.
import Sequencer from '@jest/test-sequencer';

const slow = [
  'test/stores/several-processes.spec.ts',
  'test/architecture/matrix.spec.ts',
  'test/projects/',
  'test/architecture/snippets.spec.ts',
  'test/redis/stores.spec.ts',
  'test/types/resolutions.spec.ts',
  'test/sql/',
  'test/flows/external-sign-in.spec.ts',
  'test/passport/migrating.spec.ts',
];

// Its types describe the CommonJS build, which has the class at `default`; what is loaded here is the class.
const Base = /** @type {typeof import('@jest/test-sequencer').default} */ (/** @type {unknown} */ (Sequencer));

export default class SlowFirst extends Base {
  /**
   * @override
   * @param {import('@jest/test-result').Test[]} tests
   */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isSlow = (/** @type {import('@jest/test-result').Test} */ { path }) =>
      slow.some((name) => path.includes(name));
    return [
      ...sorted.filter(isSlow),
      ...sorted.filter((/** @type {import('@jest/test-result').Test} */ test) => !isSlow(test)),
    ];
  }
}
