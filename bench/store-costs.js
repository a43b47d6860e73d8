// Measures what one call to each store costs: the processor time of the database server and of this process, and how many bytes a row
// takes. bench/scale-model.js computes with these figures. Processor time hardly depends on other load of the host; rates do.
// After `npm run build`, on Linux: node bench/store-costs.js [rows]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { memoryStores, SystemClock } from 'nestjs-latchkey';
import { redisStores } from 'nestjs-latchkey/redis';
import { betterSqlite3Database, mysql2Database, pgDatabase, sqlSchema, sqlStores } from 'nestjs-latchkey/sql';
import { Pool } from 'pg';
import { startPostgres } from './postgres.js';

const ROWS = Number(process.argv[2] ?? 20_000);
const AT_ONCE = 16;
const ISSUER = 'https://accounts.example.com';
const TICKS_PER_SECOND = 100;
const clock = new SystemClock();
// It has no types.
const Database = createRequire(import.meta.url)('better-sqlite3');

/** @typedef {import('nestjs-latchkey/stores').Stores} Stores */
/** @typedef {{ logins: number, revocations: number }} Bytes */
/**
 * @typedef {object} Opened
 * @property {Stores} stores
 * @property {number} [pid] the server; absent for a store in this process
 * @property {boolean} [looksBack] whether a reading of changes looks back
 * @property {() => Promise<number>} bytes all that the store takes
 * @property {() => Promise<void>} close
 */

/** An id as long as those of the library. @param {string} kind @param {number} at */
const idOf = (kind, at) => `${kind}-${String(at).padStart(42 - kind.length, '0')}`;

/** Seconds of processor time of a server and its children, those that have ended included. @param {number} pid */
function serverSeconds(pid) {
  let ticks = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const fields = statOf(name);
    if (fields === undefined) continue;
    const isParent = Number(name) === pid;
    // After the name: 1 is the parent, 11 to 14 are the times, of the process itself and of its ended children.
    if (!isParent && Number(fields[1]) !== pid) continue;
    ticks += Number(fields[11]) + Number(fields[12]) + (isParent ? Number(fields[13]) + Number(fields[14]) : 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** @param {string} pid */
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return undefined;
  }
}

/**
 * Does something so many times, some at once.
 * @param {Opened} opened @param {number} count @param {(at: number) => unknown} call
 */
async function costOf({ pid }, count, call) {
  const [serverBefore, ownBefore, begin] = [pid && serverSeconds(pid), process.cpuUsage(), performance.now()];
  let next = 0;
  const caller = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  const { user, system } = process.cpuUsage(ownBefore);
  const server = pid === undefined ? 0 : (serverSeconds(pid) - Number(serverBefore)) * 1e6;
  return {
    perSecond: (count / (performance.now() - begin)) * 1_000,
    serverMicroseconds: server / count,
    ownMicroseconds: (user + system) / count,
  };
}

/** @param {string} name @param {Opened} opened */
async function measure(name, opened) {
  const { logins, revocations } = opened.stores;
  const now = clock.nowSeconds();
  const end = now + 90 * 86_400;
  const empty = await opened.bytes();
  const open = await costOf(opened, ROWS, (at) =>
    logins.open({
      issuer: ISSUER,
      sid: idOf('sid', at),
      subject: idOf('user', at),
      currentJti: idOf('jti', at),
      currentIssuedAt: now,
      currentExpiresAt: end,
      createdAt: now,
      lastUsedAt: now,
      absoluteExpiresAt: end,
      label: 'Firefox on Linux',
    }),
  );
  const rotate = await costOf(opened, ROWS, (at) =>
    logins.rotate({
      issuer: ISSUER,
      sid: idOf('sid', at),
      from: idOf('jti', at),
      to: { jti: idOf('next', at), issuedAt: now, expiresAt: end },
      nowMs: clock.nowMs(),
      graceMs: 10_000,
    }),
  );
  const withLogins = await opened.bytes();
  const add = await costOf(opened, ROWS, (at) =>
    revocations.add({
      kind: 'login',
      issuer: ISSUER,
      id: idOf('gone', at),
      revokedAt: now,
      expiresAt: now - 2 * 86_400 + (at % 2 === 0 ? 0 : end),
      reason: 'sign-out',
    }),
  );
  const full = await opened.bytes();
  const find = await costOf(opened, ROWS, (at) =>
    revocations.find({
      issuer: ISSUER,
      subject: idOf('user', at),
      sid: idOf('sid', at),
      jti: idOf('jti', at),
      issuedAt: now,
    }),
  );
  // A reading looks ten seconds back from the last change.
  if (opened.looksBack) await wait(11_000);
  await revocations.add({ kind: 'login', issuer: ISSUER, id: 'last', revokedAt: now, expiresAt: end });
  const cursor = await upTo(revocations);
  const read = await costOf(opened, 200, () => revocations.changesSince?.(cursor, 1_000));
  const begin = performance.now();
  const pruned = await revocations.prune(now);
  const prune = pruned === 0 ? '' : ((pruned / (performance.now() - begin)) * 1_000).toFixed(0);
  for (const [call, cost] of Object.entries({ open, rotate, add, find, read }))
    print([name, call, cost.perSecond, cost.serverMicroseconds, cost.ownMicroseconds]);
  print([name, 'bytes of a login, of a revocation', (withLogins - empty) / ROWS, (full - withLogins) / ROWS, '']);
  if (prune !== '') print([name, 'rows pruned a second', prune, '', '']);
}

