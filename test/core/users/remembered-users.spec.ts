import { describe, expect, it } from '@jest/globals';
import type { Decision } from '../../../libs/auth/src/core/authentication/authenticator.js';
import type { AuthUser, Subject, Verified } from '../../../libs/auth/src/core/base/principal.js';
import { setTimeout as wait } from 'node:timers/promises';
import { MemoryBlocklistStore, MemoryLoginStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { BlocklistStore } from '../../../libs/auth/src/core/stores/stores.js';
import { NO_PERMISSIONS, type Account } from '../../../libs/auth/src/core/users/accounts.js';
import { RememberedUsers } from '../../../libs/auth/src/core/users/remembered-users.js';
import type { ExternalUserSource, UserSource } from '../../../libs/auth/src/core/users/users.js';
import { ManualClock } from '../../support/clocks.js';
import { bearerOf, codeOf, ISSUER, rig, type Person, type RigOptions } from '../support/core-fixture.js';

const WITHIN_MS = 1_000;
const SUBJECT: Subject = { issuer: ISSUER, id: 'ada' };

/** The core with users who are remembered for a second, and requests of ada. */
async function scene(options: RigOptions = {}) {
  const core = await rig({
    ...options,
    settings: { userFreshness: { withinMs: WITHIN_MS }, ...options.settings },
  });
  const ada = core.people.add({ id: 'ada', roles: ['member'] });
  const { accessToken, refreshToken } = await core.tokens.issue('ada');
  core.people.loads = 0;
  const ask = async (token = accessToken, userFreshness?: 'every-request' | 'token'): Promise<Decision> =>
    core.authenticator.authenticate(bearerOf(token), {
      schemes: [core.bearer],
      optional: false,
      permissions: NO_PERMISSIONS,
      policies: [],
      userFreshness,
    });
  return { ...core, ada, ask, accessToken, refreshToken };
}

const codeIn = (decision: Decision) => ('error' in decision ? decision.error.code : 'accepted');
const userIn = (decision: Decision) =>
  ('error' in decision ? undefined : decision.principal?.user) as unknown as Person;

describe('a user of a request', () => {
  it('is looked up at every request by default', async () => {
    const { ask, people } = await scene({ settings: { userFreshness: 'every-request' } });
    await ask();
    await ask();
    expect(people.loads).toBe(2);
  });

  it('is looked up once within the bound, and again at its end', async () => {
    const { ask, people, clock } = await scene();
    await ask();
    clock.ms += WITHIN_MS - 1;
    await ask();
    expect(people.loads).toBe(1);
    clock.ms += 1;
    await ask();
    expect(people.loads).toBe(2);
  });

  it('is looked up again if the clock went back', async () => {
    const { ask, people, clock } = await scene();
    await ask();
    clock.ms -= 1;
    await ask();
    expect(people.loads).toBe(2);
  });

  it('who was deactivated or deleted is refused at the end of the bound', async () => {
    const { ask, people, ada, clock } = await scene();
    expect(codeIn(await ask())).toBe('accepted');
    ada.active = false;
    clock.ms += WITHIN_MS;
    expect(codeIn(await ask())).toBe('user_disabled');
    people.rows.delete('ada');
    expect(codeIn(await ask())).toBe('user_not_found');
  });

  it('who is inactive or unknown is not remembered: they come back at once', async () => {
    const { ask, people, ada } = await scene();
    ada.active = false;
    expect(codeIn(await ask())).toBe('user_disabled');
    ada.active = true;
    expect(codeIn(await ask())).toBe('accepted');
    const other = await scene();
    other.people.rows.delete('ada');
    expect(codeIn(await other.ask())).toBe('user_not_found');
    other.people.add({ id: 'ada' });
    expect(codeIn(await other.ask())).toBe('accepted');
    expect(people.loads).toBe(2);
  });

  it('is asked for again after a failure', async () => {
    const { ask, people } = await scene();
    people.failure = new Error('connect ECONNREFUSED');
    expect(codeIn(await ask())).toBe('users_unavailable');
    people.failure = undefined;
    expect(codeIn(await ask())).toBe('accepted');
  });

  it('is looked up for each credential, because a source may read its claims', async () => {
    const { ask, people, tokens } = await scene();
    const other = await tokens.issue('ada', { claims: { tenant: 'school' } });
    people.loads = 0;
    await ask();
    await ask(other.accessToken);
    expect(people.loads).toBe(2);
  });

  it('is looked up for a route that asks for it, whatever is remembered', async () => {
    const { ask, people, accessToken } = await scene();
    await ask();
    await ask(accessToken, 'every-request');
    expect(people.loads).toBe(2);
  });

  it('is remembered for TokenService.verify too; a refresh, an issue by id and introspection always ask', async () => {
    const { ask, tokens, people, accessToken, refreshToken } = await scene();
    await ask();
    await tokens.verify(accessToken, { kind: 'access' });
    expect(people.loads).toBe(1);
    await tokens.verify(accessToken, { kind: 'access', anyAudience: true });
    await tokens.refresh(refreshToken);
    await tokens.issue('ada');
    expect(people.loads).toBe(4);
  });
});

describe('requests at once', () => {
  /** A source that answers when it is told to. */
  async function slowScene() {
    const waiting: ((person: Person | undefined) => void)[] = [];
    const set = await scene();
    const { sid: mine = '' } = await set.tokens.verify(set.accessToken, { kind: 'access', anyAudience: true });
    set.people.findBySubject = () => new Promise((resolve) => waiting.push(resolve));
    return { ...set, waiting, mine };
  }

  it('make one query', async () => {
    const { ask, ada, waiting } = await slowScene();
    const asked = [ask(), ask()];
    await settled();
    expect(waiting).toHaveLength(1);
    waiting[0]?.(ada);
    expect((await Promise.all(asked)).map(codeIn)).toEqual(['accepted', 'accepted']);
  });

  it('make two if the first began longer ago than the bound', async () => {
    const { ask, ada, waiting, clock } = await slowScene();
    const first = ask();
    await settled();
    clock.ms += WITHIN_MS;
    const second = ask();
    await settled();
    expect(waiting).toHaveLength(2);
    waiting[1]?.({ ...ada, active: false });
    waiting[0]?.(ada);
    expect([codeIn(await first), codeIn(await second)]).toEqual(['accepted', 'user_disabled']);
    // The older answer, which came last, is not what is remembered.
    const third = ask();
    await settled();
    waiting[2]?.({ ...ada, active: false });
    expect(codeIn(await third)).toBe('user_disabled');
  });

  it('all fail with a query that fails, and the next one asks again', async () => {
    const set = await scene();
    set.people.failure = new Error('down');
    const codes = (await Promise.all([set.ask(), set.ask()])).map(codeIn);
    expect(codes).toEqual(['users_unavailable', 'users_unavailable']);
    expect(set.people.loads).toBe(1);
    set.people.failure = undefined;
    expect(codeIn(await set.ask())).toBe('accepted');
  });

  it.each<[string, (set: Awaited<ReturnType<typeof slowScene>>) => unknown]>([
    ['the application told of a change', ({ users }) => users.forgetUser('ada')],
    ['the subject was blocked', ({ blocklist, mine }) => blocklist.revokeSubject(SUBJECT, { exceptSid: mine })],
  ])('do not keep an answer whose query began before %s', async (_, change) => {
    const set = await slowScene();
    const first = set.ask();
    await settled();
    await change(set);
    set.waiting[0]?.(set.ada);
    await first;
    const second = set.ask();
    await settled();
    expect(set.waiting).toHaveLength(2);
    set.waiting[1]?.({ ...set.ada, active: false });
    expect(codeIn(await second)).toBe('user_disabled');
  });
});

describe('a remembered user is forgotten at once', () => {
  it('if the application tells of a change', async () => {
    const { ask, ada, users } = await scene();
    await ask();
    ada.active = false;
    expect(codeIn(await ask())).toBe('accepted');
    users.forgetUser('ada');
    expect(codeIn(await ask())).toBe('user_disabled');
  });

  it.each<[string, (set: Awaited<ReturnType<typeof scene>>, logins: { mine: string; other: string }) => unknown]>([
    ['another login of theirs ends', ({ logins }, { other }) => logins.end(SUBJECT, other)],
    ['all of their logins but one end', ({ logins }, { mine }) => logins.endAll(SUBJECT, { exceptSid: mine })],
    ['they are blocked', ({ blocklist }, { mine }) => blocklist.revokeSubject(SUBJECT, { exceptSid: mine })],
  ])('if %s', async (_, end) => {
    const set = await scene();
    const { sid: mine = '' } = await set.tokens.verify(set.accessToken, { kind: 'access' });
    const second = await set.tokens.issue('ada');
    const { sid: other = '' } = await set.tokens.verify(second.accessToken, { kind: 'access' });
    set.people.loads = 0;
    await set.ask();
    expect(set.people.loads).toBe(0);
    await end(set, { mine, other });
    expect(codeIn(await set.ask())).toBe('accepted');
    expect(set.people.loads).toBe(1);
  });

  it('if another process blocked them, as soon as the store told', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const revocations = new MemoryBlocklistStore(clock);
    const stores = { revocations: new SharedBlocklist(revocations), logins: new MemoryLoginStore(clock) };
    const revocation = { freshness: { withinMs: 100 }, onStoreError: 'refuse', timeoutMs: 300 } as const;
    const set = await scene({
      clock,
      stores: () => stores,
      settings: {
        userFreshness: { withinMs: 60_000 },
        revocation: { ...revocation, pruneEveryMs: undefined },
      },
    });
    set.lifecycle.start();
    const spared = await set.tokens.verify(set.accessToken, { kind: 'access' });
    await set.ask();
    await set.ask();
    expect(set.people.loads).toBe(1);
    // Spares the login of this test, so that the blocklist itself does not refuse it.
    const now = clock.nowSeconds();
    const entry = { kind: 'subject', issuer: ISSUER, id: 'ada', revokedAt: now, expiresAt: now + 600 } as const;
    await revocations.add({ ...entry, exceptSid: spared.sid });
    const endsAt = Date.now() + 9_000;
    while (set.people.loads === 1 && Date.now() < endsAt) {
      await wait(20);
      expect(codeIn(await set.ask())).toBe('accepted');
    }
    set.lifecycle.stop();
    expect(set.people.loads).toBe(2);
  });
});

