// The same two applications in a project of Nest 11, CommonJS and TypeORM 0.3, which npm installs into a temporary folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { temporaryFolder } from '../support/database-server.js';
import { npmEnvironment, packInto } from '../support/npm-package.js';
import { readText, root } from '../support/repository.js';

const INSTALL_MS = 240_000;
const PROBE_MS = 60_000;
const FILES = ['application', 'before', 'after', 'typeorm-accounts', 'probe'];

const PACKAGES = [
  ...['common', 'core', 'platform-express', 'jwt', 'passport', 'typeorm'].map((name) => `@nestjs/${name}@11`),
  'typeorm@0.3',
  'passport@0.7',
  'passport-jwt@4',
  'reflect-metadata@0.2',
  'rxjs@7',
];

/** Prints the answers before and after. */
const PROGRAM = `
  require('reflect-metadata');
  const { VersioningType } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { typeOrmStores } = require('nestjs-latchkey/typeorm');
  const { after } = require('./after.js');
  const { Secrets } = require('./application.js');
  const { before } = require('./before.js');
  const { Client, probe } = require('./probe.js');
  const { typeOrmData } = require('./typeorm-accounts.js');

  async function answersOf(module) {
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    app.enableVersioning({ type: VersioningType.URI });
    await app.listen(0, '127.0.0.1');
    const answers = await probe(new Client(app, await app.getUrl()));
    await app.close();
    return answers;
  }

  async function main() {
    const secrets = new Secrets();
    const old = await answersOf(before(typeOrmData('before.sqlite', secrets, false)));
    const now = await answersOf(after(typeOrmData('after.sqlite', secrets, true), typeOrmStores()));
    console.log(JSON.stringify({ old, now }));
  }
  main().catch((error) => { console.error(error); process.exitCode = 1; });
`;

/** The folder of the project, or `undefined` if npm cannot be reached. */
export function installNest11(): string | undefined {
  const folder = temporaryFolder('nest-11');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'commonjs' }));
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--strict-peer-deps'];
  const options = { cwd: folder, env: npmEnvironment, timeout: INSTALL_MS } as const;
  if (spawnSync('npm', ['install', ...flags, packInto(folder), ...PACKAGES], options).status !== 0) return undefined;
  // Its binary is built at an install with scripts, as the one of this repository was.
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path'])
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  return folder;
}

interface Answers {
  readonly old: Record<string, unknown>;
  readonly now: Record<string, unknown>;
}

/** The version of a package there. */
export function versionIn(folder: string, name: string): string {
  const manifest = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** What both applications answer there. */
export function answersOnNest11(folder: string): Answers {
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
  };
  const program = join(folder, 'program');
  mkdirSync(program, { recursive: true });
  for (const name of FILES) {
    const { outputText } = ts.transpileModule(readText(`test/migrations/${name}.ts`), { compilerOptions });
    writeFileSync(join(program, `${name}.js`), outputText);
  }
  writeFileSync(join(program, 'main.js'), PROGRAM);
  const options = { cwd: program, env: npmEnvironment, encoding: 'utf8', timeout: PROBE_MS } as const;
  return JSON.parse(execFileSync(process.execPath, ['main.js'], options)) as Answers;
}
