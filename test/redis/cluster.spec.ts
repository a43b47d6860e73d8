// Redis as a cluster of three masters: what cannot work is said at boot, and what is said there works.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Cluster, Redis } from 'ioredis';
import { AuthModule, LoginService, TokenService } from 'nestjs-latchkey';
import { redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { createCluster } from 'redis';
import { hasRedisCluster, startRedisCluster } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';

type NodeCluster = ReturnType<typeof nodeCluster>;

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function nodeCluster(ports: readonly number[]) {
  return createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
}

function boot(client: RedisClient, prefix?: string) {
  const auth = AuthModule.forRoot({ keys, stores: redisStores({ client, ...(prefix && { prefix }) }) });
  return NestFactory.createApplicationContext(auth, { logger: false, abortOnError: false });
}

requireOrSkip('redis-cli', hasRedisCluster())('stores on a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>> | undefined;
  let node: NodeCluster | undefined;
  let io: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    node = nodeCluster(cluster.ports);
    await node.connect();
    io = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })));
  }, 120_000);
  afterAll(async () => {
    io?.disconnect();
    node?.destroy();
    await cluster?.stop();
  });

  describe.each(['node-redis', 'ioredis'])('by %s', (name) => {
    const client = (): RedisClient => {
      const found = name === 'ioredis' ? io : node;
      if (found === undefined) throw new Error('The cluster did not start.');
      return found as RedisClient;
    };

    it('do not start with a prefix that has no hash tag, and say what to write', async () => {
      await expect(boot(client())).rejects.toThrow("prefix: '{latchkey}:'");
    });

    it('sign in, refresh, list, end and revoke with a hash tag in the prefix', async () => {
      const app = await boot(client(), `{${name}}:`);
      const [tokens, logins] = [app.get(TokenService), app.get(LoginService)];
      const { issuer, id } = (await tokens.issue('ada')).subject;
      const pair = await tokens.issue('ada');
      const next = await tokens.refresh(pair.refreshToken);
      expect((await tokens.refresh(pair.refreshToken)).sid).toBe(pair.sid);
      expect(await logins.list({ issuer, id })).toHaveLength(2);
      await logins.endAll({ issuer, id }, { exceptSid: pair.sid });
      expect(await logins.list({ issuer, id })).toHaveLength(1);
      await tokens.revoke(next.accessToken);
      await expect(tokens.verify(next.accessToken, { kind: 'access' })).rejects.toMatchObject({
        code: 'token_revoked',
      });
      await tokens.revoke(next.refreshToken);
      await expect(tokens.refresh(next.refreshToken)).rejects.toMatchObject({ code: 'token_revoked' });
      await app.close();
    });
  });

  it('do not start with a client that knows one machine only', async () => {
    const single = new Redis({ port: cluster?.ports[0] ?? 0, host: '127.0.0.1' });
    const tags = ['{a}:', '{b}:', '{c}:', '{d}:', '{e}:', '{f}:', '{g}:', '{h}:'];
    const told = await Promise.allSettled(tags.map((tag) => boot(single, tag)));
    const reasons = told.flatMap((each) => (each.status === 'rejected' ? String(each.reason) : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toContain('createCluster()');
    for (const each of told) if (each.status === 'fulfilled') await each.value.close();
    single.disconnect();
  });
});