describe('users of another issuer', () => {
  const verified: Verified = {
    subject: { issuer: 'https://elsewhere.test', id: 'x-1' },
    kind: 'user',
    claims: {},
    own: false,
    scopes: [],
  };

  async function externalScene() {
    const set = await scene();
    let asked = 0;
    const answers: (() => void)[] = [];
    set.users.externalSource = {
      resolve: async () => {
        asked += 1;
        await new Promise<void>((resolve) => answers.push(resolve));
        return { id: 'ada' } as unknown as AuthUser;
      },
      describe: ({ id }: Person) => ({ id, active: true }),
    } as unknown as ExternalUserSource;
    const ask = async () => {
      const answer = set.users.forRequest(verified);
      await settled();
      answers.splice(0).forEach((each) => each());
      return answer;
    };
    return { ...set, ask, answers, asked: () => asked };
  }

  it('are remembered, and forgotten by the id of the user that they are here', async () => {
    const { ask, asked, users } = await externalScene();
    await ask();
    await ask();
    users.forgetUser('bob');
    await ask();
    expect(asked()).toBe(1);
    users.forgetUser('ada');
    await ask();
    expect(asked()).toBe(2);
  });

  it('are not kept if the user was changed while they were looked up', async () => {
    const { ask, asked, users, answers } = await externalScene();
    const first = users.forRequest(verified);
    await settled();
    users.forgetUser('ada');
    answers.splice(0).forEach((each) => each());
    await first;
    await ask();
    expect(asked()).toBe(2);
  });
});

