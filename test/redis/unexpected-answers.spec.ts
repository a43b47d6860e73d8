// A Redis with unexpected replies: a proxy, another server, a client that maps types. A reply that is not understood is
// "unavailable", and never a success.
import { describe, expect, it } from '@jest/globals';
import { AuthModule, BlocklistService, LoginService, SystemClock, TokenService } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { RedisKeySetCache, redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { Test } from '@nestjs/testing';
import { checkReady } from '../support/store-suite.js';

const NOW = 1_900_000_000;
const ISSUER = 'https://issuer.example';
const to = { jti: 'jti-2', issuedAt: NOW, expiresAt: NOW + 60 };
const login = {
  issuer: ISSUER,
  sid: 'sid-1',
  subject: 'ada',
  currentJti: 'jti-1',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 60,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 60,
};
const entry = { kind: 'token', issuer: ISSUER, id: 'jti-1', revokedAt: NOW, expiresAt: NOW + 60 } as const;
const rotation = { issuer: ISSUER, sid: 'sid-1', from: 'jti-1', to, nowMs: NOW * 1_000, graceMs: 10_000 };

const answering = (reply: unknown): RedisClient => ({ evalSha: async () => reply, eval: async () => reply });

const calls: readonly (readonly [string, (stores: Stores) => Promise<unknown>])[] = [
  ['adding a revocation', ({ revocations }) => revocations.add(entry)],
  [
    'asking for revocations',
    async ({ revocations }) => revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'j', sid: 's' }),
  ],
  ['asking for a cut-off', ({ revocations }) => revocations.subjectRevokedAt({ issuer: ISSUER, id: 'ada' })],
  ['reading what changed', async ({ revocations }) => revocations.changesSince?.(undefined, 10)],
  ['listing revocations', ({ revocations }) => revocations.list({ now: NOW, limit: 10 })],
  ['opening a sign-in', ({ logins }) => logins.open(login)],
  ['rotating', ({ logins }) => logins.rotate(rotation)],
  ['finding a sign-in', ({ logins }) => logins.find(ISSUER, 'sid-1')],
  ['noting a use', ({ logins }) => logins.touch(ISSUER, 'sid-1', NOW)],
  ['listing sign-ins', ({ logins }) => logins.list({ issuer: ISSUER, id: 'ada' }, NOW)],
  ['ending a sign-in', ({ logins }) => logins.end(ISSUER, 'sid-1')],
];

const replies: readonly unknown[] = [
  null,
  undefined,
  7,
  -1,
  1.5,
  'OK',
  '',
  true,
  {},
  [null],
  ['1', 'x'],
  [1, 2, 3, 4, 5, 6, 7],
];

describe('a Redis with invalid replies', () => {
  describe.each(calls)('when %s', (_, call) => {
    it.each(replies.map((reply) => [JSON.stringify(reply) ?? 'undefined', reply]))(
      'is unavailable with %s',
      async (__, reply) => {
        const stores = await redisStores({ client: answering(reply) }).useFactory(new SystemClock());
        await expect(call(stores)).rejects.toThrow();
      },
    );
  });

  it.each(replies.filter((reply) => reply !== 7).map((reply) => [JSON.stringify(reply) ?? 'undefined', reply]))(
    'a count is not %s',
    async (_, reply) => {
      const { logins, revocations } = await redisStores({ client: answering(reply) }).useFactory(new SystemClock());
      await expect(logins.endAll({ issuer: ISSUER, id: 'ada' })).rejects.toThrow();
      await expect(revocations.prune(NOW)).rejects.toThrow();
    },
  );

  it('does not read a short list as "not revoked"', async () => {
    const { revocations } = await redisStores({ client: answering(['1', null]) }).useFactory(new SystemClock());
    await expect(revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'j', sid: 's' })).rejects.toThrow('list');
  });

  it.each(replies.map((reply) => [JSON.stringify(reply) ?? 'undefined', reply]))(
    'a lease of a key set is not granted by %s',
    async (_, reply) => {
      const cache = new RedisKeySetCache(answering(reply));
      await expect(cache.lease({ address: 'a', holder: 'h', nowMs: 1, leaseMs: 2 })).rejects.toThrow();
      await expect(cache.get('a')).rejects.toThrow();
    },
  );

  it.each([
    ["ERR The user executing the script can't run this command or subcommand script: 1", '@write'],
    ["ERR ACL failure in script: User reader has no permissions to run the 'time' command script: 1", '@write'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", '@write'],
    ['ERR ACL failure in script: User mute has no permissions to access one of the channels', '&latchkey:*'],
    ['CROSSSLOT Keys in request do not hash to the same slot', 'shards: 16'],
    ['MOVED 1234 127.0.0.1:7000', 'createCluster()'],
    ['READONLY You can not write against a read only replica.', 'Connect the client to the master'],
  ])('the start says what to do about "%s"', async (message, advice) => {
    const refuse = () => Promise.reject(new Error(message));
    const stores = await redisStores({ client: { evalSha: refuse, eval: refuse } }).useFactory(new SystemClock());
    await expect(checkReady(stores)).rejects.toThrow(advice);
  });

  it('numbers as strings, a client option, are numbers', async () => {
    const { revocations, logins } = await redisStores({ client: answering('1') }).useFactory(new SystemClock());
    expect(await revocations.add(entry)).toBe(true);
    await expect(logins.touch(ISSUER, 'sid-1', NOW)).resolves.toBeUndefined();
  });

  it.each([null, 7, 'OK'])('revoking is unavailable, and not reported as done, with %j', async (reply) => {
    let isMad = false;
    const kept = redisStores({ client: { evalSha: async () => (isMad ? reply : []), eval: async () => reply } });
    const stores = await kept.useFactory(new SystemClock());
    isMad = true;
    const auth = AuthModule.forRoot({ stores: { useFactory: () => ({ ...stores }) } });
    const module = await Test.createTestingModule({ imports: [auth] }).compile();
    const blocklist = module.get(BlocklistService);
    await expect(blocklist.revokeLogin({ issuer: ISSUER, sid: 's' })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await expect(module.get(LoginService).end({ issuer: ISSUER, id: 'ada' }, 's')).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await expect(module.get(TokenService).issue('ada')).rejects.toMatchObject({ code: 'store_unavailable' });
    await module.close();
  });
});
