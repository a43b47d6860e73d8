// A Redis of the test file's own. It keeps nothing on disk.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort, hasCommand, startServer, temporaryFolder, type Server } from './database-server.js';

/** `LATCHKEY_REDIS_SERVER` names another server to run all these tests on: that of Valkey. */
const SERVER = process.env['LATCHKEY_REDIS_SERVER'] ?? 'redis-server';

export const hasRedis = (): boolean => hasCommand(SERVER);

export const hasRedisCluster = (): boolean => hasRedis() && hasCommand('redis-cli');

export async function startRedis(port?: number): Promise<Server & { readonly url: string }> {
  const server = await startNode('redis', [], port);
  return { ...server, url: `redis://127.0.0.1:${server.port}` };
}

async function startNode(name: string, options: readonly string[], at?: number): Promise<Server> {
  const [port, folder] = [at ?? (await freePort()), temporaryFolder(name)];
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  return startServer({ command: SERVER, args: [...args, ...options], port, folder });
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

/** A master, a replica and a Sentinel that makes the replica the master once the first does not answer for a second. */
export async function startRedisSentinel(): Promise<{
  readonly name: string;
  readonly port: number;
  readonly master: Server;
  readonly replica: Server;
  stop(): Promise<void>;
}> {
  const [name, servers] = ['latchkey', [] as Server[]];
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    const master = await startNode('redis', []);
    servers.push(master);
    const replica = await startNode('redis', ['--replicaof', '127.0.0.1', `${master.port}`]);
    servers.push(replica);
    const [port, folder] = [await freePort(), temporaryFolder('redis-sentinel')];
    const watched = `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`;
    const limits = [`sentinel down-after-milliseconds ${name} 1000`, `sentinel failover-timeout ${name} 10000`];
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, watched, ...limits];
    writeFileSync(join(folder, 'sentinel.conf'), `${lines.join('\n')}\n`);
    servers.push(
      await startServer({ command: SERVER, args: [join(folder, 'sentinel.conf'), '--sentinel'], port, folder }),
    );
    return { name, port, master, replica, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A cluster of three local masters. */
export async function startRedisCluster(): Promise<{ readonly ports: readonly number[]; stop(): Promise<void> }> {
  const servers: Server[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    for (let at = 0; at < 3; at += 1) servers.push(await startClusterNode());
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    await redisCli('--cluster', 'create', ...addresses, '--cluster-yes');
    for (const { port } of servers) await untilUp(port);
    return { ports: servers.map(({ port }) => port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs `redis-cli`. Answers what it printed. */
export const redisCli = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('redis-cli', args)).stdout;

/** Each node learns separately that the cluster is complete, some time after the command that created it has returned. */
async function untilUp(port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await redisCli('-p', `${port}`, 'cluster', 'info')).includes('cluster_state:ok')) return;
    await wait(100);
  }
  throw new Error(`The node of the Redis Cluster at port ${port} did not come up.`);
}

async function startClusterNode(): Promise<Server> {
  const busPort = `${await freePort()}`;
  return startNode('redis-cluster', [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    busPort,
    '--cluster-node-timeout',
    '60000',
  ]);
}
