import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { FixedClock, TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { codeOf, expectRefusal, type RefusalExpectations } from '../support/refusal-invariants.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';

const ADA = { username: 'ada', password: PASSWORD };

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

function revoke(app: RecordingApp, token: string, type: 'json' | 'form'): Promise<Response> {
  const members = { token, token_type_hint: 'anything' };
  return type === 'json'
    ? app.post('/auth/token/revoke', members)
    : app.fetch('/auth/token/revoke', { method: 'POST', body: new URLSearchParams(members) });
}

describe.each(ADAPTERS)('the token routes on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { structure: { clock } });
  });
  afterAll(() => app.close());
  afterEach(() => {
    Object.assign(app.people.of('ada'), { active: true, stamp: '1' });
  });

  const expectRefused = (send: () => Promise<Response>, expected: RefusalExpectations = {}) =>
    expectRefusal(app, send, { byController: true, ...expected });
  const obtain = async (): Promise<Pair> => (await (await app.post('/auth/token', ADA)).json()) as Pair;
  const refresh = (token: unknown) => app.post('/auth/token/refresh', { refresh_token: token });
  const verify = (token: unknown) => app.post('/auth/token/verify', { token });
  const me = (token: string) => app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });

  describe('sign-in', () => {
    it('answers valid credentials with a pair that caches must not store', async () => {
      const answer = await app.post('/auth/token', ADA);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await answer.json()).toEqual({
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 900,
      });
    });

    it('issues tokens of the right types', async () => {
      const { access_token, refresh_token } = await obtain();
      expect([access_token, refresh_token].map((token) => decodeProtectedHeader(token).typ)).toEqual([
        'at+jwt',
        'rt+jwt',
      ]);
      const [access, renewal] = [decodeJwt(access_token), decodeJwt(refresh_token)];
      expect(access).toMatchObject({
        iss: ISSUER,
        sub: 'ada',
        aud: 'accounts',
        scope: 'read',
        jti: expect.any(String),
      });
      expect(renewal).toMatchObject({ iss: ISSUER, sub: 'ada', aud: ISSUER, sid: access['sid'] });
      expect([access, renewal].map(({ exp = 0, iat = 0 }) => exp - iat)).toEqual([900, 14 * 86_400]);
    });

    it('answers wrong password, unknown user and inactive user alike, after the same work', async () => {
      const attempts = [
        { ...ADA, password: 'wrong' },
        { ...ADA, username: 'unknown' },
        { username: 'lin', password: PASSWORD },
      ];
      const before = app.people.comparisons;
      const answers = [];
      for (const attempt of attempts) {
        const send = () => app.post('/auth/token', attempt);
        answers.push(await expectRefused(send, { secrets: [PASSWORD] }));
      }
      expect(app.people.comparisons - before).toBe(3);
      expect(answers.map(({ status, body }) => [status, body])).toEqual(
        answers.map(() => [401, expect.stringContaining('"errorCode":"invalid_credentials"')]),
      );
      expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
      expect(answers.map(({ headers }) => headers.get('www-authenticate'))).toEqual(
        answers.map(() => ['Bearer realm="api"']),
      );
    });

    it.each([
      ['nothing', {}],
      ['a password that is missing', { username: 'ada' }],
      ['a user name that is missing', { password: PASSWORD }],
      ['an empty password', { username: 'ada', password: '' }],
      ['a password that is a list', { username: 'ada', password: [PASSWORD] }],
      ['a user name that is a condition', { username: { $gt: '' }, password: PASSWORD }],
      ['a list of bodies', [ADA]],
    ])('refuses a body with %s, and never repeats the password', async (_, body) => {
      const answer = await expectRefused(() => app.post('/auth/token', body), { secrets: [PASSWORD] });
      expect([answer.status, codeOf(answer), answer.headers.get('www-authenticate')]).toEqual([
        400,
        'invalid_request',
        undefined,
      ]);
    });

    it('names the rule that a body breaks', async () => {
      const answer = await app.post('/auth/token', { username: 'ada' });
      expect(await answer.json()).toMatchObject({ message: expect.arrayContaining(['password must be a string']) });
    });

    it('logs neither the password nor the tokens', async () => {
      const { access_token, refresh_token } = await obtain();
      await app.post('/auth/token', { ...ADA, password: 'hunter2 hunter2' });
      await refresh(refresh_token);
      for (const secret of [PASSWORD, 'hunter2', access_token, refresh_token]) {
        expect(app.logged.join('\n')).not.toContain(secret);
      }
    });

    it.each(['Bearer stale', 'Bearer', 'Basic YTpi'])('is not affected by the header %j', async (authorization) => {
      expect((await app.post('/auth/token', ADA, { authorization })).status).toBe(200);
      const { refresh_token } = await obtain();
      expect((await app.post('/auth/token/refresh', { refresh_token }, { authorization })).status).toBe(200);
      expect((await app.post('/auth/token/revoke', { token: refresh_token }, { authorization })).status).toBe(200);
    });
  });

  describe('refresh', () => {
    it('answers a valid refresh token with a new pair of the same login', async () => {
      const first = await obtain();
      const answer = await refresh(first.refresh_token);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
      const second = (await answer.json()) as Pair;
      expect(Object.keys(second).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
      const [before, after] = [decodeJwt(first.refresh_token), decodeJwt(second.refresh_token)];
      expect([after['sid'], after.jti === before.jti]).toEqual([before['sid'], false]);
      expect((await me(second.access_token)).status).toBe(200);
    });

    it('refuses every other token in one public format', async () => {
      const { access_token } = await obtain();
      const gone = await app.signIn('grace');
      const grace = app.people.of('grace');
      app.people.all.delete('grace');
      const bad = await TokenFactory.of(app.app).refused('ada');
      const cases = [access_token, gone.refreshToken, 'no token', ...bad.map(({ token }) => token)];
      for (const token of cases) {
        const answer = await expectRefused(() => refresh(token), { secrets: [token], mayLookUp: true });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')?.[0]).toContain('error="invalid_token"');
      }
      app.people.all.set('grace', grace);
    });

    it('refuses an expired token, and says that the login has ended', async () => {
      const { refresh_token } = await obtain();
      clock.advance('15d');
      const answer = await expectRefused(() => refresh(refresh_token), { secrets: [refresh_token] });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'refresh_expired']);
    });

    it.each([
      ['inactive', { active: false }],
      ['changed', { stamp: '2' }],
    ])('refuses a user who is %s, and ends the login for good', async (_, change) => {
      const { refresh_token, access_token } = await obtain();
      Object.assign(app.people.of('ada'), change);
      const answer = await (await refresh(refresh_token)).json();
      expect(answer).toMatchObject({ statusCode: 401, errorCode: 'token_invalid' });
      Object.assign(app.people.of('ada'), { active: true, stamp: '1' });
      expect((await refresh(refresh_token)).status).toBe(401);
      expect((await me(access_token)).status).toBe(401);
    });

    it.each([
      [{}],
      [{ refresh_token: '' }],
      [{ refresh_token: 7 }],
      [{ refresh_token: null }],
      [{ refresh_token: ['a', 'b'] }],
    ])('refuses the body %j before any token work', async (body) => {
      const answer = await expectRefused(() => app.post('/auth/token/refresh', body));
      expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    });

    it('refuses a replaced token after the grace, and ends the login', async () => {
      const first = await obtain();
      const second = (await (await refresh(first.refresh_token)).json()) as Pair;
      clock.advance('11s');
      const answer = await expectRefused(() => refresh(first.refresh_token), { mayLookUp: true });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
      expect((await refresh(second.refresh_token)).status).toBe(401);
      expect((await me(second.access_token)).status).toBe(401);
    });

    it('refuses to refresh a revoked token', async () => {
      const { refresh_token } = await obtain();
      await app.post('/auth/token/revoke', { token: refresh_token });
      const answer = await expectRefused(() => refresh(refresh_token), { secrets: [refresh_token] });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
    });
  });

  describe('verification', () => {
    it('answers a valid access token with an empty 204', async () => {
      const answer = await verify((await obtain()).access_token);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
    });

    it('refuses every other token as a guarded route would', async () => {
      const { refresh_token } = await obtain();
      const bad = await TokenFactory.of(app.app).refused('ada');
      for (const { token, errorCode } of [...bad, { token: refresh_token, errorCode: 'wrong_token_type' }]) {
        const answer = await expectRefused(() => verify(token), { secrets: [token] });
        expect([answer.status, codeOf(answer)]).toEqual([401, errorCode]);
      }
    });

    it.each([
      ['of an unknown user', 'unknown'],
      ['of an inactive user', 'lin'],
    ])('refuses a token %s', async (_, id) => {
      const token = await TokenFactory.of(app.app).valid(id);
      const answer = await expectRefused(() => verify(token), { secrets: [token], mayLookUp: true });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
    });

    it('refuses a revoked token', async () => {
      const { access_token } = await obtain();
      await app.post('/auth/token/revoke', { token: access_token });
      expect((await verify(access_token)).status).toBe(401);
    });

    it.each([[{}], [{ token: '' }], [{ token: ['a'] }]])('refuses the body %j', async (body) => {
      expect((await app.post('/auth/token/verify', body)).status).toBe(400);
    });

    it('a refresh token opens no route, and an access token cannot refresh', async () => {
      const { access_token, refresh_token } = await obtain();
      expect([(await me(refresh_token)).status, (await refresh(access_token)).status]).toEqual([401, 401]);
      expect([(await me(access_token)).status, (await refresh(refresh_token)).status]).toEqual([200, 200]);
    });
  });

  describe('revocation', () => {
    it.each(['json', 'form'] as const)('revokes an access token at once, given by %s', async (type) => {
      const { access_token, refresh_token } = await obtain();
      const answer = await revoke(app, access_token, type);
      expect([answer.status, await answer.text()]).toEqual([200, '']);
      expect((await me(access_token)).status).toBe(401);
      expect((await refresh(refresh_token)).status).toBe(200);
    });

    it.each(['json', 'form'] as const)('ends the whole login with a refresh token, given by %s', async (type) => {
      const { access_token, refresh_token } = await obtain();
      expect((await revoke(app, refresh_token, type)).status).toBe(200);
      expect([(await me(access_token)).status, (await refresh(refresh_token)).status]).toEqual([401, 401]);
    });

    it('succeeds for unknown, expired, external and revoked tokens, as RFC 7009 §2.2 says', async () => {
      const { refresh_token } = await obtain();
      const bad = await TokenFactory.of(app.app).refused('ada');
      for (const token of ['x', ...bad.map(({ token }) => token), refresh_token, refresh_token]) {
        const answer = await revoke(app, token, 'json');
        expect([answer.status, await answer.text()]).toEqual([200, '']);
      }
    });

    it('ends nothing without a token in the body, although the header has one', async () => {
      const { access_token } = await obtain();
      const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
      const answer = await app.fetch('/auth/token/revoke', { method: 'POST', headers, body: '{}' });
      expect(await answer.json()).toMatchObject({ statusCode: 400, errorCode: 'invalid_request' });
      expect((await me(access_token)).status).toBe(200);
    });

    it('stores ids, never a token', async () => {
      const { refresh_token } = await obtain();
      app.events.length = 0;
      await revoke(app, refresh_token, 'form');
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: 'revoked', id: decodeJwt(refresh_token)['sid'] }),
      );
      expect(JSON.stringify(app.events)).not.toContain(refresh_token.split('.')[2]);
    });
  });
});
