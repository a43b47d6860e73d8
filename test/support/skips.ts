// Skips a suite if a server is not installed, and reports that; with LATCHKEY_NO_SKIP=1 it is a failure instead.
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from '@jest/globals';

const folder = join(import.meta.dirname, '../../coverage/left-out');

/**
 * Gives the `describe` to use for tests that need `name`: the real one, one that skips, or one that fails.
 *
 * @example
 * requireOrSkip('redis-server', hasCommand('redis-server'))('RedisBlocklistStore', () => { ... });
 */
export function requireOrSkip(name: string, available: boolean): (title: string, tests: () => void) => void {
  if (available) return describe;
  if (process.env['LATCHKEY_NO_SKIP'] === '1') return (title) => describe(title, () => failFor(name));
  return (title, tests) => {
    leaveOut(name, title);
    describe.skip(title, tests);
  };
}

/** True if a program of that name exists: on the PATH, or in the folders of Debian for servers. */
export function hasCommand(name: string): boolean {
  return commandPath(name) !== undefined;
}

/** Finds a program on the PATH or in the folders of Debian for servers. */
export function commandPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((parent) => join(parent, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function failFor(name: string): void {
  it(`needs ${name}`, () => {
    throw new Error(`${name} is missing and LATCHKEY_NO_SKIP=1 allows no skipped test`);
  });
}

// One file per left-out suite: Jest's workers are processes of their own and share no memory with the reporter.
function leaveOut(name: string, title: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, encodeURIComponent(`${name} ${title}`)), `${name}: ${title}`);
  process.stderr.write(`LEFT OUT (no ${name}): ${title}\n`);
}
