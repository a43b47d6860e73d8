import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

interface Listed {
  readonly id: string;
  readonly username: string;
}

describe.each(ADAPTERS)('the three layers in accounts on %s', (adapter) => {
  let app: AppProcess;
  const tokens = new Map<string, string>();
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
    for (const [username, password] of [
      ['ada', 'correct horse battery staple'],
      ['grace', 'amazing grace 1906'],
    ] as const) {
      const answer = await app.post('/auth/token', { username, password });
      tokens.set(username, ((await answer.json()) as { access_token: string }).access_token);
    }
  });
  afterAll(() => app.remove());

  const ask = (username: string, path: string): Promise<Response> =>
    app.fetch(path, { headers: { authorization: `Bearer ${tokens.get(username) ?? ''}` } });
  const listed = async (username: string, query = ''): Promise<readonly string[]> =>
    ((await (await ask(username, `/users${query}`)).json()) as Listed[]).map((user) => user.username);
  const idOf = async (username: string): Promise<string> => {
    const [user] = (await (await ask('grace', `/users?username=${username}`)).json()) as Listed[];
    return user?.id ?? '';
  };

  it('allow only staff to call /staff', async () => {
    expect((await ask('ada', '/staff')).status).toBe(403);
    expect((await ask('grace', '/staff')).status).toBe(200);
    expect((await app.fetch('/staff')).status).toBe(401);
  });

  it('list the users that the caller may see, and narrow the list on request', async () => {
    expect(await listed('grace')).toEqual(['ada', 'grace', 'lin', 'mary']);
    expect(await listed('ada')).toEqual(['ada']);
    expect(await listed('grace', '?username=lin')).toEqual(['lin']);
    expect(await listed('ada', '?username=lin')).toEqual([]);
    expect((await app.fetch('/users')).status).toBe(401);
  });

  it('show a user to themselves and to staff', async () => {
    expect((await ask('ada', `/users/${await idOf('ada')}`)).status).toBe(200);
    expect((await ask('ada', `/users/${await idOf('grace')}`)).status).toBe(403);
    expect(await (await ask('grace', `/users/${await idOf('lin')}`)).json()).toMatchObject({
      username: 'lin',
      active: false,
    });
    expect((await ask('grace', '/users/unknown')).status).toBe(404);
  });
});
