// A client of both samples: its token is created on the command line of accounts, and used at courses.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { ADAPTERS } from '../support/applications.js';
import { root } from '../support/repository.js';
import { freePort } from '../support/database-server.js';

const GRADE = { student: 'ada', grade: 1 };

async function codeOf(answer: Response): Promise<string> {
  return `${answer.status} ${((await answer.json()) as { errorCode?: string }).errorCode ?? ''}`.trim();
}

describe.each(ADAPTERS)('a client at accounts and courses on %s', (adapter) => {
  let accounts: AppProcess;
  let courses: AppProcess;
  let issuer: string;
  beforeAll(async () => {
    const port = await freePort();
    issuer = `http://localhost:${port}`;
    accounts = await startApp({ port, environment: { HTTP_ADAPTER: adapter, PUBLIC_URL: issuer } });
    courses = await startApp({ app: 'courses', environment: { HTTP_ADAPTER: adapter, ACCOUNTS_URL: issuer } });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([accounts?.remove(), courses?.remove()]);
  });

  const tokenFor = (...args: readonly string[]): Record<string, string> => {
    const program = join(root, 'libs/auth/bin/latchkey.js');
    const whom = ['--issuer', issuer, '--audience', 'courses,accounts', '--dir', join(accounts.folder, 'keys')];
    const { stdout } = spawnSync(process.execPath, [program, 'token', ...whom, ...args], { encoding: 'utf8' });
    return { authorization: `Bearer ${stdout.trim()}` };
  };
  it('enters grades with the scope, restricted or not, and appears with its issuer', async () => {
    for (const restriction of [[], ['--restricted']]) {
      const headers = tokenFor('--client', 'grader', '--scope', 'grades:write', ...restriction);
      const answer = await courses.post('/courses/compilers/grades', GRADE, headers);
      expect(answer.status).toBe(201);
      expect(await answer.json()).toEqual({ ...GRADE, by: `${issuer}#grader` });
    }
  });

  it('needs the scope', async () => {
    const headers = tokenFor('--client', 'grader', '--scope', 'grades:read', '--restricted');
    expect(await codeOf(await courses.post('/courses/compilers/grades', GRADE, headers))).toBe(
      '403 insufficient_scope',
    );
  });

  it('is refused on routes that do not allow clients, whatever its scopes', async () => {
    const headers = tokenFor('--client', 'grader', '--scope', 'grades:write');
    expect(await codeOf(await courses.fetch('/courses/compilers', { headers }))).toBe('403 client_not_allowed');
    for (const path of ['/me', '/users', '/staff', '/account'])
      expect(await codeOf(await accounts.fetch(path, { headers }))).toBe('403 client_not_allowed');
  });

  it('introspects tokens with the scope for it', async () => {
    const token = tokenFor('--client', 'grader')['authorization']?.slice('Bearer '.length);
    const asked = await accounts.post(
      '/auth/token/introspect',
      { token },
      tokenFor('--client', 'gate', '--scope', 'introspect'),
    );
    expect([asked.status, await asked.json()]).toEqual([
      200,
      expect.objectContaining({ active: true, client_id: 'grader' }),
    ]);
    expect((await accounts.post('/auth/token/introspect', { token }, tokenFor('--client', 'gate'))).status).toBe(403);
  });

  it('cannot refresh', async () => {
    const token = tokenFor('--client', 'grader')['authorization']?.slice('Bearer '.length);
    expect((await accounts.post('/auth/token/refresh', { refresh_token: token })).status).toBe(401);
  });
});
