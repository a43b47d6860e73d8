// Both samples as processes: accounts signs, courses knows nothing but its address.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { ADAPTERS } from '../support/applications.js';
import { root } from '../support/repository.js';
import { freePort } from '../support/database-server.js';

const PASSWORDS = { ada: 'correct horse battery staple', grace: 'amazing grace 1906' };
const PATIENCE_MS = 30_000;

async function signIn(accounts: AppProcess, username: keyof typeof PASSWORDS): Promise<string> {
  const response = await accounts.post('/auth/token', { username, password: PASSWORDS[username] });
  expect(response.status).toBe(200);
  return ((await response.json()) as { access_token: string }).access_token;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const kidOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: unknown }).kid;

/** As if the next key had been published long ago, which it has by the time that operators rotate. */
function publishLongAgo(keys: string): void {
  const path = join(keys, 'ring.json');
  const ring = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...ring, nextSince: 1_700_000_000 }));
}

async function rotate(keys: string): Promise<void> {
  const args = [join(root, 'libs/auth/bin/latchkey.js'), 'keys', 'rotate', '--dir', keys];
  const [code] = (await once(spawn(process.execPath, args), 'exit')) as [number];
  expect(code).toBe(0);
}

describe.each(ADAPTERS)('Accounts and courses on %s', (adapter) => {
  let port: number;
  let accounts: AppProcess;
  let courses: AppProcess;

  const startAccounts = (folder?: string) => {
    const environment = { HTTP_ADAPTER: adapter, PUBLIC_URL: `http://localhost:${port}` };
    return startApp({ port, environment, ...(folder !== undefined && { folder }) });
  };
  const startCourses = () =>
    startApp({ app: 'courses', environment: { HTTP_ADAPTER: adapter, ACCOUNTS_URL: `http://localhost:${port}` } });

  beforeAll(async () => {
    port = await freePort();
    [accounts, courses] = await Promise.all([startAccounts(), startCourses()]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([accounts?.remove(), courses?.remove()]);
  });

  it('courses opens its public routes, and requires a token on the others', async () => {
    expect((await courses.fetch('/courses')).status).toBe(200);
    expect((await courses.fetch('/health')).status).toBe(200);
    const refused = await courses.fetch('/courses/compilers');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect((await courses.fetch('/docs')).status).toBe(200);
    expect(await (await courses.fetch('/docs-json')).json()).toMatchObject({
      paths: { '/courses/{id}/grades': { post: { security: [{ bearer: ['grades:write'] }] } } },
    });
  });

  it('a user who signed in at accounts is recognised at courses, with the scopes of accounts', async () => {
    const [ada, grace] = [await signIn(accounts, 'ada'), await signIn(accounts, 'grace')];
    const read = await courses.fetch('/courses/compilers', bearer(ada));
    expect([read.status, await read.json()]).toEqual([200, expect.objectContaining({ id: 'compilers' })]);
    expect((await courses.fetch('/courses/nothing', bearer(ada))).status).toBe(404);
    const grade = { student: 'ada', grade: 1 };
    const refused = await courses.post('/courses/compilers/grades', grade, bearer(ada).headers);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringMatching(/error="insufficient_scope".*scope="grades:write"/),
    ]);
    const given = await courses.post('/courses/compilers/grades', grade, bearer(grace).headers);
    expect([given.status, await given.json()]).toEqual([201, expect.objectContaining(grade)]);
    const wrong = await courses.post('/courses/compilers/grades', { student: '', grade: 9 }, bearer(grace).headers);
    expect(wrong.status).toBe(400);
  });

  it('the keys at accounts change while a client keeps calling courses, and no call is refused', async () => {
    const keys = join(accounts.folder, 'keys');
    const first = await signIn(accounts, 'ada');
    publishLongAgo(keys);
    await rotate(keys);
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const statuses = new Set<number>();
    let latest = first;
    let callsAfter = 0;
    while (callsAfter < 20 && !deadline.aborted) {
      latest = await signIn(accounts, 'ada');
      if (kidOf(latest) !== kidOf(first)) callsAfter += 1;
      for (const token of [first, latest])
        statuses.add((await courses.fetch('/courses/compilers', bearer(token))).status);
    }
    expect(kidOf(latest)).not.toBe(kidOf(first));
    expect(statuses).toEqual(new Set([200]));
  }, 60_000);

  it('courses works while accounts is down; after a cold start it answers "unavailable", and recovers without a restart', async () => {
    const token = await signIn(accounts, 'ada');
    await accounts.stop();
    expect((await courses.fetch('/courses/compilers', bearer(token))).status).toBe(200);
    const cold = await startCourses();
    try {
      expect((await cold.fetch('/health')).status).toBe(200);
      const refused = await cold.fetch('/courses/compilers', bearer(token));
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ errorCode: 'keys_unavailable' });
      accounts = await startAccounts(accounts.folder);
      expect(await statusOnceAnswered(cold, token)).toBe(200);
    } finally {
      await cold.remove();
    }
  }, 90_000);
});

/** Retries when the response says so, as a client would. */
async function statusOnceAnswered(app: AppProcess, token: string): Promise<number> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const response = await app.fetch('/courses/compilers', bearer(token));
    if (response.status !== 503 || deadline.aborted) return response.status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
