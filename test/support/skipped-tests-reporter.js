// Ends `npm test` by saying what was left out (see skips.ts), so that green never hides an untested server.
// With LATCHKEY_NO_SKIP=1 any test that did not run, for whatever reason, fails the run.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../coverage/left-out');

export default class LeftOutReporter {
  /** @type {Error | undefined} */
  #failure;

  onRunStart() {
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    const left = results.numPendingTests + results.numTodoTests;
    if (process.env['LATCHKEY_NO_SKIP'] === '1' && left > 0) {
      this.#failure = new Error(`${left} tests did not run, and LATCHKEY_NO_SKIP=1 allows none of that`);
      process.stderr.write(`\n${this.#failure.message}\n`);
    }
    if (!existsSync(folder)) return;
    const lines = readdirSync(folder).map((file) => `  ${readFileSync(join(folder, file), 'utf8')}`);
    process.stderr.write(`\nLEFT OUT, because this machine lacks it:\n${lines.sort().join('\n')}\n`);
    process.stderr.write('Nothing was proven about these. With LATCHKEY_NO_SKIP=1 that is a failure.\n');
  }

  /** Jest fails the run if this is an error. */
  getLastError() {
    return this.#failure;
  }
}
