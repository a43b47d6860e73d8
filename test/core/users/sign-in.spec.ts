import { describe, expect, it } from '@jest/globals';
import { HashingQueue } from '../../../libs/auth/src/core/users/hashing-queue.js';
import { parseDurationMs } from '../../../libs/auth/src/core/base/duration.js';
import { onAuthEvent, publish, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { codeOf, rig, type Person } from '../support/core-fixture.js';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('signing in', () => {
  it('returns the active user with these credentials', async () => {
    const { signIn, people } = await rig();
    const person = people.add({ id: 'ada' });
    expect(await signIn.verify({ username: 'ada', password: 'secret' })).toBe(person);
  });

  it.each([
    ['an unknown user', { username: 'eve', password: 'secret' }],
    ['a wrong password', { username: 'ada', password: 'wrong' }],
    ['an inactive user', { username: 'lin', password: 'secret' }],
    ['a user name that is an object', { username: { $gt: '' } as unknown as string, password: 'secret' }],
    ['a user name that is undefined', { username: undefined as unknown as string, password: 'secret' }],
  ])('refuses %s with one answer', async (_, credentials) => {
    const { signIn, people } = await rig();
    people.add({ id: 'ada' });
    people.add({ id: 'lin', active: false });
    expect(await codeOf(signIn.verify(credentials))).toBe('invalid_credentials');
  });

  it.each<[string, unknown]>([
    ['true', true],
    ['an error object', new Error('no')],
    ['null', null],
  ])('does not accept %s as a user', async (_, answer) => {
    const { signIn, people } = await rig();
    people.verifyCredentials = () => Promise.resolve(answer as Person);
    expect(await codeOf(signIn.verify({ username: 'ada', password: 'secret' }))).toBe('invalid_credentials');
  });

  it('answers "unavailable" if the source throws, and publishes no password', async () => {
    const { signIn, people } = await rig();
    people.failure = new Error('away');
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void events.push(event));
    expect(await codeOf(signIn.verify({ username: 'ada', password: 'hunter2' }))).toBe('users_unavailable');
    stop();
    expect(events).toEqual([
      { type: 'users_failed', source: 'users', reason: 'Error' },
      { type: 'sign_in_refused', code: 'users_unavailable', reason: { rule: 'the user source failed: Error' } },
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('explains what is missing without a user source', async () => {
    const { signIn } = await rig({ withoutUsers: true });
    await expect(signIn.verify({ username: 'a', password: 'b' })).rejects.toThrow('verifyCredentials');
  });
});

describe('the hashing queue', () => {
  const deferred = () => {
    let finish = (): void => {};
    const promise = new Promise<void>((resolve) => (finish = resolve));
    return { promise, finish };
  };

  it('runs no more tasks at once than its limit, and the others in turn', async () => {
    const queue = new HashingQueue({ concurrency: 2, waiting: 10 });
    const works = Array.from({ length: 4 }, deferred);
    const started: number[] = [];
    const all = works.map(({ promise }, index) =>
      queue.run(() => {
        started.push(index);
        return promise;
      }),
    );
    await Promise.resolve();
    expect([started, queue.waiting]).toEqual([[0, 1], 2]);
    works[0]?.finish();
    await all[0];
    await turnOfTheLoop();
    expect(started).toEqual([0, 1, 2]);
    for (const { finish } of works) finish();
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('refuses when too many wait, with a time to retry', async () => {
    const queue = new HashingQueue({ concurrency: 1, waiting: 1 });
    const { promise, finish } = deferred();
    const running = [queue.run(() => promise), queue.run(() => promise)];
    await expect(queue.run(() => promise)).rejects.toMatchObject({ code: 'sign_in_overloaded', retryAfterSeconds: 2 });
    finish();
    await Promise.all(running);
  });

  it('frees its place when the work fails', async () => {
    const queue = new HashingQueue({ concurrency: 1 });
    await expect(queue.run(() => Promise.reject(new Error('corrupt hash')))).rejects.toThrow('corrupt hash');
    expect(await queue.run(() => Promise.resolve('next'))).toBe('next');
  });
});

describe('durations', () => {
  it.each<[unknown, number | undefined]>([
    ['15m', 900_000],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['14d', 1_209_600_000],
    ['0s', 0],
    [60, 60_000],
    [0.5, 500],
    ['60', undefined],
    ['15 m', undefined],
    ['15M', undefined],
    ['', undefined],
    ['-5m', undefined],
    ['1e3s', undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [null, undefined],
  ])('%p is %p milliseconds', (duration, expected) => {
    expect(parseDurationMs(duration)).toBe(expected);
  });
});

describe('listening to events', () => {
  it('never lets a listener change a response: neither one that throws nor one that rejects', async () => {
    const seen: string[] = [];
    const stops = [
      onAuthEvent(() => {
        throw new Error('listener');
      }),
      onAuthEvent(() => Promise.reject(new Error('listener'))),
      onAuthEvent(({ type }) => void seen.push(type)),
    ];
    publish({ type: 'sign_in_refused', code: 'invalid_credentials' });
    for (const stop of stops) stop();
    publish({ type: 'sign_in_refused', code: 'invalid_credentials' });
    await turnOfTheLoop();
    expect(seen).toEqual(['sign_in_refused']);
  });
});
