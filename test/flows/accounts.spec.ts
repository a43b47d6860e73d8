// The sample as a process, driven as `curl` would drive it: from a sign-in to a refusal.
import { createPublicKey, createHmac, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT, type JWK } from 'jose';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { sendLines } from '../support/raw-http.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const GRACE = { username: 'grace', password: 'amazing grace 1906' };
const LIN = { username: 'lin', password: 'inactive but known' };

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

const encode = (members: object): string => Buffer.from(JSON.stringify(members)).toString('base64url');

describe.each(ADAPTERS)('accounts on %s', (adapter) => {
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  }, 60_000);
  afterAll(() => app.remove());

  const signIn = async (user: object): Promise<Pair> => (await (await app.post('/auth/token', user)).json()) as Pair;
  const get = (path: string, token?: string): Promise<Response> =>
    app.fetch(path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

  const me = (...lines: readonly string[]) => sendLines(app.url, ['GET /me HTTP/1.1', ...lines]);

  it('logs its URL at boot and how to sign in', () => {
    expect(app.log()).toContain('Accounts listens on http://localhost:');
    expect(app.log()).toContain("Sign in as 'ada'");
    expect(app.log()).toContain('/docs');
  });

  it.each(['/auth/token', '/account/motto'])('refuses an unreadable body without quoting it: %s', async (path) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.fetch(path, { method: 'POST', headers, body: '{"password":"hunter2",' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await answer.json()).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: 'The request body does not have the required shape.',
      errorCode: 'invalid_request',
    });
    expect(app.log()).not.toContain('hunter2');
  });

  it('signs ada in, recognises her, refreshes, and revokes at once', async () => {
    const first = await signIn(ADA);
    expect(await (await get('/me', first.access_token)).json()).toMatchObject({
      subject: expect.any(String),
      username: 'ada',
    });

    const renewed = await app.post('/auth/token/refresh', { refresh_token: first.refresh_token });
    expect(renewed.status).toBe(200);
    const second = (await renewed.json()) as Pair;
    expect((await get('/me', second.access_token)).status).toBe(200);

    expect((await app.post('/auth/token/verify', { token: second.access_token })).status).toBe(204);
    expect((await app.post('/auth/token/revoke', { token: second.access_token })).status).toBe(200);
    expect((await get('/me', second.access_token)).status).toBe(401);
    expect((await app.post('/auth/token/verify', { token: second.access_token })).status).toBe(401);

    expect((await app.post('/auth/token/revoke', { token: second.refresh_token })).status).toBe(200);
    for (const token of [first.refresh_token, second.refresh_token]) {
      expect((await app.post('/auth/token/refresh', { refresh_token: token })).status).toBe(401);
    }
  });

  it('answers a retry within the grace with the same successor, and never with a second one', async () => {
    const { refresh_token } = await signIn(ADA);
    const tries = [1, 2].map(
      async () => (await (await app.post('/auth/token/refresh', { refresh_token })).json()) as Pair,
    );
    const [one, other] = await Promise.all(tries);
    expect(decodeJwt(one?.refresh_token ?? '').jti).toBe(decodeJwt(other?.refresh_token ?? '').jti);
  });

  it('refuses lin everywhere, with the response of a wrong password', async () => {
    const attempts = [LIN, { ...ADA, password: 'wrong' }, { username: 'unknown', password: 'wrong' }];
    const answers: unknown[][] = [];
    for (const attempt of attempts) {
      const answer = await app.post('/auth/token', attempt);
      answers.push([answer.status, answer.headers.get('www-authenticate'), await answer.text()]);
    }
    expect(answers[0]?.[0]).toBe(401);
    expect(answers).toEqual(answers.map(() => answers[0]));
  });

  it('opens /staff to grace alone, and introspection too', async () => {
    const [ada, grace] = await Promise.all([signIn(ADA), signIn(GRACE)]);
    expect([(await get('/staff')).status, (await get('/staff', ada.access_token)).status]).toEqual([401, 403]);
    expect((await get('/staff', grace.access_token)).status).toBe(200);
    expect(decodeJwt(grace.access_token)['scope']).toBe('grades:write');
    const headers = { authorization: `Bearer ${grace.access_token}` };
    const about = async (token: string) => (await app.post('/auth/token/introspect', { token }, headers)).text();
    expect(JSON.parse(await about(ada.access_token))).toMatchObject({ active: true });
    expect(await about('nonsense')).toBe('{"active":false}');
  });

  it('greets users by name and anonymous callers as strangers', async () => {
    const { access_token } = await signIn(ADA);
    const greetings = [await get('/hello'), await get('/hello', access_token), await get('/hello', 'bad')];
    expect(await Promise.all(greetings.map((answer) => answer.json()))).toEqual([
      { hello: 'stranger' },
      { hello: 'ada' },
      { hello: 'stranger' },
    ]);
  });

  it.each(['/motto', '/health', '/docs', '/docs-json'])(
    'serves %s to every caller, also with an invalid token',
    async (path) => {
      expect([(await get(path)).status, (await get(path, 'bad')).status]).toEqual([200, 200]);
    },
  );

  it('lists the devices of the user and ends one', async () => {
    const [desk, phone] = [await signIn(GRACE), await signIn(GRACE)];
    const { sid } = decodeJwt(phone.access_token);
    const devices = (await (await get('/auth/devices', desk.access_token)).json()) as {
      id: string;
      current: boolean;
    }[];
    expect(devices).toContainEqual({
      id: sid,
      label: 'Node.js',
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      current: false,
    });
    const headers = { authorization: `Bearer ${desk.access_token}` };
    expect((await app.fetch(`/auth/devices/${String(sid)}`, { method: 'DELETE', headers })).status).toBe(204);
    expect([(await get('/me', phone.access_token)).status, (await get('/me', desk.access_token)).status]).toEqual([
      401, 200,
    ]);
    await signIn(GRACE);
    expect((await app.fetch('/auth/devices', { method: 'DELETE', headers })).status).toBe(204);
    expect((await (await get('/auth/devices', desk.access_token)).json()) as unknown[]).toHaveLength(1);
  });

  it.each([[{}], [{ username: 'ada' }], [{ username: { $gt: '' }, password: 'x' }]])(
    'refuses the body %j with 400',
    async (body) => {
      const answer = await app.post('/auth/token', body);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ errorCode: 'invalid_request' }),
      ]);
    },
  );

  it('repeats nothing of a body that is not JSON', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.fetch('/auth/token', { method: 'POST', headers, body: 'password=hunter2' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.not.stringContaining('hunter2')]);
  });

  describe('hostile input', () => {
    let good: Pair;
    beforeAll(async () => {
      good = await signIn(ADA);
    });

    const claims = () => decodeJwt(good.access_token);
    const header = () => decodeProtectedHeader(good.access_token);
    const publicKey = async (): Promise<string> => {
      const { keys } = (await (await app.fetch('/.well-known/jwks.json')).json()) as { keys: JsonWebKey[] };
      const [jwk = {}] = keys.filter((key) => key['kid'] === header().kid);
      return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
    };
    const bySharedSecret = async (): Promise<string> => {
      const signed = `${encode({ ...header(), alg: 'HS256' })}.${encode(claims())}`;
      return `${signed}.${createHmac('sha256', await publicKey())
        .update(signed)
        .digest('base64url')}`;
    };
    /** As the service itself would have signed it an hour ago. */
    const expired = async (): Promise<string> => {
      const { kid = '', alg = '', typ = '' } = header();
      const jwk = JSON.parse(readFileSync(join(app.folder, 'keys', `${kid}.json`), 'utf8')) as JWK;
      const past = { iat: Number(claims().iat) - 3600, exp: Number(claims().exp) - 3600 };
      return new SignJWT({ ...claims(), ...past })
        .setProtectedHeader({ kid, alg, typ })
        .sign(await importJWK(jwk, alg));
    };
    it('a request without a header is 401 with a bare challenge', async () => {
      const answer = await me();
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, ['Bearer realm="api"']]);
      expect(JSON.parse(answer.body)).toMatchObject({
        statusCode: 401,
        errorCode: 'unauthenticated',
        error: 'Unauthorized',
      });
    });

    it('a header with another scheme is not a credential', async () => {
      const answer = await me('Authorization: Basic YWRhOng=');
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, ['Bearer realm="api"']]);
    });

    it.each([
      ['a malformed header', () => 'Bearer', 'malformed_header'],
      ['a malformed token', () => 'Bearer x.y', 'token_malformed'],
      [
        'alg none',
        () => `Bearer ${encode({ ...header(), alg: 'none' })}.${encode(claims())}.`,
        'algorithm_not_allowed',
      ],
      ['HS256 with the public key', async () => `Bearer ${await bySharedSecret()}`, 'algorithm_not_allowed'],
      ['an expired token', async () => `Bearer ${await expired()}`, 'token_expired'],
      ['a refresh token', () => `Bearer ${good.refresh_token}`, 'wrong_token_type'],
      [
        'a changed subject',
        () => `Bearer ${good.access_token.replace(/\..*\./, `.${encode({ ...claims(), sub: 'x' })}.`)}`,
        'token_invalid',
      ],
    ])('%s is 401 invalid_token', async (_, value, errorCode) => {
      const answer = await me(`Authorization: ${await value()}`);
      expect([answer.status, answer.headers.get('www-authenticate')?.[0]]).toEqual([
        401,
        expect.stringContaining('error="invalid_token"'),
      ]);
      expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 401, errorCode });
      expect(answer.headers.get('cache-control')).toEqual(['no-store']);
    });

    it('a request with two headers is 400', async () => {
      const line = `Authorization: Bearer ${good.access_token}`;
      const answer = await me(line, line);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        400,
        expect.objectContaining({ errorCode: 'ambiguous_credentials' }),
      ]);
    });

    it('the valid token is still accepted afterwards', async () => {
      expect((await me(`Authorization: Bearer ${good.access_token}`)).status).toBe(200);
    });
  });
});
