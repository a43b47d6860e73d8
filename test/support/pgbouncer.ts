// A PgBouncer of the test file's own, in front of a PostgreSQL: every transaction may run on another connection of the server.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startServer, temporaryFolder, type Server } from './database-server.js';
import { commandPath, hasCommand } from './skips.js';

export const hasPgBouncer = (): boolean => hasCommand('pgbouncer');

/** The user id of a user without rights: PgBouncer refuses to run as root. */
const UNPRIVILEGED = 65_534;

/** Starts it in transaction mode with few connections to the server. */
export async function startPgBouncer(postgresUrl: string): Promise<Server & { readonly url: string }> {
  const { hostname, port: target, username, password, pathname } = new URL(postgresUrl);
  const folder = temporaryFolder('pgbouncer');
  chmodSync(folder, 0o755);
  const port = await freePort();
  const database = `host=${hostname} port=${target} dbname=${pathname.slice(1)} user=${username} password=${password}`;
  const settings = [
    '[databases]',
    `latchkey = ${database}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 3',
  ];
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(file, settings.join('\n'));
  const uid = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  const server = await startServer({ command: commandPath('pgbouncer') ?? '', args: [file], port, folder, uid });
  return { ...server, url: `postgres://${username}@127.0.0.1:${port}/latchkey` };
}
