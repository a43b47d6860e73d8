// The packed package on every Nest and every Node that it claims, with callers of both module systems.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions } from '../support/compiler.js';
import { comparison, npmEnvironment, packInto } from '../support/npm-package.js';
import { nodeOf } from '../support/other-nodes.js';
import { requireOrSkip } from '../support/skips.js';
import { root } from '../support/repository.js';

const INSTALL_MS = 240_000;
const RUN_MS = 60_000;

/** The first that announces connected microservices, which the check of hybrid applications needs. */
const OLDEST = '11.1.6';

/** What the doors need in the versions beside one Nest, and a database that needs no server. */
const peersBeside = (nest: string, typeorm: string): string[] => [
  ...['passport', 'swagger', 'terminus'].map((name) => `@nestjs/${name}@${nest}`),
  `typeorm@${typeorm}`,
  'passport',
  'passport-jwt',
  'class-validator',
  'class-transformer',
  'sql.js',
];

/** The platforms of one Nest; `packages` are what only some programs need. */
const nests = [
  { nest: '12', version: '^12.5.0', packages: peersBeside('12', '1'), gateways: [] },
  {
    nest: '11',
    version: '^11.2.0',
    packages: peersBeside('11', '0.3'),
    gateways: ['@nestjs/websockets@^11.2.0', '@nestjs/platform-ws@^11.2.0'],
  },
  { nest: 'the oldest 11', version: OLDEST, packages: [], gateways: [] },
] as const;

const callers = [
  ['an ES module', 'routes.mjs'],
  ['CommonJS', 'routes.cjs'],
] as const;

const isEverything = process.env['LATCHKEY_PROJECTS'] === 'all';

/** The ends of the range; `npm run test:projects` tries the one between as well. */
const nodes = [
  [`${process.versions.node.split('.')[0]}, which runs this`, process.execPath],
  ...(isEverything ? ([['22', nodeOf('22')]] as const) : []),
  ['24', nodeOf('24')],
] as const;

/** Writes a program as an ES module and as CommonJS. */
function compileInto(folder: string, name: string): void {
  const source = readFileSync(join(root, `test/support/matrix/${name}.ts`), 'utf8');
  for (const [extension, module] of [
    ['mjs', ts.ModuleKind.ESNext],
    ['cjs', ts.ModuleKind.CommonJS],
  ] as const) {
    const options = { ...compilerOptions, module, sourceMap: false, inlineSources: false, esModuleInterop: true };
    const { outputText } = ts.transpileModule(source, { compilerOptions: options });
    writeFileSync(join(folder, `${name}.${extension}`), outputText);
  }
}

describe.each(nests)('the packed package with Nest $nest', ({ version, packages, gateways }) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-matrix-'));

  beforeAll(() => {
    const tarball = packInto(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
    for (const name of ['routes', 'gateway', 'peers']) compileInto(folder, name);
    const platform = ['common', 'core', 'platform-express', 'platform-fastify'].map(
      (name) => `@nestjs/${name}@${version}`,
    );
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--strict-peer-deps'];
    const wanted = [tarball, ...platform, ...packages, ...gateways, 'reflect-metadata@^0.2.0', 'rxjs@^7.1.0'];
    execFileSync('npm', ['install', ...flags, ...wanted], { cwd: folder, env: npmEnvironment, stdio: 'pipe' });
  }, INSTALL_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(node: string, ...args: string[]): string {
    const options = { cwd: folder, env: npmEnvironment, encoding: 'utf8', timeout: RUN_MS } as const;
    const { stdout, stderr, status } = spawnSync(node, args, options);
    return status === 0 ? stdout.trim() : `failed with ${status}: ${stderr}`;
  }

  // The floor of the range is about Nest; one Node shows it.
  for (const [major, node] of version === OLDEST ? nodes.slice(0, 1) : nodes) {
    requireOrSkip(`Node ${major}`, node !== undefined)(`on Node ${major}`, () => {
      it.each(callers)(
        'guards routes on Express and Fastify for %s',
        (_, program) => {
          expect(run(node ?? '', program)).toMatch(/^ran on Node \d+/);
        },
        RUN_MS,
      );

      it(
        'is one copy for import and require',
        () => {
          const program = comparison(['nestjs-latchkey', 'nestjs-latchkey/testing']);
          expect(run(node ?? '', '--input-type=module', '--eval', program)).toMatch(/^([1-9]\d* same, 0 differ\s*)+$/);
        },
        RUN_MS,
      );

      // Nest 12 has no build that such a loader could take.
      if (!version.startsWith('^12'))
        it(
          'guards routes if the loader cannot require ES modules',
          () => {
            expect(run(node ?? '', '--no-experimental-require-module', 'routes.cjs')).toMatch(/^ran on Node \d+/);
          },
          RUN_MS,
        );
    });
  }

  if (packages.length > 0)
    it.each(['peers.mjs', 'peers.cjs'])(
      'does with the peers beside it what its doors promise: %s',
      (program) => {
        expect(run(process.execPath, program)).toMatch(/^\d+ promises kept/);
      },
      RUN_MS,
    );

  if (gateways.length > 0) {
    it(
      'does not start with a gateway that the default guard would not reach',
      () => {
        expect(run(process.execPath, 'gateway.mjs')).toContain(
          'ChatGateway.say: the default guard does not reach gateways',
        );
      },
      RUN_MS,
    );
  }
});
