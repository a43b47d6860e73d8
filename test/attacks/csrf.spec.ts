// Requests that a page of another site makes the browser send.
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import { CsrfService } from 'nestjs-latchkey/browser';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { CookieJar, type Sending } from '../support/cookie-jar.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, PASSWORD, type RecordingApp } from '../support/recording-app.js';
import { ACCESS, CSRF, REFRESH, signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';

const ada = { username: 'ada', password: PASSWORD };
const EVIL = 'https://evil.example';
const ACT = '/me/echo/transfer';

describe.each(ADAPTERS)('a forged request on %s', (adapter) => {
  let app: RecordingApp;
  let jar: CookieJar;
  let token: string;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    jar = await signedInBrowser(app);
    token = await jar.csrfToken();
  });

  const act = (sending: Sending = {}) => jar.send(ACT, { method: 'POST', ...sending });
  const own = (more: Record<string, string> = {}) => ({ 'x-csrf-token': token, ...more });

  /** Checks that nothing ran and nothing was set, with 403 and no challenge; returns the code. */
  async function refusal(send: () => Promise<Response>): Promise<unknown> {
    const answer = await expectRefusal(app, send);
    expect([answer.status, answer.headers.has('www-authenticate')]).toEqual([403, false]);
    return codeOf(answer);
  }

  it('differs from a request of our page, which is accepted (what every other row changes)', async () => {
    expect((await act({ headers: own() })).status).toBeLessThan(300);
    expect((await act({ headers: own({ origin: ISSUER, 'sec-fetch-site': 'same-origin' }) })).status).toBeLessThan(300);
  });

  it('is refused without the CSRF cookie', async () => {
    jar.cookies.delete(CSRF);
    expect(await refusal(() => act())).toBe('csrf_cookie_missing');
    expect(await refusal(() => act({ headers: own() }))).toBe('csrf_cookie_missing');
  });

  it('is refused if the attacker chose header and cookie', async () => {
    for (const chosen of ['tossed', 'A'.repeat(171)]) {
      jar.plant(CSRF, chosen);
      expect(await refusal(() => act({ headers: { 'x-csrf-token': chosen } }))).toBe('csrf_token_invalid');
    }
  });

  it('is refused if the attacker sends both halves from a login of their own', async () => {
    const attacker = await signedInBrowser(app, 'grace');
    const theirs = await attacker.csrfToken();
    jar.plant(CSRF, attacker.value(CSRF) ?? '');
    expect(await refusal(() => act({ headers: { 'x-csrf-token': theirs } }))).toBe('csrf_token_invalid');
  });

  it('is refused with a token from before the sign-in', async () => {
    const stranger = new CookieJar(app);
    const before = await stranger.csrfToken();
    const cookieBefore = stranger.value(CSRF) ?? '';
    await stranger.send('/auth/cookie/login', { method: 'POST', body: ada, headers: { 'x-csrf-token': before } });
    const send = () => stranger.send(ACT, { method: 'POST', headers: { 'x-csrf-token': before } });
    expect(await refusal(send)).toBe('csrf_token_invalid');
    stranger.plant(CSRF, cookieBefore);
    expect(await refusal(send)).toBe('csrf_token_invalid');
  });

  it.each(['x', ' ', 'A'.repeat(15_000), 'é'.repeat(20), `${'A'.repeat(170)}!`, '%00', '[object Object]'])(
    'is refused with a malformed token',
    async (malformed) => {
      const code = await refusal(() => act({ headers: { 'x-csrf-token': malformed } }));
      expect(code).toMatch(/^csrf_token_(invalid|missing)$/);
    },
  );

  it('is refused if the token is not in its header', async () => {
    expect(await refusal(() => act({ body: { csrfToken: token, _csrf: token, 'x-csrf-token': token } }))).toBe(
      'csrf_token_missing',
    );
    expect(await refusal(() => jar.send(`${ACT}?x-csrf-token=${token}&_csrf=${token}`, { method: 'POST' }))).toBe(
      'csrf_token_missing',
    );
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is refused by method: %s', async (method) => {
    expect(await refusal(() => act({ method }))).toBe('csrf_token_missing');
    expect((await act({ method, headers: own() })).status).toBeLessThan(300);
  });

  it('needs no token for methods without side effects', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect((await act({ method })).status).toBeLessThan(300);
  });

  it('is checked by its real method, not by a method override', async () => {
    const headers = { 'x-http-method-override': 'GET', 'x-method-override': 'GET' };
    expect(await refusal(() => act({ headers, body: { _method: 'GET' } }))).toBe('csrf_token_missing');
  });

  it.each([
    ['another site', EVIL],
    ['a sub-domain', 'https://x.accounts.test'],
    ['ours as a beginning', 'https://accounts.test.evil.tld'],
    ['ours as an end', 'https://evil-accounts.test'],
    ['another port', 'https://accounts.test:8443'],
    ['plain http', 'http://accounts.test'],
    ['an opaque origin', 'null'],
  ])('is refused from %s, although its token is valid', async (_, origin) => {
    expect(await refusal(() => act({ headers: own({ origin }) }))).toBe('csrf_origin_rejected');
  });

  it('is refused by its Referer, or by Sec-Fetch-Site', async () => {
    expect(await refusal(() => act({ headers: own({ referer: `${EVIL}/page` }) }))).toBe('csrf_origin_rejected');
    expect(await refusal(() => act({ headers: own({ 'sec-fetch-site': 'same-site' }) }))).toBe('csrf_origin_rejected');
    expect((await act({ headers: own({ referer: `${ISSUER}/page` }) })).status).toBeLessThan(300);
  });

  it('is refused if the attacker makes the Host header match', async () => {
    const headers = own({
      origin: EVIL,
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example;proto=https',
    });
    expect(await refusal(() => act({ headers }))).toBe('csrf_origin_rejected');
  });

  it.each([
    '/auth/cookie/login',
    '/auth/cookie/refresh',
    '/auth/cookie/logout',
    '/auth/session/login',
    '/auth/session/logout',
  ])('is refused at %s, and changes nothing there', async (path) => {
    const before = [jar.value(ACCESS), jar.value(REFRESH)];
    const send = (headers: Record<string, string>) => jar.send(path, { method: 'POST', body: ada, headers });
    expect(await refusal(() => send({}))).toBe('csrf_token_missing');
    expect(await refusal(() => send(own({ origin: EVIL })))).toBe('csrf_origin_rejected');
    expect([jar.value(ACCESS), jar.value(REFRESH)]).toEqual(before);
    // The token was not consumed: the next refresh is not a replay.
    expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
  });

  it('is refused at refresh and sign-out if an attacker set the refresh cookie', async () => {
    const attacker = await signedInBrowser(app, 'grace');
    jar.plant(REFRESH, attacker.value(REFRESH) ?? '', '/auth/cookie');
    for (const path of ['/auth/cookie/refresh', '/auth/cookie/logout']) {
      const answer = await jar.send(path, { method: 'POST', headers: own() });
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
      expect(await answer.json()).toMatchObject({ errorCode: 'csrf_token_invalid' });
    }
    expect((await attacker.post('/auth/cookie/refresh')).status).toBe(204);
  });

  it('needs no token if the client itself sends the credential, whatever the origin', async () => {
    const { accessToken } = await app.signIn();
    const headers = { authorization: `Bearer ${accessToken}`, origin: EVIL };
    expect((await act({ headers })).status).toBeLessThan(300);
  });

  it('is refused although a header with another scheme is present', async () => {
    expect(await refusal(() => act({ headers: { authorization: 'Basic x' } }))).toBe('csrf_token_missing');
  });

  it('returns a different token in each of a thousand responses, and all of them are valid', async () => {
    const csrf = app.app.get(CsrfService);
    const holder = { subject: { issuer: ISSUER, id: 'ada' }, sid: 'one' };
    expect(new Set(Array.from({ length: 1000 }, () => csrf.issue(holder))).size).toBe(1000);
    for (let round = 0; round < 20; round += 1) {
      const another = await jar.csrfToken();
      expect((await act({ headers: { 'x-csrf-token': another } })).status).toBeLessThan(300);
    }
    // The first token of all still serves: a second tab keeps working.
    expect((await act({ headers: own() })).status).toBeLessThan(300);
  });

  it('accepts the token of a second tab after a refresh of the first', async () => {
    expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
    expect((await act({ headers: own() })).status).toBeLessThan(300);
  });

  it('accepts a refresh after the access cookie has expired', async () => {
    jar.cookies.delete(ACCESS);
    expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
    expect((await jar.send('/me')).status).toBe(200);
  });

  it('lets a second tab sign in again after the first signed out', async () => {
    expect((await jar.post('/auth/cookie/logout')).status).toBe(204);
    expect(await refusal(() => jar.send('/auth/cookie/login', { method: 'POST', body: ada, headers: own() }))).toBe(
      'csrf_token_invalid',
    );
    expect((await jar.post('/auth/cookie/login', ada)).status).toBe(204);
  });
});