/** Reads all. @param {Stores['revocations']} revocations */
async function upTo(revocations) {
  /** @type {string | undefined} */
  let cursor;
  for (;;) {
    /** @type {import('nestjs-latchkey/stores').RevocationChanges | undefined} */
    const changes = await revocations.changesSince?.(cursor, 1_000);
    if (changes === undefined || !changes.more) return changes?.cursor;
    cursor = changes.cursor;
  }
}

/** @param {readonly (string | number)[]} cells */
function print(cells) {
  const shown = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(cell < 100 ? 1 : 0) : cell));
  process.stdout.write(`| ${shown.join(' | ')} |\n`);
}

/** @param {(folder: string, port: number) => { command: string, args: string[] }} how */
async function startServer(how) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => probe.close(resolve));
  const { command, args } = how(folder, port);
  const child = spawn(command, args, { stdio: 'ignore' });
  while (!(await accepts(port))) await wait(50);
  const stop = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, folder, pid: Number(child.pid), stop };
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined)).once('error', () => resolve(false));
  });
}

/** @param {import('nestjs-latchkey/sql').SqlDatabase} database @returns {Promise<Stores>} */
async function storesOn(database) {
  for (const statement of sqlSchema({ dialect: database.dialect })) await database.execute(statement, []);
  return /** @type {Stores} */ (await sqlStores({ database }).useFactory(clock));
}

/** @type {Record<string, () => Promise<Opened>>} */
const STORES = {
  async memory() {
    const stores = await memoryStores({ maxLogins: ROWS }).useFactory(clock);
    const bytes = async () => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    return { stores, bytes, close: async () => {} };
  },
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
    const database = new Database(join(folder, 'db'));
    database.pragma('journal_mode = WAL');
    const stores = await storesOn(betterSqlite3Database(database));
    const bytes = async () => {
      database.pragma('wal_checkpoint(TRUNCATE)');
      return statSync(join(folder, 'db')).size;
    };
    const close = async () => void [database.close(), rmSync(folder, { recursive: true })];
    return { stores, looksBack: true, bytes, close };
  },
  async PostgreSQL() {
    const postgres = await startPostgres();
    const pool = new Pool({ connectionString: postgres.url, max: AT_ONCE });
    const stores = await storesOn(pgDatabase(pool));
    const bytes = async () => {
      await pool.query('VACUUM');
      return Number((await pool.query('SELECT pg_database_size(current_database()) AS size')).rows[0].size);
    };
    const { rows } = await pool.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`);
    const pid = Number(rows[0].pid);
    return { stores, pid, looksBack: true, bytes, close: async () => void [await pool.end(), await postgres.stop()] };
  },
  async MariaDB() {
    const server = await startServer((folder, port) => {
      const shared = ['--no-defaults', `--datadir=${folder}`, ...(process.getuid?.() === 0 ? ['--user=root'] : [])];
      spawnSync('mariadb-install-db', [...shared, '--auth-root-authentication-method=normal']);
      const args = [...shared, `--port=${port}`, `--socket=${folder}/socket`, '--bind-address=127.0.0.1'];
      return { command: 'mariadbd', args };
    });
    const pool = createPool({ host: '127.0.0.1', port: server.port, user: 'root', connectionLimit: AT_ONCE });
    await pool.query('CREATE DATABASE latchkey');
    await pool.end();
    const url = `mysql://root@127.0.0.1:${server.port}/latchkey?connectionLimit=${AT_ONCE}`;
    const used = createPool(url);
    const stores = await storesOn(mysql2Database(used));
    const bytes = async () => sizeOf(join(server.folder, 'latchkey'));
    return {
      stores,
      pid: server.pid,
      looksBack: true,
      bytes,
      close: async () => void [await used.end(), await server.stop()],
    };
  },
  async Redis() {
    const server = await startServer((folder, port) => ({
      command: 'redis-server',
      args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    }));
    const client = new Redis(server.port);
    const stores = await redisStores({ client }).useFactory(clock);
    const { revocations } = stores;
    if ('checkReady' in revocations && typeof revocations.checkReady === 'function') await revocations.checkReady();
    const bytes = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
    const close = async () => void [client.disconnect(), await server.stop()];
    return { stores, pid: server.pid, bytes, close };
  },
};

/** @param {string} folder */
function sizeOf(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

print(['store', 'call', 'per second', 'server, microseconds', 'this process, microseconds']);
print(['---', '---', '---', '---', '---']);
for (const [name, open] of Object.entries(STORES)) {
  const opened = await open();
  await measure(name, opened);
  await opened.close();
}
