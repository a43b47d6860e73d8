// A MariaDB of the test file's own, with an empty password for root.
import { spawnSync } from 'node:child_process';
import { createConnection } from 'mysql2/promise';
import { copyDataFolder, freePort, hasCommand, startServer, temporaryFolder, type Server } from './database-server.js';

export const hasMariaDb = (): boolean => hasCommand('mariadbd') && hasCommand('mariadb-install-db');

const SMALL = ['--innodb-log-file-size=8M', '--innodb-buffer-pool-size=64M'];
/** No test takes the power away: what was committed need not be on the disk. */
const QUICK = ['--innodb-flush-log-at-trx-commit=0', '--skip-innodb-doublewrite'];

export async function startMariaDb(): Promise<Server & { readonly url: string }> {
  const folder = temporaryFolder('mariadb');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  await copyDataFolder(`mariadb-${user.length}`, folder, async (template) => install(template, user));
  const port = await freePort();
  const shared = ['--no-defaults', `--datadir=${folder}`, ...user, ...SMALL, ...QUICK];
  const args = [...shared, `--port=${port}`, `--socket=${folder}/socket`, '--bind-address=127.0.0.1'];
  const server = await startServer({ command: 'mariadbd', args, port, folder });
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
  await connection.query('CREATE DATABASE latchkey');
  await connection.end();
  return { ...server, url: `mysql://root@127.0.0.1:${port}/latchkey` };
}

function install(folder: string, user: readonly string[]): void {
  const asked = ['--no-defaults', `--datadir=${folder}`, ...user, ...SMALL, '--auth-root-authentication-method=normal'];
  const { status, stdout, stderr } = spawnSync('mariadb-install-db', asked, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mariadb-install-db failed: ${stdout}${stderr}`);
}
