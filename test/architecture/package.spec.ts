import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { comparison, type Installation, installPacked } from '../support/npm-package.js';
import { doors, manifest, optionalPeers, peersOf, readText, root, typeScriptFiles } from '../support/repository.js';
import { documents } from '../../tools/documents.js';
import { doorMembers } from '../../tools/doors.js';

const needy = doors.flatMap(({ specifier }) => (peersOf[specifier] ? [[specifier, peersOf[specifier]] as const] : []));
const selfSufficient = doors.filter(({ specifier }) => !(specifier in peersOf)).map(({ specifier }) => specifier);

function tool(name: string, ...args: string[]): string {
  const path = join(root, 'node_modules/.bin', name);
  return execFileSync(path, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the list of what is packed', () => {
  it('has every document that the README links', () => {
    const links = [...readText('README.md').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => String(link));
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !documents.includes(String(link.split('/')[0])))).toEqual([]);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
    // npm takes these along by itself.
    const packed = [...manifest.files, 'README.md', 'LICENSE'];
    expect(documents.filter((name) => !packed.includes(name))).toEqual([]);
  });
});

describe('the manifest', () => {
  it('names every door in the sources, and no other', () => {
    expect(manifest).toMatchObject(doorMembers());
    expect(Object.keys(manifest.exports)).toEqual(Object.keys(doorMembers().exports));
    const entries = typeScriptFiles('libs/auth/src').flatMap(
      (path) => /src\/([^/]+|[^/]+\/index)\.ts$/.exec(path)?.[1] ?? [],
    );
    expect(doors.map(({ entry }) => entry).sort()).toEqual(entries.filter((entry) => entry !== 'cli/index').sort());
  });
});

describe('the packed package, installed in an empty folder with its required peers', () => {
  let installation: Installation;

  beforeAll(() => {
    installation = installPacked();
  }, 180_000);

  afterAll(() => installation.remove());

  it('has no optional peer beside it', () => {
    const code = `require('node:fs').readdirSync('node_modules').join(' ')`;
    const { output } = installation.run('commonjs', `console.log(${code})`);
    expect(output.split(/\s+/).filter((name) => optionalPeers.includes(name))).toEqual([]);
  });

  it.each(selfSufficient)('opens %s to import and to require', (specifier) => {
    const imported = installation.run('module', `await import('${specifier}')`);
    expect(imported).toEqual({ status: 0, output: '' });
    const required = installation.run('commonjs', `require('${specifier}')`);
    expect(required).toEqual({ status: 0, output: '' });
  });

  it.each(needy)('fails to open %s and names the missing peer', (specifier, peers) => {
    const { status, output } = installation.run('module', `await import('${specifier}')`);
    expect(status).not.toBe(0);
    expect(peers.map((peer) => `Cannot find package '${peer}'`).some((text) => output.includes(text))).toBe(true);
  });

  it('is one copy for import and require', () => {
    const { status, output } = installation.run('module', comparison(selfSufficient));
    expect(output).toMatch(/^([1-9]\d* same, 0 differ\s*)+$/);
    expect(status).toBe(0);
  });

  it.each(['module', 'commonjs'] as const)('names a peer in another version at boot, for %s', (kind) => {
    const load = kind === 'module' ? `const load = (name) => import(name)` : `const load = require`;
    const { output } = installation.run(
      kind,
      `const run = async (load) => {
        const { mkdirSync, rmSync, writeFileSync } = await load('node:fs');
        mkdirSync('node_modules/typeorm');
        writeFileSync('node_modules/typeorm/package.json', '{"version":"0.2.45"}');
        const { NestFactory } = await load('@nestjs/core');
        const { AuthModule } = await load('nestjs-latchkey');
        await NestFactory.createApplicationContext(AuthModule.forRoot(), { logger: ['warn'] });
        rmSync('node_modules/typeorm', { recursive: true });
      };
      ${load}; run(load);`,
    );
    expect(output).toContain(
      `typeorm 0.2.45 is installed, and nestjs-latchkey works with ${manifest.peerDependencies['typeorm']}.`,
    );
  });

  it('keeps its inner files closed', () => {
    const { output } = installation.run('module', `await import('nestjs-latchkey/dist/core/base/errors.js')`);
    expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('satisfies publint', () => {
    expect(tool('publint', 'run', installation.tarball, '--strict')).toContain('All good!');
  });

  it('satisfies are-the-types-wrong', () => {
    // Its exit code is the verdict, for every kind of module resolution.
    const report = tool('attw', installation.tarball, '--no-definitely-typed', '--no-color');
    expect(report).toContain('nestjs-latchkey v');
  });
});
