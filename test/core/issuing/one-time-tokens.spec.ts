// Tokens that can be used once: what they are good for, and what they are never good for.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import type { OneTimeTokens } from '../../../libs/auth/src/core/issuing/one-time-tokens.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { OneTimeStore } from '../../../libs/auth/src/core/stores/stores.js';
import { ISSUER, rig, type Person } from '../support/core-fixture.js';

const RESET = { purpose: 'password-reset' } as const;
const INVALID = { code: 'one_time_token_invalid', status: 400 };

/** A store that is down until it is told otherwise. */
class FailingStore extends OneTimeStore {
  isDown = true;
  answer: unknown = true;

  override async consume(): Promise<boolean> {
    if (this.isDown) throw new Error('connect ECONNREFUSED');
    return this.answer as boolean;
  }

  override async prune(): Promise<number> {
    return 0;
  }
}

describe('a one-time token', () => {
  let core: Awaited<ReturnType<typeof rig>>;
  let oneTime: OneTimeTokens;
  let ada: Person;
  beforeEach(async () => {
    core = await rig();
    ({ oneTime } = core);
    ada = core.people.add({ id: 'ada', stamp: '1' });
  });

  const issueReset = async (): Promise<string> => (await oneTime.issue('ada', RESET)).token;

  it('brings its user and data back, once', async () => {
    const data = { email: 'ada@example.com', nested: [1, null, 'ß'] };
    const { token, expiresAt } = await oneTime.issue('ada', { ...RESET, ttl: '20m', data });
    expect(expiresAt.getTime()).toBe(core.clock.ms + 20 * 60_000);
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toEqual({
      subject: { issuer: ISSUER, id: 'ada' },
      user: ada,
      data,
    });
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('lets exactly one of eight parallel uses succeed', async () => {
    const token = await issueReset();
    const uses = await Promise.allSettled(Array.from({ length: 8 }, () => oneTime.redeem(token, 'password-reset')));
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is refused for another purpose, and is good for its own after that', async () => {
    const token = await issueReset();
    for (const purpose of ['email', 'password-rese', 'password-reset2', 'PASSWORD-RESET'])
      await expect(oneTime.redeem(token, purpose)).rejects.toMatchObject(INVALID);
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toMatchObject({ user: ada });
  });

  it('is refused after the stamp of its user changed', async () => {
    const token = await issueReset();
    ada.stamp = '2';
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('is refused if it carries no stamp, and its user has one by now', async () => {
    delete ada.stamp;
    const token = await issueReset();
    ada.stamp = '1';
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('is refused after all logins of its user were ended', async () => {
    const token = await issueReset();
    await core.logins.endAll({ issuer: ISSUER, id: 'ada' });
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
    await expect(oneTime.redeem(await issueReset(), 'password-reset')).resolves.toMatchObject({ user: ada });
  });

  it('is refused once its user is gone', async () => {
    const token = await issueReset();
    core.people.rows.delete('ada');
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('is refused for a user who is not active, unless that is allowed by name', async () => {
    ada.active = false;
    const token = await issueReset();
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
    await expect(oneTime.redeem(token, 'password-reset', { allowInactive: true })).resolves.toMatchObject({
      user: ada,
    });
  });

  it('is good until its end and the clock tolerance, and not a second longer', async () => {
    const [early, late] = [await issueReset(), await issueReset()];
    core.clock.advance(15 * 60 + 4);
    await expect(oneTime.redeem(early, 'password-reset')).resolves.toMatchObject({ user: ada });
    // A use is remembered for as long as the token could be good.
    expect(await oneTime.prune()).toBe(0);
    await expect(oneTime.redeem(early, 'password-reset')).rejects.toMatchObject(INVALID);
    core.clock.advance(1);
    await expect(oneTime.redeem(late, 'password-reset')).rejects.toMatchObject(INVALID);
    core.clock.advance(1);
    expect(await oneTime.prune()).toBe(1);
  });

  it('is as good as before if what is prepared fails, and is used after what is prepared', async () => {
    const token = await issueReset();
    const fault = new Error('too many hashes');
    const failing = oneTime.redeem(token, 'password-reset', { prepare: () => Promise.reject(fault) });
    await expect(failing).rejects.toBe(fault);
    const prepared: unknown[] = [];
    const prepare = (redeemed: object): void => void prepared.push(redeemed);
    const redeemed = await oneTime.redeem(token, 'password-reset', { prepare });
    expect(prepared).toEqual([redeemed]);
    // What is not good is not prepared for.
    await expect(oneTime.redeem('forged', 'password-reset', { prepare })).rejects.toMatchObject(INVALID);
    expect(prepared).toHaveLength(1);
  });

  it('is no access token and no refresh token', async () => {
    const token = await issueReset();
    for (const anyAudience of [false, true])
      await expect(core.tokens.verify(token, { kind: 'access', anyAudience })).rejects.toMatchObject({ status: 401 });
    await expect(core.tokens.verify(token, { kind: 'refresh' })).rejects.toMatchObject({ code: 'wrong_token_type' });
    await expect(core.tokens.refresh(token)).rejects.toMatchObject({ status: 401 });
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toMatchObject({ user: ada });
  });

  it('cannot be replaced by an access or a refresh token', async () => {
    const { accessToken, refreshToken } = await core.tokens.issue('ada');
    // An application may say for whom an access token is meant.
    const audience = `${ISSUER}#one-time/password-reset`;
    const meant = await core.tokens.issue('ada', { audience });
    for (const token of [accessToken, refreshToken, meant.accessToken])
      await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it.each(['', 'guess', 'a.b.c', undefined, null, {}, ['x']])('refuses %p as a token', async (guess) => {
    await expect(oneTime.redeem(guess as string, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('refuses a token whose subject was exchanged for another user', async () => {
    core.people.add({ id: 'eve', stamp: '1' });
    const [header, payload, signature] = (await issueReset()).split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'eve' })).toString('base64url');
    await expect(oneTime.redeem([header, forged, signature].join('.'), 'password-reset')).rejects.toMatchObject(
      INVALID,
    );
  });

  it.each([
    [{ purpose: '' }, 'purpose'],
    [{ purpose: 'a b' }, 'purpose'],
    [{ purpose: 'x'.repeat(65) }, 'purpose'],
    [{ ...RESET, ttl: '2d' }, 'ttl must be'],
    [{ ...RESET, ttl: '0s' }, 'ttl must be'],
    [{ ...RESET, data: { when: new Date() } }, 'data'],
  ] as const)('is not issued with %p', async (options, message) => {
    await expect(oneTime.issue('ada', options as never)).rejects.toThrow(message);
  });

  it('is not issued for a user whom the source does not know', async () => {
    await expect(oneTime.issue('nobody', RESET)).rejects.toMatchObject({ code: 'user_not_found' });
  });

  it('is issued for a subject where there is no user source', async () => {
    const { oneTime: bare } = await rig({ withoutUsers: true });
    const { token } = await bare.issue('ada', RESET);
    await expect(bare.redeem(token, 'password-reset')).resolves.toMatchObject({ subject: { id: 'ada' } });
    await expect(bare.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });
});

describe('a one-time token whose store', () => {
  it('is down is answered with 503, and is as good as before once the store is back', async () => {
    const store = new FailingStore();
    const { oneTime, people } = await rig({ stores: (clock) => storesWith(store, clock) });
    people.add({ id: 'ada' });
    const { token } = await oneTime.issue('ada', RESET);
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject({ code: 'store_unavailable' });
    store.isDown = false;
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toMatchObject({ subject: { id: 'ada' } });
  });

  it.each([undefined, 1, 'true'])('answers %p instead of true is refused', async (answer) => {
    const store = Object.assign(new FailingStore(), { isDown: false, answer });
    const { oneTime, people } = await rig({ stores: (clock) => storesWith(store, clock) });
    people.add({ id: 'ada' });
    const { token } = await oneTime.issue('ada', RESET);
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject(INVALID);
  });

  it('is missing is neither issued nor redeemed, and the error says what is missing', async () => {
    const { oneTime, people } = await rig({ stores: (clock) => storesWith(undefined, clock) });
    people.add({ id: 'ada' });
    await expect(oneTime.issue('ada', RESET)).rejects.toThrow(AuthConfigurationError);
    await expect(oneTime.redeem('x', 'password-reset')).rejects.toThrow('the stores have no `oneTime`');
  });

  it('is asked last: nothing is used if the users cannot be asked', async () => {
    const { oneTime, people } = await rig();
    people.add({ id: 'ada' });
    const { token } = await oneTime.issue('ada', RESET);
    people.failure = new Error('connect ECONNREFUSED');
    await expect(oneTime.redeem(token, 'password-reset')).rejects.toMatchObject({ code: 'users_unavailable' });
    people.failure = undefined;
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toMatchObject({ subject: { id: 'ada' } });
  });
});

function storesWith(oneTime: OneTimeStore | undefined, clock: ConstructorParameters<typeof MemoryLoginStore>[0]) {
  return { revocations: new MemoryBlocklistStore(clock), logins: new MemoryLoginStore(clock), oneTime };
}
