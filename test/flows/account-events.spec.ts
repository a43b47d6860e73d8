// The audit trail of the sample: the events of the caller's own account, and of no other.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const GRACE = { username: 'grace', password: 'amazing grace 1906' };

interface Shown {
  readonly type: string;
  readonly current: boolean;
}

describe.each(ADAPTERS)('GET /auth/events on %s', (adapter) => {
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  }, 60_000);
  afterAll(() => app.remove());

  const signIn = async (user: object) =>
    (await (await app.post('/auth/token', user)).json()) as Record<'access_token' | 'refresh_token', string>;
  const eventsOf = async (token: string) => {
    const answer = await app.fetch('/auth/events', { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    return (await answer.json()) as Shown[];
  };

  it('shows the last events of the caller, newest first, and marks those of this sign-in', async () => {
    const other = await signIn(ADA);
    await app.post('/auth/token/revoke', { token: other.refresh_token });
    const { refresh_token } = await signIn(ADA);
    const renewed = (await (await app.post('/auth/token/refresh', { refresh_token })).json()) as typeof other;
    const shown = await eventsOf(renewed.access_token);
    expect(shown.map(({ type }) => type).sort()).toEqual(['refresh', 'revoked', 'sign_in', 'sign_in', 'sign_out']);
    expect(
      shown
        .filter(({ current }) => current)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['refresh', 'sign_in']);
  });

  it('shows no event of another user', async () => {
    const { access_token } = await signIn(GRACE);
    expect((await eventsOf(access_token)).map(({ type }) => type)).toEqual(['sign_in']);
  });

  it('is closed to anonymous callers', async () => {
    expect((await app.fetch('/auth/events')).status).toBe(401);
  });
});
