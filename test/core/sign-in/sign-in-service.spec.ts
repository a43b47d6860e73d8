import { describe, expect, it } from '@jest/globals';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { codeOf, rig, type Person } from '../support/core-fixture.js';

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
