// The declarations of the packed library, every door, as compilers of several versions find them under each kind of module resolution.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { npmEnvironment, packInto } from '../support/npm-package.js';
import { doors, root } from '../support/repository.js';

const INSTALL_MS = 240_000;
const COMPILE_MS = 120_000;

const isEverything = process.env['LATCHKEY_PROJECTS'] === 'all';
const VERSIONS = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6'];

const nests = [
  {
    nest: '11',
    module: 'CommonJS',
    /** With the other Nest, the ends of the range; `npm run test:projects` tries all of them with both. */
    ends: ['5.4'],
    typeorm: '0.3',
    resolutions: 'node; node16, CommonJS; node16, ES module; nodenext, CommonJS; nodenext, ES module; bundler',
  },
  {
    nest: '12',
    module: 'ES module',
    ends: ['6'],
    typeorm: '1',
    resolutions: 'node16, ES module; nodenext, ES module; bundler',
  },
] as const;

/** The packages of one Nest that the declarations mention. */
const packagesOf = (nest: string): string[] =>
  ['common', 'core', 'microservices', 'passport', 'platform-express', 'swagger', 'terminus', 'websockets'].map(
    (name) => `@nestjs/${name}@${nest}`,
  );
const others = ['passport', 'passport-jwt', '@opentelemetry/api', 'class-validator', 'class-transformer'];
const types = ['@types/node@20', '@types/passport', '@types/passport-jwt', '@types/express'];

describe.each(nests)(
  'the declarations beside Nest $nest and TypeORM $typeorm',
  ({ nest, module, ends, typeorm, resolutions }) => {
    const compilers = isEverything ? VERSIONS : ends;
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-resolutions-'));

    beforeAll(() => {
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
      const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--strict-peer-deps'];
      const typescripts = compilers.map((version) => `typescript-${version}@npm:typescript@${version}`);
      const wanted = [packInto(folder), ...packagesOf(nest), `typeorm@${typeorm}`, ...others, ...types, ...typescripts];
      execFileSync('npm', ['install', ...flags, 'reflect-metadata', 'rxjs', ...wanted], {
        cwd: folder,
        env: npmEnvironment,
        stdio: 'pipe',
      });
    }, INSTALL_MS);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each(compilers)(
      'are found and hold for TypeScript %s',
      (version) => {
        const specifiers = JSON.stringify(doors.map(({ specifier }) => specifier));
        const program = join(root, 'test/support/resolutions/compile.cjs');
        const { stdout, stderr } = spawnSync(process.execPath, [program, `typescript-${version}`, specifiers, module], {
          cwd: folder,
          env: npmEnvironment,
          encoding: 'utf8',
        });
        expect(`${stdout}${stderr}`.trim()).toBe(resolutions);
      },
      COMPILE_MS,
    );
  },
);
