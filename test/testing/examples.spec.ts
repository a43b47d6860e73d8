// Runs the examples of docs/testing.md with the runner that each is for, on the built library.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions } from '../support/compiler.js';
import { readText, root } from '../support/repository.js';

const text = readText('docs/testing.md');

/** The fenced code that the document gives this title. */
function example(title: string): string {
  const fence = [...text.matchAll(/^```[^\n]*title="([^"]+)"\n([\s\S]*?)^```/gm)].find(([, name]) => name === title);
  if (fence?.[2] === undefined) throw new Error(`docs/testing.md has no example of the title ${title}`);
  return fence[2];
}

const asJavaScript = { ...compilerOptions, module: ts.ModuleKind.ESNext, sourceMap: false };

describe('the examples of docs/testing.md', () => {
  let folder: string;
  beforeEach(() => {
    mkdirSync(join(root, 'coverage/snippets'), { recursive: true });
    folder = mkdtempSync(join(root, 'coverage/snippets/testing-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, code: string): void {
    writeFileSync(join(folder, name), code);
  }

  /** Without the marks of the run around it, so that each runner believes to be the only one. */
  function run(...args: string[]): string {
    const { JEST_WORKER_ID: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...env, NODE_ENV: 'test', CI: 'true', NO_COLOR: '1' },
    });
    if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  it('run by Jest', () => {
    for (const name of ['app.module.ts', 'notes.spec.ts', 'jest.config.mjs']) write(name, example(name));
    const output = run('--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '--rootDir', folder);
    expect(output).toContain('Tests:       3 passed, 3 total');
  }, 80_000);

  it('run by Vitest', () => {
    for (const name of ['app.module.ts', 'notes.test.ts']) write(name, example(name));
    write('tsconfig.json', JSON.stringify({ compilerOptions: { target: 'es2023', experimentalDecorators: true } }));
    const output = run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder);
    expect(output).toMatch(/Tests\s+2 passed/);
  }, 80_000);

  it.each([
    ['notes.node.ts', 2],
    ['stores.node.ts', 40],
  ])(
    'run by node:test: %s',
    (name, atLeast) => {
      for (const each of ['app.module.ts', name]) {
        const { outputText } = ts.transpileModule(example(each), { compilerOptions: asJavaScript });
        write(each.replace('.ts', '.mjs'), outputText.replaceAll("'./app.module.js'", "'./app.module.mjs'"));
      }
      const output = run('--test', join(folder, name.replace('.ts', '.mjs')));
      expect(Number(/^[#ℹ] pass (\d+)$/m.exec(output)?.[1])).toBeGreaterThanOrEqual(atLeast);
    },
    80_000,
  );
});
