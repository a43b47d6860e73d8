// A store whose answers come out of order: no caller may receive the answer of another caller.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TokenPair } from 'nestjs-latchkey';
import { FixedClock } from 'nestjs-latchkey/testing';
import { decodeJwt } from 'jose';
import { ADAPTERS } from '../support/applications.js';
import { startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { SwitchedStores } from '../support/switched-stores.js';

/** What a request is answered with: whose it is taken for, or that it is refused. */
type Answered = string | number;

const ROUNDS = 20;

describe.each(ADAPTERS)('answers that come out of order on %s', (adapter) => {
  const switched = new SwitchedStores();
  let app: RecordingApp;
  beforeAll(async () => {
    const structure = { stores: switched.recipe(), clock: new FixedClock() };
    // So that even a slow computer handles this many requests at once.
    app = await startRecordingApp(adapter, { revocation: { timeout: '1s' }, structure });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    Object.assign(switched, { mood: 'well', overtaken: 0 });
  });

  /** Requests each of them repeatedly, all in parallel, and returns the wrong answers. */
  async function mixedUp<Asker>(
    askers: readonly Asker[],
    ask: (asker: Asker) => Promise<readonly [Answered, Answered]>,
  ) {
    switched.mood = 'shuffled';
    const rounds = Array.from({ length: ROUNDS }, () => askers).flat();
    const answers = await Promise.all(rounds.map(ask));
    expect(switched.overtaken).toBeGreaterThan(0);
    return answers.filter(([expected, told]) => told !== expected);
  }

  const me = async ({ accessToken }: TokenPair): Promise<Answered> => {
    const answer = await app.fetch('/me', { headers: { authorization: `Bearer ${accessToken}` } });
    const { subject } = (await answer.json()) as { subject?: string };
    return subject ?? answer.status;
  };

  it('are never mixed between users, nor between active and revoked logins', async () => {
    const [ada, grace, revoked] = [await app.signIn(), await app.signIn('grace'), await app.signIn()];
    await app.tokens.revoke(revoked.accessToken);
    const askers = [
      { expected: 'ada', pair: ada },
      { expected: 'grace', pair: grace },
      { expected: 401, pair: revoked },
    ];
    expect(await mixedUp(askers, async ({ expected, pair }) => [expected, await me(pair)])).toEqual([]);
  });

  it('never return the refreshed tokens of another user', async () => {
    const pairs = [await app.signIn(), await app.signIn('grace'), await app.signIn()];
    const ask = async ({ refreshToken, sid }: TokenPair) => {
      const answer = await app.post('/auth/token/refresh', { refresh_token: refreshToken });
      const { access_token } = (await answer.json()) as { access_token?: string };
      return [sid, access_token === undefined ? answer.status : String(decodeJwt(access_token)['sid'])] as const;
    };
    expect(await mixedUp(pairs, ask)).toEqual([]);
  });
});
