import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  AuthModule,
  BlocklistService,
  memoryStores,
  TokenService,
  type AuthModuleOptions,
  type TokenPair,
} from 'nestjs-latchkey';
import { BlocklistStore, type StoresFactory } from 'nestjs-latchkey/stores';
import { FixedClock } from 'nestjs-latchkey/testing';
import { startApplication, type RunningApplication } from '../../support/applications.js';
import { SwitchedStores } from '../../support/switched-stores.js';

const clock = new FixedClock();
let running: RunningApplication | undefined;

async function start(options: AuthModuleOptions, stores: StoresFactory): Promise<RunningApplication> {
  running = await startApplication('express', { imports: [AuthModule.forRoot({ ...options, stores, clock })] });
  return running;
}

afterEach(async () => {
  jest.useRealTimers();
  await running?.close();
  running = undefined;
});

async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** An application that answers from memory: it has read what changed, and will not need to read again soon. */
async function startInStep() {
  const switched = new SwitchedStores();
  const { app } = await start({ revocation: { freshness: { withinMs: 60_000 } } }, switched.recipe());
  while (!switched.asked.includes('changesSince')) await turns(1);
  // The store in memory answers within the turn, and memory takes note of it within the next.
  await turns(1);
  return { app, switched, tokens: app.get(TokenService) };
}

/** Another process ends the login, and this one has not received that yet. */
async function endElsewhere({ kept }: SwitchedStores, { subject, sid }: TokenPair): Promise<void> {
  const now = clock.nowSeconds();
  const entry = { kind: 'login', issuer: subject.issuer, id: sid, revokedAt: now, expiresAt: now + 60 } as const;
  await kept?.revocations.add(entry);
}

describe('revocation.freshness', () => {
  it('answers requests from memory, and applies its own revocations at once', async () => {
    const { switched, tokens } = await startInStep();
    const { accessToken } = await tokens.issue('ada');
    const asked = switched.asked.length;
    await tokens.verify(accessToken, { kind: 'access' });
    expect(switched.asked.slice(asked)).toEqual([]);
    await tokens.revoke(accessToken);
    await expect(tokens.verify(accessToken, { kind: 'access' })).rejects.toMatchObject({ code: 'token_revoked' });
    expect(switched.asked.slice(asked)).toEqual(['add']);
  });

  it('applies entries of the application at once too', async () => {
    const { app, tokens } = await startInStep();
    const { accessToken, sid, subject } = await tokens.issue('ada');
    const now = clock.nowSeconds();
    const entry = { kind: 'login', issuer: subject.issuer, id: sid, revokedAt: now, expiresAt: now + 60 } as const;
    await app.get(BlocklistStore).add(entry);
    await expect(tokens.verify(accessToken, { kind: 'access' })).rejects.toMatchObject({ code: 'token_revoked' });
  });

  it('queries the store at every refresh nevertheless', async () => {
    const { switched, tokens } = await startInStep();
    const pair = await tokens.issue('ada');
    await endElsewhere(switched, pair);
    await expect(tokens.refresh(pair.refreshToken)).rejects.toMatchObject({ code: 'token_revoked' });
  });

  it('queries the store for every refresh token that is verified, and memory for an access token', async () => {
    const { switched, tokens } = await startInStep();
    const pair = await tokens.issue('ada');
    await endElsewhere(switched, pair);
    const asked = switched.asked.length;
    expect((await tokens.verify(pair.accessToken, { kind: 'access' })).sid).toBe(pair.sid);
    expect(switched.asked.slice(asked)).toEqual([]);
    const verified = tokens.verify(pair.refreshToken, { kind: 'refresh' });
    await expect(verified).rejects.toMatchObject({ code: 'token_revoked' });
    expect(switched.asked.slice(asked)).toEqual(['find']);
  });

  it('queries the store as soon as the feed lags beyond the bound', async () => {
    const { switched, tokens } = await startInStep();
    const { accessToken } = await tokens.issue('ada');
    clock.advance('61s');
    const asked = switched.asked.length;
    await tokens.verify(accessToken, { kind: 'access' });
    expect(switched.asked.slice(asked)).toEqual(['find']);
  });

  it('refuses to start on a store without a change feed', async () => {
    const mute: StoresFactory = {
      useFactory: async () => {
        const stores = await memoryStores().useFactory(clock);
        class OwnBlocklist extends BlocklistStore {
          add = stores.revocations.add.bind(stores.revocations);
          find = stores.revocations.find.bind(stores.revocations);
          subjectRevokedAt = stores.revocations.subjectRevokedAt.bind(stores.revocations);
          list = stores.revocations.list.bind(stores.revocations);
          prune = stores.revocations.prune.bind(stores.revocations);
        }
        return { ...stores, revocations: new OwnBlocklist() };
      },
    };
    await expect(start({ revocation: { freshness: { withinMs: 1_000 } } }, mute)).rejects.toThrow(
      'revocation.freshness needs a store that tells what changed, and OwnBlocklist has no changesSince()',
    );
    await expect(start({}, mute)).resolves.toBeDefined();
  });

  it('has no effect on a blocklist in the memory of this process', async () => {
    const { app } = await start({ revocation: { freshness: { withinMs: 1_000 } } }, memoryStores());
    const tokens = app.get(TokenService);
    const { accessToken } = await tokens.issue('ada');
    await tokens.revoke(accessToken);
    await expect(tokens.verify(accessToken, { kind: 'access' })).rejects.toMatchObject({ code: 'token_revoked' });
  });
});