describe.each(ADAPTERS)('public routes on %s', (adapter) => {
  it('need no CSRF token', async () => {
    const app = await startRecordingBrowserApp(adapter);
    try {
      const answer = await app.post('/auth/token', ada, { origin: EVIL });
      expect(answer.status).toBe(200);
    } finally {
      await app.close();
    }
  });
});

/** Takes the cookies and the token of one process to another. */
async function crosses(one: RecordingApp, other: RecordingApp): Promise<number> {
  const here = await signedInBrowser(one);
  const token = await here.csrfToken();
  const there = new CookieJar(other);
  for (const [name, { value, path }] of here.cookies) there.plant(name, value, path);
  return (await there.send(ACT, { method: 'POST', headers: { 'x-csrf-token': token } })).status;
}

describe.each(ADAPTERS)('the CSRF secret on %s', (adapter) => {
  async function withTwo(
    options: object,
    check: (one: RecordingApp, other: RecordingApp) => Promise<void>,
  ): Promise<void> {
    const one = await startRecordingBrowserApp(adapter, options);
    const other = await startRecordingBrowserApp(adapter, options);
    try {
      await check(one, other);
    } finally {
      await one.close();
      await other.close();
    }
  }

  it('is the same in every process that has the keys', async () => {
    await withTwo({ keys: signingKey() }, async (one, other) => {
      expect(await crosses(one, other)).toBeLessThan(300);
    });
  });

  it('is the one of the option if it is given, also if the keys are the same', async () => {
    const keys = signingKey();
    const one = await startRecordingBrowserApp(adapter, { keys, csrf: { secret: randomBytes(32).toString('hex') } });
    const other = await startRecordingBrowserApp(adapter, { keys });
    try {
      expect(await crosses(one, other)).toBe(403);
    } finally {
      await one.close();
      await other.close();
    }
  });

  it('must be given if the private key is held elsewhere', async () => {
    const keys = remoteSigner();
    await expect(startRecordingBrowserApp(adapter, { keys })).rejects.toThrow('csrf.secret is required');
    const app = await startRecordingBrowserApp(adapter, { keys, csrf: { secret: randomBytes(32).toString('hex') } });
    const jar = await signedInBrowser(app);
    expect((await jar.post(ACT)).status).toBeLessThan(300);
    await app.close();
  });
});

