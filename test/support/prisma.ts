// A Prisma client made for a test: the `prisma` command comes from npm into a temporary folder, and no engine is downloaded.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { PrismaLike } from 'nestjs-latchkey/sql';
import { temporaryFolder } from './database-server.js';
import { npmEnvironment } from './npm-package.js';
import { root } from './repository.js';

const INSTALL_MS = 240_000;

/** What the tests use of a client. */
export interface PrismaClient extends PrismaLike {
  $disconnect(): Promise<void>;
  $transaction<T>(work: (tx: PrismaLike) => Promise<T>): Promise<T>;
  /** The models of the schema. */
  readonly latchkeyLogin: { findMany(): Promise<readonly Readonly<Record<string, unknown>>[]> };
}

/** Opens a client on a driver adapter of Prisma. */
export type OpenPrisma = (adapter: unknown) => PrismaClient;

/** A folder with the command, or `undefined` if npm cannot be reached. */
export function installPrisma(): string | undefined {
  const folder = temporaryFolder('prisma');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'commonjs' }));
  const { version } = createRequire(import.meta.url)('@prisma/client/package.json') as { version: string };
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const options = { cwd: folder, env: npmEnvironment, timeout: INSTALL_MS } as const;
  const { status } = spawnSync('npm', ['install', ...flags, `prisma@${version}`], options);
  if (status !== 0) return undefined;
  mkdirSync(join(folder, 'node_modules/@prisma'), { recursive: true });
  for (const name of ['@prisma/client', '@prisma/client-runtime-utils'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

/** Generates the client of a schema and loads it. */
export function generatePrisma(folder: string, provider: string, models: string): OpenPrisma {
  const output = join(folder, `client-${provider}`);
  const schema = `generator client {
    provider = "prisma-client-js"
    output = "${output}"
  }
  datasource db {
    provider = "${provider}"
  }
  ${models}`;
  writeFileSync(join(folder, `${provider}.prisma`), schema);
  const args = ['generate', '--schema', `${provider}.prisma`];
  // What makes migrations is an engine of its own, which `generate` looks for and does not run.
  const env = { ...npmEnvironment, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' };
  execFileSync(join(folder, 'node_modules/.bin/prisma'), args, { cwd: folder, env, stdio: 'pipe' });
  const { PrismaClient } = createRequire(import.meta.url)(output) as {
    PrismaClient: new (options: object) => PrismaClient;
  };
  return (adapter) => new PrismaClient({ adapter });
}
