// Other versions of Node than the one that runs the tests.
import { spawnSync } from 'node:child_process';
import { npmEnvironment } from './npm-package.js';

const INSTALL_MS = 240_000;

/** The path of a Node of that major, from the npm package `node`; `undefined` if it cannot be had. */
export function nodeOf(major: string): string | undefined {
  const { status, stdout } = spawnSync('npx', ['-y', `node@${major}`, '-p', 'process.execPath'], {
    env: npmEnvironment,
    encoding: 'utf8',
    timeout: INSTALL_MS,
  });
  return status === 0 ? stdout.trim() : undefined;
}
