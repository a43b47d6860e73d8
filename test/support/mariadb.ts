// A MariaDB of the test file's own, with an empty password for root.
import { spawnSync } from 'node:child_process';
import { createConnection } from 'mysql2/promise';
import { freePort, hasCommand, startServer, temporaryFolder, type Server } from './database-server.js';

export const hasMariaDb = (): boolean => hasCommand('mariadbd') && hasCommand('mariadb-install-db');

export async function startMariaDb(): Promise<Server & { readonly url: string }> {
  const folder = temporaryFolder('mariadb');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const shared = ['--no-defaults', `--datadir=${folder}`, ...user];
  const installed = spawnSync('mariadb-install-db', [...shared, '--auth-root-authentication-method=normal'], {
    encoding: 'utf8',
  });
  if (installed.status !== 0) throw new Error(`mariadb-install-db failed: ${installed.stdout}${installed.stderr}`);
  const port = await freePort();
  const args = [...shared, `--port=${port}`, `--socket=${folder}/socket`, '--bind-address=127.0.0.1'];
  const server = await startServer({ command: 'mariadbd', args, port, folder });
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
  await connection.query('CREATE DATABASE latchkey');
  await connection.end();
  return { ...server, url: `mysql://root@127.0.0.1:${port}/latchkey` };
}