/** Time that a test moves, for intervals alone. */
const timers = () => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout'] });

describe('revocation.timeout', () => {
  it('gives a store 300 milliseconds by default', async () => {
    const switched = new SwitchedStores();
    const { app } = await start({}, switched.recipe());
    switched.mood = 'silent';
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    let refusal: unknown;
    const refused = (error: unknown) => (refusal = error);
    void app.get(TokenService).issue('ada').catch(refused);
    await turns(1);
    await jest.advanceTimersByTimeAsync(299);
    expect(refusal).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    await turns(1);
    expect(refusal).toMatchObject({ code: 'store_unavailable' });
  });
});

describe('revocation.pruneEvery', () => {
  it('prunes all stores on its schedule, until the application stops', async () => {
    timers();
    const switched = new SwitchedStores();
    const { close } = await start({ revocation: { pruneEvery: '1h' } }, switched.recipe());
    const pruned = () => switched.asked.filter((name) => name === 'prune').length;
    expect(pruned()).toBe(0);
    jest.advanceTimersByTime(3_600_000);
    await turns(5);
    expect(pruned()).toBe(3);
    await close();
    jest.advanceTimersByTime(7_200_000);
    expect(pruned()).toBe(3);
  });

  it('continues after a store that was down', async () => {
    timers();
    const switched = new SwitchedStores();
    await start({ revocation: { pruneEvery: '1h' } }, switched.recipe());
    switched.mood = 'broken';
    jest.advanceTimersByTime(3_600_000);
    await turns(5);
    switched.mood = 'well';
    jest.advanceTimersByTime(3_600_000);
    await turns(5);
    expect(switched.asked.filter((name) => name === 'prune')).toHaveLength(6);
  });

  it('is off by default', async () => {
    timers();
    const switched = new SwitchedStores();
    const { app } = await start({}, switched.recipe());
    jest.advanceTimersByTime(86_400_000);
    expect(switched.asked).not.toContain('prune');
    await app.get(BlocklistService).prune();
    expect(switched.asked).toContain('prune');
  });

  it.each(['10s', '2d', 'often'])('refuses to be %s', async (pruneEvery) => {
    const options = { revocation: { pruneEvery: pruneEvery as '10s' } };
    await expect(start(options, memoryStores())).rejects.toThrow('revocation.pruneEvery');
  });
});
