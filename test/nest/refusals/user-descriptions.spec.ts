// A user source that describes users with what no token can carry, over http: a fault of the application, which its log names.
import { afterEach, describe, expect, it } from '@jest/globals';
import { TokenService, UserSource, type SignInCredentials, type Subject } from 'nestjs-latchkey';
import { ADAPTERS, type RunningApplication } from '../../support/applications.js';
import { PASSWORD, startBrowserApp } from '../../support/browser-app.js';
import { CookieJar } from '../../support/cookie-jar.js';

interface Row {
  readonly id: unknown;
  readonly active: unknown;
}

/** What the database answers with; a test changes it. */
const row: { id: unknown; active: unknown } = { id: '7', active: true };

class Rows extends UserSource<Row> {
  override findBySubject({ id }: Subject): Promise<Row | undefined> {
    return Promise.resolve(id === '7' ? { ...row } : undefined);
  }
  override describe({ id, active }: Row) {
    return { id: id as string, active: active as boolean };
  }
  override verifyCredentials({ password }: SignInCredentials): Promise<Row | undefined> {
    return Promise.resolve(password === PASSWORD ? { ...row } : undefined);
  }
}

const errors: string[] = [];
const nothing = (): void => {};
const log = {
  log: nothing,
  warn: nothing,
  debug: nothing,
  verbose: nothing,
  error: (text: unknown) => void errors.push(String(text)),
};

let running: RunningApplication | undefined;
afterEach(async () => {
  await running?.close();
  Object.assign(row, { id: '7', active: true });
  errors.length = 0;
});

describe.each(ADAPTERS)('a user source with an invalid description, on %s', (adapter) => {
  it.each<[string, Partial<Row>]>([
    ['describe().id', { id: 7 }],
    ['describe().active', { active: 'false' }],
    ['describe().active', { active: 0 }],
  ])('signs no user in by token, cookie or session, and %s is in the log', async (named, wrong) => {
    running = await startBrowserApp(adapter, { structure: { users: Rows as never }, providers: [Rows], log });
    const jar = new CookieJar(running);
    Object.assign(row, wrong);
    for (const path of ['/auth/token', '/auth/cookie/login', '/auth/session/login']) {
      const answer = await jar.post(path, { username: 'seven', password: PASSWORD });
      expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([path, 500, []]);
      expect(await answer.text()).not.toContain('describe');
    }
    expect(errors.join('\n')).toContain(named);
  });

  it('answers requests with 500 and names the mistake once, not for every request', async () => {
    running = await startBrowserApp(adapter, { structure: { users: Rows as never }, providers: [Rows], log });
    const { accessToken } = await running.app.get(TokenService).issue('7');
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await running.fetch('/account', { headers })).status).toBe(200);
    row.active = 1;
    const answers = await Promise.all([1, 2, 3].map(() => running?.fetch('/account', { headers })));
    expect(answers.map((answer) => answer?.status)).toEqual([500, 500, 500]);
    expect(await answers[0]?.json()).toMatchObject({ errorCode: 'misconfigured' });
    expect(errors.filter((line) => line.includes('describe().active is the number 1'))).toHaveLength(1);
    row.active = true;
    expect((await running.fetch('/account', { headers })).status).toBe(200);
  });
});