describe('what a handler gets', () => {
  it('is a copy: what it changes is not seen by another request', async () => {
    const { ask } = await scene();
    const first = userIn(await ask());
    first.id = 'mallory';
    first.roles?.push('admin');
    const second = userIn(await ask());
    expect(second).toMatchObject({ id: 'ada', roles: ['member'] });
    second.roles?.push('admin');
    expect(userIn(await ask()).roles).toEqual(['member']);
  });

  it('has roles and scopes that cannot be changed', async () => {
    const { ask, people } = await scene();
    const list = ['member'];
    people.describe = ({ id }: Person) => ({ id, active: true, roles: list });
    const decision = await ask();
    const roles = 'error' in decision ? undefined : (decision.principal?.roles as string[] | undefined);
    expect(() => roles?.push('admin')).toThrow(TypeError);
    list.push('admin');
    const next = await ask();
    expect('error' in next ? next.error : next.principal?.roles).toEqual(['member']);
  });

  it('is what copy() of the source makes, and a fault of the application if that throws', async () => {
    const { ask, people } = await scene();
    const source = people as unknown as UserSource;
    source.copy = (user) => ({ ...(user as unknown as Person), password: '' }) as unknown as AuthUser;
    expect(userIn(await ask())).toMatchObject({ id: 'ada', password: '' });
    source.copy = () => {
      throw new TypeError('no');
    };
    expect(codeIn(await ask())).toBe('application_fault');
  });
});