describe.each(ADAPTERS)('the CSRF protection of Nest on %s', (adapter) => {
  it('works together with ours, and satisfying one does not replace the other', async () => {
    const app = await startWithNestDefence(adapter);
    try {
      const jar = await signedInBrowser(app);
      const headers = { origin: ISSUER, 'sec-fetch-site': 'same-origin' };
      const ours = await jar.csrfToken();
      expect(
        (await jar.send(ACT, { method: 'POST', headers: { ...headers, 'x-csrf-token': ours } })).status,
      ).toBeLessThan(300);
      // Nest is content, we are not.
      expect((await jar.send(ACT, { method: 'POST', headers })).status).toBe(403);
      // We would be content, Nest is not.
      const foreign = { 'x-csrf-token': ours, 'sec-fetch-site': 'cross-site' };
      expect((await jar.send(ACT, { method: 'POST', headers: foreign })).status).toBe(403);
    } finally {
      await app.close();
    }
  });
});

const signingKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** As a KMS would be: it signs, and keeps the key. */
function remoteSigner() {
  const key = signingKey();
  const publicJwk = createPublicKey(key).export({ format: 'jwk' }) as JWK;
  const signed = (data: Uint8Array) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  return { alg: 'ES256', publicJwk, sign: async (data: Uint8Array) => new Uint8Array(signed(data)) } as const;
}

function startWithNestDefence(adapter: AdapterName): Promise<RecordingApp> {
  return startRecordingBrowserApp(adapter, {
    configure: (app) => {
      app.enableCsrfProtection({ trustedOrigins: [ISSUER] });
    },
  });
}
