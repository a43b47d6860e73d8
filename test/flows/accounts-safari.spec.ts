// Safari drops Secure cookies at http://localhost, so that the sample must go without them there, and nowhere else.
import { afterEach, describe, expect, it } from '@jest/globals';
import { startApp, type AppProcess } from '../support/sample-process.js';

let app: AppProcess | undefined;
afterEach(() => app?.remove());

/** The `Set-Cookie` lines of a sign-in by cookie and one by session, as a browser without Secure cookies would keep them. */
async function signIns(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  app = await startApp({ environment });
  const csrf = await app.fetch('/auth/csrf');
  const { csrfToken } = (await csrf.json()) as { csrfToken: string };
  const cookie = csrf.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const body = { username: 'ada', password: 'correct horse battery staple' };
  const headers = { cookie, 'x-csrf-token': csrfToken };
  const byCookie = await app.post('/auth/cookie/login', body, headers);
  const bySession = await app.post('/auth/session/login', body, headers);
  return [csrf, byCookie, bySession].flatMap((answer) => answer.headers.getSetCookie());
}

describe('the cookies of the sample', () => {
  it.each(['express', 'fastify'])(
    'have plain names and no Secure at http://localhost, on %s',
    async (HTTP_ADAPTER) => {
      const lines = await signIns({ HTTP_ADAPTER });
      const names = lines.map((line) => line.split('=')[0]);
      expect(names).toEqual(expect.arrayContaining(['access', 'refresh', 'csrf', 'session']));
      expect(lines.filter((line) => /; Secure|^__/i.test(line))).toEqual([]);
    },
    60_000,
  );

  it('are Secure, with the strictest prefix, for an https URL', async () => {
    const lines = await signIns({ PUBLIC_URL: 'https://accounts.example' });
    const tokens = lines.filter((line) => !line.includes('session'));
    expect(tokens.length).toBeGreaterThan(2);
    expect(tokens.filter((line) => !/; Secure/.test(line) || !/^__(?:Host|Secure)-/.test(line))).toEqual([]);
  }, 60_000);
});
