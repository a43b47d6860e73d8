// Attacks on the body of a sign-in. See passwords.spec.ts for the password hashes and user names of the sample.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { ADAPTERS } from '../support/applications.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import type { RawAnswer } from '../support/raw-http.js';

const ADA = { username: 'ada', password: PASSWORD };

describe.each(ADAPTERS)('signing in on %s', (adapter) => {
  let app: RecordingApp;
  beforeAll(async () => {
    app = await startRecordingApp(adapter);
  });
  afterEach(() => {
    app.people.answer = undefined;
    app.people.down = false;
  });
  afterAll(() => app.close());

  const send = (body: string): Promise<Response> =>
    app.fetch('/auth/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const refused = (body: string): Promise<RawAnswer> =>
    expectRefusal(app, () => send(body), { byController: true, secrets: [PASSWORD] });

  async function expectGood(): Promise<void> {
    expect((await send(JSON.stringify(ADA))).status).toBe(200);
  }

  it('unknown user, wrong password and inactive user get the same response', async () => {
    const attempts = [
      { username: 'unknown', password: PASSWORD },
      { username: 'ada', password: 'wrong' },
      { username: 'lin', password: PASSWORD },
      { username: 'lin', password: 'wrong' },
    ];
    const before = app.people.comparisons;
    const answers: unknown[] = [];
    for (const attempt of attempts) {
      const { status, body, headers } = await refused(JSON.stringify(attempt));
      const names = [...headers].filter(([name]) => name !== 'date');
      answers.push({ status, body, headers: names });
    }
    expect(app.people.comparisons - before).toBe(attempts.length);
    expect(answers).toEqual(attempts.map(() => answers[0]));
    await expectGood();
  });

  it.each([
    ['a condition', { $gt: '' }],
    ['null', null],
    ['a list', ['ada']],
    ['a number', 1],
    ['true', true],
    ['nothing', undefined],
  ])('a user name that is %s is answered with 400, before any user is looked up', async (_, username) => {
    const before = app.people.comparisons;
    const answer = await refused(JSON.stringify({ username, password: PASSWORD }));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(app.people.comparisons).toBe(before);
    await expectGood();
  });

  it.each([
    ['a list', [PASSWORD]],
    ['an object', { toString: PASSWORD }],
    ['null', null],
    ['true', true],
  ])('a password that is %s is answered with 400', async (_, password) => {
    const answer = await refused(JSON.stringify({ username: 'ada', password }));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
  });

  it('unknown members of the body reach neither user nor token', async () => {
    const own = { ...app.people.of('ada') };
    const answer = await send(
      JSON.stringify({ ...ADA, isAdmin: true, roles: ['staff'], scope: 'everything', id: 'grace', active: false }),
    );
    expect(answer.status).toBe(200);
    const { access_token } = (await answer.json()) as { access_token: string };
    const { sub, scope, roles, isAdmin } = decodeJwt(access_token) as Record<string, unknown>;
    expect({ sub, scope, roles, isAdmin }).toEqual({ sub: 'ada', scope: 'read', roles: undefined, isAdmin: undefined });
    expect(app.people.of('ada')).toEqual(own);
  });

  it.each([
    ['__proto__', `{"username":"ada","password":"${PASSWORD}","__proto__":{"roles":["staff"],"isAdmin":true}}`],
    ['constructor', `{"username":"ada","password":"${PASSWORD}","constructor":{"prototype":{"isAdmin":true}}}`],
  ])('%s in a body is ignored or refused, and changes no object', async (_, body) => {
    const answer = await send(body);
    expect([200, 400]).toContain(answer.status);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    if (answer.status === 200) {
      const { access_token } = (await answer.json()) as { access_token: string };
      expect(decodeJwt(access_token)['roles']).toBeUndefined();
    }
    await expectGood();
  });

  it('of a duplicate member one value counts, the same on both adapters', async () => {
    const body = `{"username":"unknown","password":"${PASSWORD}","username":"ada"}`;
    const { access_token } = (await (await send(body)).json()) as { access_token: string };
    expect(decodeJwt(access_token).sub).toBe('ada');
  });

  it.each([
    ['an error object', () => new Error('Invalid password')],
    ['true', () => true],
    ['a number', () => 1],
    ['a text', () => 'ada'],
    ['null', () => null],
  ])('a user source that returns %s signs no user in', async (_, answer) => {
    app.people.answer = answer;
    const refusal = await refused(JSON.stringify(ADA));
    expect([refusal.status, codeOf(refusal)]).toEqual([401, 'invalid_credentials']);
    app.people.answer = undefined;
    await expectGood();
  });

  it.each([
    ['an empty object', () => ({}), 'id is undefined'],
    ['a list', () => [{ id: 'ada', active: true }], 'id is undefined'],
    ['a user who does not say that they are active', () => ({ id: 'ada' }), 'active is undefined'],
    ['a user whose id is a number', () => ({ id: 1, active: true }), 'id is a number'],
    ['a user without an id', () => ({ id: '', active: true }), 'id is empty text'],
  ])('a user source that returns %s signs no user in, and the mistake is logged', async (_, answer, mistake) => {
    app.people.answer = answer;
    const refusal = await refused(JSON.stringify(ADA));
    expect([refusal.status, codeOf(refusal)]).toEqual([500, 'misconfigured']);
    expect(app.logged.join('\n')).toContain(`describe().${mistake}`);
    app.people.answer = undefined;
    await expectGood();
  });

  it.each([
    ['the whole body', (nested: string) => nested],
    ['a member', (nested: string) => `{"username":${nested},"password":"x"}`],
    ['an unknown member', (nested: string) => `{"username":"ada","password":"${PASSWORD}","more":${nested}}`],
  ])('lists nested five thousand deep as %s cause no 500', async (_, bodyOf) => {
    const body = bodyOf('['.repeat(5_000) + ']'.repeat(5_000));
    for (const path of ['/auth/token', '/auth/token/refresh', '/auth/token/revoke', '/auth/token/verify']) {
      const headers = { 'content-type': 'application/json' };
      const { status } = await app.fetch(path, { method: 'POST', headers, body });
      expect([path, Math.floor(status / 100)]).toEqual([path, 4]);
    }
    await expectGood();
  });

  it('a user source that throws signs no user in, and counts as no wrong password', async () => {
    app.people.down = true;
    app.events.length = 0;
    const refusal = await refused(JSON.stringify(ADA));
    expect([refusal.status, codeOf(refusal)]).toEqual([503, 'users_unavailable']);
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'sign_in_refused', code: 'users_unavailable' }));
    app.people.down = false;
    await expectGood();
  });

  it('a body that is far too large is refused by the framework', async () => {
    const body = JSON.stringify({ username: 'ada', password: 'x'.repeat(2_000_000) });
    const answer = await expectRefusal(app, () => send(body), { beforeUs: true });
    expect(answer.status).toBe(413);
    const long = await refused(JSON.stringify({ username: 'ada', password: 'x'.repeat(1025) }));
    expect([long.status, codeOf(long)]).toEqual([400, 'invalid_request']);
  });
});
