// One of several processes: the built package on shared stores, without HTTP. It executes the calls of its parent and returns their results.
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, LoginService, TokenService } from 'nestjs-latchkey';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
import { redisStores } from 'nestjs-latchkey/redis';
import { betterSqlite3Database, mysql2Database, pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { createPool } from 'mysql2/promise';
import { Client, Pool } from 'pg';
import { createClient, createCluster } from 'redis';

/** @typedef {{ database: string, keys: string, freshness: 'every-request' | { withinMs: number }, push: boolean }} Options */
/** @typedef {{ id: number, does: string, values: string[] }} Call */

const ISSUER = 'https://accounts.test';
/** @type {Options} */
const { database, keys, freshness, push } = JSON.parse(process.argv[2] ?? '');

async function redis() {
  const client = createClient({ url: database });
  client.on('error', () => {});
  return { imports: [], stores: redisStores({ client: await client.connect(), push }) };
}

/** @param {string} ports of machines on this one, as a list */
async function redisCluster(ports) {
  const rootNodes = ports.split(',').map((port) => ({ url: `redis://127.0.0.1:${port}` }));
  const client = createCluster({ rootNodes });
  client.on('error', () => {});
  await client.connect();
  return { imports: [], stores: redisStores({ client, shards: 16, push }) };
}

function postgres() {
  const source = TypeOrmModule.forRoot({
    type: 'postgres',
    url: database,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
  });
  return { imports: [source], stores: typeOrmStores(push ? { listen: listenAt(database) } : {}) };
}

/** @param {string} url */
function listenAt(url) {
  return () => new Client({ connectionString: url });
}

function pg() {
  const url = database.replace('pg:', 'postgres:');
  const pool = new Pool({ connectionString: url });
  pool.on('error', () => {});
  return { imports: [], stores: sqlStores({ database: pgDatabase(pool), ...(push && { listen: listenAt(url) }) }) };
}

function mysql() {
  return { imports: [], stores: sqlStores({ database: mysql2Database(createPool(database)) }) };
}

/** @param {string} path */
function sqlite(path) {
  const Database = createRequire(import.meta.url)('better-sqlite3');
  const opened = new Database(path, { timeout: 250 });
  opened.pragma('journal_mode = WAL');
  return { imports: [], stores: sqlStores({ database: betterSqlite3Database(opened) }) };
}

function connect() {
  const [scheme, rest = ''] = database.split(/:(.*)/s);
  const ways = { redis, mysql, pg, 'redis-cluster': () => redisCluster(rest), sqlite: () => sqlite(rest) };
  return (ways[/** @type {keyof typeof ways} */ (scheme)] ?? postgres)();
}

const { imports, stores } = await connect();
class Machine {}
const auth = AuthModule.forRoot({
  issuer: ISSUER,
  audience: 'accounts',
  keys: keysFromDirectory(keys, { createIfMissing: true }),
  stores,
  // Many processes share two cores here: a slow store is not down.
  revocation: { freshness, timeout: '1s' },
});
const application = await NestFactory.createApplicationContext(
  { module: Machine, imports: [...imports, auth] },
  { logger: false, abortOnError: false },
);
const tokens = application.get(TokenService);
const logins = application.get(LoginService);

/** @type {Record<string, (...values: string[]) => Promise<unknown>>} */
const deeds = {
  issue: (subject) => tokens.issue(/** @type {string} */ (subject)),
  refresh: (token) => tokens.refresh(/** @type {string} */ (token)),
  verify: async (token) => (await tokens.verify(/** @type {string} */ (token), { kind: 'access' })).sid,
  // Both clocks are the monotonic one of this computer, so that they can be compared.
  revokeAt: async (token) => {
    await tokens.revoke(/** @type {string} */ (token));
    return monotonicMs();
  },
  seenRevokedAt: async (token) => {
    while (await isAccepted(/** @type {string} */ (token))) await wait(1);
    return monotonicMs();
  },
  revoke: (token) => tokens.revoke(/** @type {string} */ (token)),
  end: (subject, sid) => logins.end(subjectOf(subject), /** @type {string} */ (sid)),
  endAll: (subject) => logins.endAll(subjectOf(subject)),
};

/** @param {string} token */
function isAccepted(token) {
  return tokens.verify(token, { kind: 'access' }).then(
    () => true,
    () => false,
  );
}

function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** @param {string | undefined} id */
function subjectOf(id) {
  return { issuer: ISSUER, id: id ?? '' };
}

process.on('message', (/** @type {Call} */ { id, does, values }) => {
  void Promise.resolve(deeds[does]?.(...values)).then(
    (value) => process.send?.({ id, code: 'accepted', value }),
    (/** @type {{ code?: string }} */ error) => process.send?.({ id, code: error.code ?? String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
