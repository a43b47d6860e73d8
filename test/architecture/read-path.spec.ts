// The length of the read path: how many files of the library one warm bearer request passes, counted by V8 in a running application.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

/** The number of files that a reader can follow. */
const MOST_FILES = 18;

interface Passed {
  readonly file: string;
  readonly functions: readonly string[];
}

async function passedByWarmRequest(): Promise<readonly Passed[]> {
  const tool = fileURLToPath(new URL('../../tools/read-path.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tool, '--json']);
  return JSON.parse(stdout) as readonly Passed[];
}

it(`a warm bearer request passes at most ${MOST_FILES} files of the library, from the guard to the blocklist`, async () => {
  const files = (await passedByWarmRequest()).map(({ file }) => file);
  // A count that misses what every request must pass would be worth nothing.
  expect(files).toEqual(
    expect.arrayContaining([
      'nest/guards/auth.guards.js',
      'core/authentication/authenticator.js',
      'core/tokens/token-verifier.js',
      'core/keys/key-ring.js',
      'core/stores/memory-stores.js',
      'core/users/accounts.js',
    ]),
  );
  expect(files.length).toBeLessThanOrEqual(MOST_FILES);
}, 60_000);
