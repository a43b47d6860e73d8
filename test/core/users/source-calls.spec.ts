import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SignInService } from '../../../libs/auth/src/core/sign-in/sign-in-service.js';
import { UserSource } from '../../../libs/auth/src/core/users/users.js';
import { AccountResolver } from '../../../libs/auth/src/core/users/accounts.js';

class SilentUsers extends UserSource<{ id: string }> {
  override findBySubject(): Promise<undefined> {
    return new Promise(() => {});
  }
  override describe({ id }: { id: string }) {
    return { id, active: true };
  }
  override verifyCredentials(): Promise<undefined> {
    return new Promise(() => {});
  }
}

function silentUsers(): AccountResolver {
  const users = new AccountResolver();
  users.source = new SilentUsers() as never;
  return users;
}

describe('a user source that does not answer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('times out after three seconds, and the answer is "unavailable"', async () => {
    const subject = { issuer: 'https://app.test', id: 'ada' };
    const verified = { subject, kind: 'user', claims: {}, own: true } as const;
    const outcome = expect(silentUsers().resolve(verified)).rejects.toMatchObject({ code: 'users_unavailable' });
    await jest.advanceTimersByTimeAsync(3_000);
    await outcome;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('times out after ten seconds at a sign-in, and no user is signed in', async () => {
    const signIns = new SignInService(silentUsers());
    const outcome = expect(signIns.verify({ username: 'ada', password: 'x' })).rejects.toMatchObject({
      code: 'users_unavailable',
    });
    await jest.advanceTimersByTimeAsync(10_000);
    await outcome;
  });
});
