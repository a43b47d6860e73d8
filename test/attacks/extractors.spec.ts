// Tokens that `header.extractor` finds in places that the browser fills by itself, and extractors that throw.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCookie from '@fastify/cookie';
import passportJwt from 'passport-jwt';
import { OptionalAuth, type TokenExtractor } from 'nestjs-latchkey';
import { csrfController, tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { ISSUER, startRecordingApp, type RecordingApp, type RecordingAppOptions } from '../support/recording-app.js';
import { sendLines } from '../support/raw-http.js';

const { ExtractJwt } = passportJwt;
const ACT = '/me/echo/transfer';
const EVIL = { origin: 'https://evil.example' };
const FOREIGN = 'CF_Authorization';

type Incoming = {
  readonly headers: Record<string, string | undefined>;
  readonly cookies?: Record<string, string>;
  readonly body?: Record<string, never>;
};

@Controller('optional')
class Optional {
  @OptionalAuth() @Get() hello() {
    return {};
  }
}

const started: RecordingApp[] = [];
afterEach(async () => {
  for (const app of started.splice(0)) await app.close();
});

async function start(adapter: AdapterName, options: RecordingAppOptions): Promise<RecordingApp> {
  const app = await startRecordingApp(adapter, {
    structure: { controllers: [tokenController(), csrfController()] },
    ...options,
  });
  started.push(app);
  return app;
}

const parsesCookies = (adapter: AdapterName) => async (app: INestApplication) => {
  // As cookie-parser does.
  if (adapter === 'express')
    app.use((request: Incoming & { cookies?: object }, _: unknown, next: () => void) => {
      const pairs = (request.headers['cookie'] ?? '').split('; ').map((pair) => pair.split('='));
      Object.assign(request, { cookies: Object.fromEntries(pairs) as object });
      next();
    });
  else await (app as NestFastifyApplication).register(fastifyCookie as never);
};

const read = (extract: (request: Incoming) => unknown): TokenExtractor => extract as unknown as TokenExtractor;
const fromCookie = read((request) => request.cookies?.[FOREIGN]);
const code = async (answer: Response) => [answer.status, ((await answer.json()) as { errorCode?: string }).errorCode];

describe.each(ADAPTERS)('a token that an extractor finds on %s', (adapter) => {
  /** What the browser of a user sends for a page of another site. */
  const forged = (app: RecordingApp, headers: Record<string, string>, init: RequestInit = {}) =>
    app.fetch(ACT, { method: 'POST', ...init, headers: { ...EVIL, ...headers } });

  it('is under CSRF rules if a cookie of another party holds it', async () => {
    const app = await start(adapter, { header: { extractor: fromCookie }, configure: parsesCookies(adapter) });
    const { accessToken } = await app.signIn();
    const cookie = `${FOREIGN}=${accessToken}`;
    expect(await code(await forged(app, { cookie }))).toEqual([403, 'csrf_origin_rejected']);
    expect(await code(await app.fetch(ACT, { method: 'POST', headers: { cookie } }))).toEqual([
      403,
      'csrf_cookie_missing',
    ]);
    expect((await app.fetch('/me', { headers: { cookie, ...EVIL } })).status).toBe(200);
    expect(app.probe.handled).toBe(1);
  });

  it('is accepted from a cookie with the CSRF token of the same sign-in', async () => {
    const app = await start(adapter, { header: { extractor: fromCookie }, configure: parsesCookies(adapter) });
    const jar = new CookieJar(app);
    jar.plant(FOREIGN, (await app.signIn()).accessToken);
    const other = jar.copy();
    other.plant(FOREIGN, (await app.signIn('grace')).accessToken);
    const token = await jar.csrfToken();
    expect((await jar.send(ACT, { method: 'POST', headers: { 'x-csrf-token': token, origin: ISSUER } })).status).toBe(
      200,
    );
    const planted = await other.send(ACT, { method: 'POST', headers: { 'x-csrf-token': await jar.csrfToken() } });
    expect((await code(planted))[0]).toBe(403);
  });

  it('is under CSRF rules however the cookie is written, and wherever a middleware copied it to', async () => {
    const encoded = read(({ headers }) => decodeURIComponent(/kept=([^;]*)/.exec(headers['cookie'] ?? '')?.[1] ?? ''));
    const halves = read(({ headers }) => {
      const [, one = '', two = ''] = /a=([^;]*); b=([^;]*)/.exec(headers['cookie'] ?? '') ?? [];
      return `${one}.${two}`;
    });
    const unpacked = read(({ headers }) =>
      Buffer.from(/s=([^;]*)/.exec(headers['cookie'] ?? '')?.[1] ?? '', 'base64url').toString(),
    );
    const copied = (app: INestApplication) =>
      app.use((request: { headers: Record<string, string> }, _: unknown, next: () => void) => {
        request.headers['authorization'] = `Bearer ${/jwt=([^;]*)/.exec(request.headers['cookie'] ?? '')?.[1]}`;
        next();
      });
    const cases: readonly (readonly [TokenExtractor, (token: string) => string, RecordingAppOptions?])[] = [
      [encoded, (token) => `kept=${token.replaceAll('.', '%2E')}`],
      [halves, (token) => `a=${token.slice(0, token.lastIndexOf('.'))}; b=${token.slice(token.lastIndexOf('.') + 1)}`],
      [unpacked, (token) => `s=${Buffer.from(token).toString('base64url')}`],
      [
        ExtractJwt.fromAuthHeaderAsBearerToken() as unknown as TokenExtractor,
        (token) => `jwt=${token}`,
        { configure: copied },
      ],
    ];
    for (const [extractor, cookieOf, options] of cases) {
      const app = await start(adapter, { header: { extractor }, ...options });
      const cookie = cookieOf((await app.signIn()).accessToken);
      expect((await app.fetch('/me', { headers: { cookie } })).status).toBe(200);
      expect(await code(await forged(app, { cookie }))).toEqual([403, 'csrf_origin_rejected']);
    }
  });

  it('is under CSRF rules in headers that browsers and access proxies add by themselves', async () => {
    const basic = read(({ headers }) =>
      /^Basic (.*)$/.exec(headers['authorization'] ?? '')?.[1]?.replace(/^user-/, ''),
    );
    const app = await start(adapter, { header: { extractor: basic } });
    const { accessToken } = await app.signIn();
    expect((await forged(app, { authorization: `Basic user-${accessToken}` })).status).toBe(403);
    for (const name of [
      'cf-access-jwt-assertion',
      'x-amzn-oidc-data',
      'x-forwarded-access-token',
      'referer',
      'if-none-match',
    ]) {
      const other = await start(adapter, {
        header: { extractor: read(({ headers }) => headers[name]?.split('#').at(-1)) },
      });
      const token = (await other.signIn()).accessToken;
      expect([name, (await forged(other, { [name]: `https://a.example/#${token}` })).status]).toEqual([name, 403]);
    }
  });

  it('needs no CSRF token in a place that only code which knows it can fill', async () => {
    const extractor = ExtractJwt.fromExtractors([
      ExtractJwt.fromAuthHeaderAsBearerToken(),
      ExtractJwt.fromHeader('x-token'),
      ExtractJwt.fromUrlQueryParameter('token'),
      ExtractJwt.fromBodyField('token'),
      (request) => (request as unknown as Incoming).cookies?.[FOREIGN] ?? null,
    ]) as unknown as TokenExtractor;
    const app = await start(adapter, { header: { extractor }, configure: parsesCookies(adapter) });
    const { accessToken } = await app.signIn();
    const json = { 'content-type': 'application/json' };
    const sent = [
      forged(app, { authorization: `Bearer ${accessToken}` }),
      forged(app, { 'x-token': accessToken }),
      app.fetch(`${ACT}?token=${accessToken}`, { method: 'POST', headers: EVIL }),
      forged(app, json, { body: JSON.stringify({ token: accessToken }) }),
      forged(app, { authorization: `Bearer ${accessToken}`, cookie: `${FOREIGN}=${accessToken}` }),
    ];
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await forged(app, { cookie: `${FOREIGN}=${accessToken}` })).status).toBe(403);
  });

  it('is read from a cookie that an option names, which is never written', async () => {
    const app = await start(adapter, { cookies: { external: FOREIGN } });
    const { accessToken } = await app.signIn();
    const jar = new CookieJar(app);
    jar.plant(FOREIGN, accessToken);
    const me = await jar.send('/me');
    expect([me.status, await me.json()]).toEqual([200, { subject: 'ada', scheme: 'cookie' }]);
    expect(await code(await forged(app, { cookie: `${FOREIGN}=${accessToken}` }))).toEqual([
      403,
      'csrf_origin_rejected',
    ]);
    expect((await jar.post(ACT)).status).toBe(200);
    const twice = await app.fetch('/me', { headers: { cookie: `${FOREIGN}=a; ${FOREIGN}=b` } });
    expect(twice.status).toBe(400);
    const dead = await app.fetch('/me', { headers: { cookie: `${FOREIGN}=${accessToken}x` } });
    expect([dead.status, dead.headers.getSetCookie().filter((line) => line.startsWith(FOREIGN))]).toEqual([401, []]);
  });

  it('is refused with 500 and one log line if the extractor throws, on optional routes too', async () => {
    const noCookies = read((request) => (request as { cookies: Record<string, string> }).cookies['jwt']);
    const app = await start(adapter, {
      header: { extractor: noCookies },
      structure: { controllers: [{ controller: Optional, requires: [] }] },
    });
    expect(await code(await app.fetch('/optional'))).toEqual([500, 'application_fault']);
    const before = app.logged.findIndex((line) => line.includes('application_fault'));
    const { accessToken } = await app.signIn();
    for (const headers of [{}, { cookie: `jwt=${accessToken}` }, { authorization: `Bearer ${accessToken}` }]) {
      const answer = await app.fetch('/me', { headers });
      // Trying again does not help: the application is at fault.
      expect(answer.headers.get('retry-after')).toBeNull();
      expect(await code(answer)).toEqual([500, 'application_fault']);
    }
    const lines = app.logged.slice(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /application_fault.*finding the credential of 'bearer'.*TypeError: Cannot read properties of undefined \(.*extractors\.spec/,
    );
    expect(app.events.filter(({ type }) => type === 'attempt')).toHaveLength(4);
  });

  it('is not in the log if the extractor throws an error that contains it', async () => {
    const parsing = read(({ headers }) => JSON.parse(headers['x-token'] ?? 'null') as unknown);
    const app = await start(adapter, { header: { extractor: parsing } });
    const { accessToken } = await app.signIn();
    for (const text of [accessToken, 'another secret', 'a third']) {
      expect((await app.fetch('/me', { headers: { 'x-token': text } })).status).toBe(500);
    }
    const lines = app.logged.filter((line) => line.includes('application_fault'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('SyntaxError');
    for (const part of [accessToken.slice(0, 8), 'another', 'third']) expect(lines[0]).not.toContain(part);
  });

  it('is not in the log if it is the name of a property that is read', async () => {
    const clients: { keys?: Record<string, { token: string }> } = {};
    const looking = read(({ headers }) => clients.keys?.[''] ?? (clients.keys as never)[headers['x-api-key'] ?? '']);
    const app = await start(adapter, { header: { extractor: looking } });
    expect((await app.fetch('/me', { headers: { 'x-api-key': 'sk_live_51Habc' } })).status).toBe(500);
    const line = app.logged.find((each) => each.includes('application_fault'));
    expect(line).toContain('TypeError: Cannot read properties of undefined');
    expect(line).not.toContain('sk_live');
  });

  it('must be a string: a list is two credentials, a promise is a fault of the application', async () => {
    const query = ExtractJwt.fromUrlQueryParameter('token') as unknown as TokenExtractor;
    const app = await start(adapter, { header: { extractor: query } });
    expect(await code(await app.fetch('/me?token=a&token=b'))).toEqual([400, 'ambiguous_credentials']);
    expect(await code(await app.fetch('/me?token='))).toEqual([401, 'unauthenticated']);
    const late = await start(adapter, { header: { extractor: read(() => Promise.resolve('x')) } });
    expect(await code(await late.fetch('/me'))).toEqual([500, 'application_fault']);
    expect(late.logged.some((line) => line.includes('answered with a promise'))).toBe(true);
    const deep = await start(adapter, { header: { extractor: read(() => ({ a: 1 })) } });
    expect(await code(await deep.fetch('/me'))).toEqual([401, 'malformed_header']);
  });

  it('is refused if its header or its cookie is sent twice', async () => {
    const bearer = ExtractJwt.fromAuthHeaderAsBearerToken() as unknown as TokenExtractor;
    const app = await start(adapter, { header: { extractor: bearer } });
    const { accessToken } = await app.signIn();
    const get = (...lines: string[]) => sendLines(app.url, ['GET /me HTTP/1.1', ...lines]);
    const line = `Authorization: Bearer ${accessToken}`;
    expect((await get(line)).status).toBe(200);
    for (const second of ['Authorization: Bearer other', 'authorization: Basic dTpw', line]) {
      expect((await get(line, second)).status).toBe(400);
      expect((await get(second, line)).status).toBe(400);
    }
    const header = await start(adapter, {
      header: { extractor: ExtractJwt.fromHeader('x-token') as unknown as TokenExtractor },
    });
    const token = (await header.signIn()).accessToken;
    const twice = await sendLines(header.url, ['GET /me HTTP/1.1', `X-Token: ${token}`, 'X-Token: other']);
    expect(twice.status).toBe(400);
    const cookies = await start(adapter, { header: { extractor: fromCookie }, configure: parsesCookies(adapter) });
    const kept = (await cookies.signIn()).accessToken;
    const both = await sendLines(cookies.url, ['GET /me HTTP/1.1', `Cookie: ${FOREIGN}=${kept}; ${FOREIGN}=other`]);
    expect(both.status).toBe(400);
  });

  it('may stand alone in a header, without a scheme', async () => {
    const app = await start(adapter, { header: { name: 'X-Access-Token', schemes: [], sentBy: 'client' } });
    const { accessToken } = await app.signIn();
    const get = (...lines: string[]) => sendLines(app.url, ['GET /me HTTP/1.1', ...lines]);
    expect((await get(`x-access-token: ${accessToken}`)).status).toBe(200);
    expect((await forged(app, { 'x-access-token': accessToken })).status).toBe(200);
    expect((await get(`x-access-token: ${accessToken}`, 'x-access-token: other')).status).toBe(400);
    for (const bad of [`Bearer ${accessToken}`, `${accessToken}, ${accessToken}`, `${accessToken}x`]) {
      expect((await get(`x-access-token: ${bad}`)).status).toBe(401);
    }
    for (const none of ['x-access-token:', `Authorization: Bearer ${accessToken}`]) {
      const answer = await get(none);
      expect([answer.status, answer.headers.get('www-authenticate')?.[0]]).toEqual([401, 'Bearer realm="api"']);
    }
  });

  it('is under CSRF rules in a header that a proxy makes of a cookie', async () => {
    const app = await start(adapter, { header: { name: 'Cf-Access-Jwt-Assertion', schemes: [], sentBy: 'browser' } });
    const added = { 'cf-access-jwt-assertion': (await app.signIn()).accessToken };
    expect((await app.fetch('/me', { headers: added })).status).toBe(200);
    expect(await code(await forged(app, added))).toEqual([403, 'csrf_origin_rejected']);
    const jar = new CookieJar({
      fetch: (path, init) => app.fetch(path, { ...init, headers: { ...init?.headers, ...added } }),
    });
    expect((await jar.post(ACT)).status).toBe(200);
  });
});

describe('the options of the header', () => {
  const refusals: readonly (readonly [NonNullable<RecordingAppOptions['header']>, RegExp])[] = [
    [{ name: 'x-amzn-oidc-data', schemes: [] }, /header\.schemes is \[\] without header\.sentBy/],
    [{ extractor: fromCookie, sentBy: 'client' }, /header\.sentBy is 'client' beside header\.extractor/],
    [{ sentBy: 'server' as never }, /header\.sentBy is 'server'; accepted is client or browser/],
    [{ openapi: { always: {} } }, /header\.openapi describes header\.extractor/],
    [{ extractor: fromCookie, openapi: {} as never }, /header\.openapi is {}/],
  ];
  it.each(refusals)('are a boot error if they are invalid: %j', async (header, sentence) => {
    await expect(start('fastify', { header })).rejects.toThrow(sentence);
  });

  it('must name a cookie of another party in full, or the start fails', async () => {
    await expect(start('fastify', { cookies: { external: 'a b' } })).rejects.toThrow(/cookies\.external is 'a b'/);
  });
});
