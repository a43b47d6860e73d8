// Owns a Redis of the test file's own. It keeps nothing on disk.
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort, hasCommand, startServer, temporaryFolder, type Server } from './server.js';

export const hasRedis = (): boolean => hasCommand('redis-server');

export async function startRedis(port?: number): Promise<Server & { readonly url: string }> {
  const at = port ?? (await freePort());
  const folder = temporaryFolder('redis');
  const args = ['--port', `${at}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = await startServer({ command: 'redis-server', args, port: at, folder });
  return { ...server, url: `redis://127.0.0.1:${at}` };
}

/** A Redis for the tests of a `describe` block, emptied before each of them, and its client. */
export function useRedis(): { readonly client: Redis } {
  let server: Server | undefined;
  let client: Redis | undefined;
  beforeAll(async () => {
    const started = await startRedis();
    server = started;
    client = new Redis(started.url);
  }, 60_000);
  beforeEach(() => client?.flushall());
  afterAll(async () => {
    client?.disconnect();
    await server?.stop();
  });
  return {
    get client() {
      if (client === undefined) throw new Error('Redis runs while tests do, and not before.');
      return client;
    },
  };
}
