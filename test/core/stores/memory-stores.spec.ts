import { describe, expect, it } from '@jest/globals';
import { Clock, memoryStores } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { testOneUse } from '../../support/one-use-suite.js';
import { testStores } from '../../support/store-suite.js';
import { ManualClock } from '../../support/clocks.js';

const T = 1_900_000_000;

const entry = (id: string) => ({ kind: 'token', issuer: 'i', id, revokedAt: T, expiresAt: T + 10 }) as const;
const login = (sid: string) => ({
  issuer: 'i',
  sid,
  subject: 'user-1',
  currentJti: sid,
  currentIssuedAt: T,
  currentExpiresAt: T + 10,
  createdAt: T,
  lastUsedAt: T,
  absoluteExpiresAt: T + 10,
});

describe('memory stores', () => {
  let stores: Stores | undefined;
  const makeStores = async (clock: Clock): Promise<Stores> => (stores = await memoryStores().useFactory(clock));
  // Two applications of one process can share the stores, and then their clock too.
  const joinedStores = async (clock: Clock): Promise<Stores> => stores ?? makeStores(clock);
  testStores(makeStores, joinedStores, 500);
  testOneUse(makeStores, joinedStores);

  it('treat an id of null as none, which untyped schemes may return', async () => {
    const { revocations } = await memoryStores().useFactory(new ManualClock());
    await revocations.add(entry('a'));
    const query = JSON.parse(JSON.stringify({ issuer: 'i', subject: 'user-1', jti: null, issuedAt: T }));
    expect(await revocations.find(query)).toBeUndefined();
  });

  describe('when they are full', () => {
    const clock = new ManualClock();
    const small = async (): Promise<Stores> => memoryStores({ maxRevocations: 3, maxLogins: 3 }).useFactory(clock);

    it('the blocklist refuses a new entry, and keeps every live entry', async () => {
      const { revocations } = await small();
      for (const id of ['a', 'b', 'c']) await revocations.add(entry(id));
      await expect(revocations.add(entry('d'))).rejects.toThrow('full');
      expect(await revocations.add(entry('a'))).toBe(false);
      expect(await revocations.list({ now: T, limit: 10 })).toHaveLength(3);
    });

    it('the login store refuses a new login and keeps every live one', async () => {
      const { logins } = await small();
      for (const sid of ['a', 'b', 'c']) await logins.open(login(sid));
      await expect(logins.open(login('d'))).rejects.toThrow('full');
      expect(await logins.list({ issuer: 'i', id: 'user-1' }, T)).toHaveLength(3);
    });

    it('both make room by deleting expired entries', async () => {
      const { revocations, logins } = await small();
      for (const id of ['a', 'b', 'c']) await Promise.all([revocations.add(entry(id)), logins.open(login(id))]);
      clock.seconds = T + 10;
      await expect(revocations.add({ ...entry('d'), expiresAt: T + 20 })).resolves.toBe(true);
      await expect(logins.open({ ...login('d'), currentExpiresAt: T + 20 })).resolves.toBeUndefined();
      clock.seconds = T;
    });
  });
});