describe('the memory', () => {
  const clock = new ManualClock();
  const verifiedOf = (id: string, jti = id, claims: Verified['claims'] = {}): Verified => ({
    subject: { issuer: ISSUER, id },
    kind: 'user',
    own: true,
    jti,
    claims,
  });

  it('has a bound, and drops the oldest first', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS, maxEntries: 3 });
    for (let id = 0; id < 50; id += 1) await memory.of(verifiedOf(String(id)), async () => ADA);
    expect(memory.size).toBe(3);
    let loads = 0;
    const load = (): Account => ((loads += 1), ADA);
    for (const id of ['47', '48', '49']) await memory.of(verifiedOf(id), load);
    expect(loads).toBe(0);
  });

  it('drops what has ended while others come, two for each', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS });
    for (let id = 0; id < 10; id += 1) await memory.of(verifiedOf(String(id)), async () => ADA);
    clock.ms += WITHIN_MS;
    for (let id = 0; id < 5; id += 1) await memory.of(verifiedOf(`new-${id}`), async () => ADA);
    expect(memory.size).toBe(5);
  });

  it('takes no answer of a credential that says something else, under the same id', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS });
    let loads = 0;
    const load = (): Account => ((loads += 1), ADA);
    await memory.of(verifiedOf('ada', 'one', { tenant: 'school' }), load);
    await memory.of(verifiedOf('ada', 'one', { tenant: 'school' }), load);
    expect(loads).toBe(1);
    await memory.of(verifiedOf('ada', 'one', { tenant: 'university' }), load);
    expect(loads).toBe(2);
  });

  it('forgets a login of which only the id is said, and no other', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS });
    await memory.of({ ...verifiedOf('ada', 'one'), sid: 's1' }, () => ADA);
    await memory.of({ ...verifiedOf('ada', 'two'), sid: 's2' }, () => ADA);
    memory.forgetRevoked({ kind: 'login', issuer: ISSUER, id: 's1' });
    memory.forgetRevoked({ kind: 'login', issuer: 'https://elsewhere.test', id: 's2' });
    expect(memory.size).toBe(1);
  });

  it('keeps nothing behind of what it forgot', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS });
    await memory.of(verifiedOf('ada', 'one'), () => ADA);
    await memory.of(verifiedOf('ada', 'two'), () => ADA);
    await memory.of(verifiedOf('bob'), () => ADA);
    memory.forgetUser('ada');
    expect(memory.size).toBe(1);
  });

  it('keeps no failure', async () => {
    const memory = new RememberedUsers(clock, { withinMs: WITHIN_MS });
    const failing = async () => memory.of(verifiedOf('ada'), () => Promise.reject(new Error('down')));
    expect(await codeOf(failing())).toBe('Error: down');
    expect(memory.size).toBe(0);
  });
});

const ADA: Account = { user: { id: 'ada' } as unknown as AuthUser, description: { id: 'ada', active: true } };

/** Lets everything go on that waits for nothing from outside. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A blocklist that is not in this process as far as the core can see, so that it is followed. */
class SharedBlocklist extends BlocklistStore {
  constructor(private readonly inner: MemoryBlocklistStore) {
    super();
  }
  override add(...args: Parameters<BlocklistStore['add']>) {
    return this.inner.add(...args);
  }
  override find(...args: Parameters<BlocklistStore['find']>) {
    return this.inner.find(...args);
  }
  override subjectRevokedAt(...args: Parameters<BlocklistStore['subjectRevokedAt']>) {
    return this.inner.subjectRevokedAt(...args);
  }
  override list(...args: Parameters<BlocklistStore['list']>) {
    return this.inner.list(...args);
  }
  override prune(...args: Parameters<BlocklistStore['prune']>) {
    return this.inner.prune(...args);
  }
  override changesSince(...args: Parameters<MemoryBlocklistStore['changesSince']>) {
    return this.inner.changesSince(...args);
  }
}
