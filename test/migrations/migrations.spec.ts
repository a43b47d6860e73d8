// Applications of the usual shape, before and after docs/migrating.md, on the same database: on TypeORM 1 and 0.3, and on Prisma.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VersioningType, type DynamicModule } from '@nestjs/common';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { prismaDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { typeOrmStores } from 'nestjs-latchkey/typeorm';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';
import { generatePrisma, installPrisma } from '../support/prisma.js';
import { readText } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables } from '../support/sql-suite.js';
import { after } from './after.js';
import { Secrets } from './application.js';
import { before } from './before.js';
import { answersOnNest11, installNest11, versionIn } from './nest-11.js';
import { makeAccountTables, MODELS, prismaData, type AccountsClient } from './prisma-accounts.js';
import { Client, probe, tokensOf } from './probe.js';
import { typeOrmData } from './typeorm-accounts.js';

const PREPARE_MS = 300_000;
const STORY_MS = 60_000;

/** The application before and after, on one database. */
interface Skeleton {
  before(): Promise<DynamicModule>;
  after(): Promise<DynamicModule>;
  close(): Promise<unknown>;
}

/** What docs/migrating.md says about each of these. */
const DIFFERENCES = {
  // The token of OneTimeTokens works once.
  'confirm once more': 400,
  // Within `refresh.grace` the live token is answered.
  'refresh with the same token': { token: 'string', refreshToken: 'string' },
  // `request.user` is the row as it is now, and was the payload.
  'users, promoted since the sign-in': expect.arrayContaining([{ id: 4, email: 'lin@example.com', role: 'admin' }]),
  // A login that ended and a user who is not active are refused at the next request.
  'me after the log-out': 401,
  'me, deactivated since the sign-in': 401,
};

function testMigration(adapter: AdapterName, prepare: () => Promise<Skeleton>): void {
  let skeleton: Skeleton;
  const running: RunningApplication[] = [];
  beforeAll(async () => {
    skeleton = await prepare();
  }, PREPARE_MS);
  afterEach(async () => {
    for (const each of running.splice(0)) await each.close();
  });
  afterAll(() => skeleton?.close());

  async function start(module: DynamicModule): Promise<Client> {
    const configure = (app: RunningApplication['app']) => app.enableVersioning({ type: VersioningType.URI });
    const started = await startApplication(adapter, { imports: [module], configure });
    running.push(started);
    return new Client(started.app, started.url);
  }

  it(
    'answers one list of requests as before, except where the guide says so',
    async () => {
      const old = await probe(await start(await skeleton.before()));
      const fresh = await prepare();
      const now = await probe(await start(await fresh.after()));
      for (const each of running.splice(0)) await each.close();
      await fresh.close();
      expect(now).toEqual({ ...old, ...DIFFERENCES });
      const changed = Object.keys(DIFFERENCES).map((name) => old[name]);
      expect(changed).toEqual([204, 401, 403, { id: 4, email: 'lin@example.com', role: 'user' }, expect.anything()]);
    },
    STORY_MS,
  );

  it(
    'exchanges a login of the old application once, and refuses its access token',
    async () => {
      const old = await start(await skeleton.before());
      await old.add('kim@example.com');
      const held = await tokensOf(old.login('kim@example.com'));
      const now = await start(await skeleton.after());
      expect((await now.get('/v1/auth/me', held.token)).status).toBe(401);
      const exchanged = await now.refresh(held.refreshToken);
      expect(exchanged.status).toBe(200);
      const { token } = await tokensOf(Promise.resolve(exchanged));
      expect(await (await now.get('/v1/auth/me', token)).json()).toMatchObject({ email: 'kim@example.com' });
      expect((await now.refresh(held.refreshToken)).status).toBe(401);
      const signedIn = await now.login('kim@example.com');
      expect(signedIn.status).toBe(200);
    },
    STORY_MS,
  );
}

async function onTypeOrm(): Promise<Skeleton> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-migration-'));
  const file = join(folder, 'app.sqlite');
  const secrets = new Secrets();
  return {
    before: async () => before(typeOrmData(file, secrets, false)),
    after: async () => after(typeOrmData(file, secrets, true), typeOrmStores()),
    close: async () => rmSync(folder, { recursive: true }),
  };
}

const prisma = installPrisma();
let open: ReturnType<typeof generatePrisma> | undefined;

async function onPrisma(): Promise<Skeleton> {
  open ??= generatePrisma(prisma ?? '', 'sqlite', MODELS + readText('libs/auth/schema/sqlite.prisma'));
  const client = open(new PrismaBetterSqlite3({ url: ':memory:' })) as unknown as AccountsClient;
  const secrets = new Secrets();
  const database = prismaDatabase(client, { dialect: 'sqlite' });
  await makeAccountTables(client);
  return {
    before: async () => before(prismaData(client, secrets)),
    after: async () => {
      await makeTables(database);
      return after(prismaData(client, secrets), sqlStores({ database }));
    },
    close: () => client.$disconnect(),
  };
}

describe.each(ADAPTERS)('an application on TypeORM that moves, on %s', (adapter) => {
  testMigration(adapter, onTypeOrm);
});

requireOrSkip('the prisma package of npm', prisma !== undefined)('an application on Prisma that moves', () => {
  testMigration('express', onPrisma);
});

const nest11 = installNest11();

requireOrSkip('Nest 11 of npm', nest11 !== undefined)('an application on Nest 11, CommonJS and TypeORM 0.3', () => {
  afterAll(() => rmSync(nest11 ?? '', { recursive: true, force: true }));

  it(
    'answers one list of requests as before, except where the guide says so',
    () => {
      const folder = nest11 ?? '';
      expect([versionIn(folder, 'typeorm'), versionIn(folder, '@nestjs/core')]).toEqual([
        expect.stringMatching(/^0\.3\./),
        expect.stringMatching(/^11\./),
      ]);
      const { old, now } = answersOnNest11(folder);
      expect(now).toEqual({ ...old, ...DIFFERENCES });
    },
    STORY_MS,
  );
});
