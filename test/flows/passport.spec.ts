// The one controller of the sample that still uses passport.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

describe.each(ADAPTERS)("AuthGuard('jwt') in accounts on %s", (adapter) => {
  let app: AppProcess;
  let token: string;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
    const ada = { username: 'ada', password: 'correct horse battery staple' };
    token = ((await (await app.post('/auth/token', ada)).json()) as { access_token: string }).access_token;
  }, 60_000);
  afterAll(() => app.remove());

  const me = (headers: Record<string, string> = {}) => app.fetch('/legacy/me', { headers });

  it('passes the user of the application to code that reads request.user', async () => {
    const answer = await me({ authorization: `Bearer ${token}` });
    expect([answer.status, await answer.json()]).toEqual([200, { username: 'ada' }]);
  });

  it.each([
    ['nothing', {}, 'unauthenticated'],
    ['a bad token', { authorization: 'Bearer a.b.c' }, 'token_malformed'],
  ])('refuses %s as every route does', async (_, headers: Record<string, string>, errorCode) => {
    const answer = await me(headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer realm="api"');
    expect(await answer.json()).toMatchObject({ errorCode });
  });

  it('refuses a token that was revoked', async () => {
    await app.post('/auth/token/revoke', { token });
    expect((await me({ authorization: `Bearer ${token}` })).status).toBe(401);
  });
});
