// Attacks on tokens in cookies.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LoginService } from 'nestjs-latchkey';
import { AuthCookies, CookieTooLargeError } from 'nestjs-latchkey/browser';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { challengeOf, codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, PASSWORD, type RecordingApp } from '../support/recording-app.js';
import { ACCESS, CSRF, REFRESH, signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { sendLines } from '../support/raw-http.js';

const ada = { username: 'ada', password: PASSWORD };

/** A page view with these Cookie lines. */
const view = (app: RecordingApp, ...cookies: string[]) =>
  sendLines(app.url, ['GET /me HTTP/1.1', ...cookies.map((cookie) => `Cookie: ${cookie}`)]);

const attributesOf = (line: string) => line.split('; ').slice(1).sort();

async function loginLines(app: RecordingApp): Promise<ReadonlyMap<string, string>> {
  const answer = await new CookieJar(app).post('/auth/cookie/login', ada);
  return new Map(answer.headers.getSetCookie().map((line) => [line.slice(0, line.indexOf('=')), line]));
}

describe.each(ADAPTERS)('tokens in cookies on %s', (adapter) => {
  let app: RecordingApp;
  let good: string;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, { structure: { clock: new FixedClock() } });
    good = (await app.signIn()).accessToken;
  });
  afterAll(() => app.close());

  const refused = (cookie: string, ...more: string[]) => expectRefusal(app, () => view(app, cookie, ...more));

  it('accepts a valid token (what every other row changes)', async () => {
    expect((await view(app, `${ACCESS}=${good}`)).status).toBe(200);
  });

  it('sets them with every attribute that protects them', async () => {
    const lines = await loginLines(app);
    expect(attributesOf(lines.get(ACCESS) ?? '')).toEqual([
      'HttpOnly',
      'Max-Age=900',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
    expect(attributesOf(lines.get(REFRESH) ?? '')).toEqual([
      'HttpOnly',
      'Max-Age=1209600',
      'Path=/auth/cookie',
      'SameSite=Strict',
      'Secure',
    ]);
    expect(attributesOf(lines.get(CSRF) ?? '')).toEqual([
      'HttpOnly',
      'Max-Age=1209600',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
    expect(lines.size).toBe(3);
  });

  it('refuses to issue what a browser would drop, before anything is stored', async () => {
    const cookies = app.app.get(AuthCookies);
    const claims = { courses: Array.from({ length: 300 }, () => 'mathematics') };
    const person = app.people.of('grace') as never;
    const issue = app.tokens.issue(person, { claims, accept: (pair) => cookies.assertFit(pair) });
    await expect(issue).rejects.toThrow(CookieTooLargeError);
    await expect(issue).rejects.toThrow(/courses \(\d+ bytes\)/);
    const logins = app.app.get(LoginService);
    expect(await logins.list({ issuer: ISSUER, id: 'grace' })).toEqual([]);
    await app.tokens.issue(person, { accept: (pair) => cookies.assertFit(pair) });
    expect(await logins.list({ issuer: ISSUER, id: 'grace' })).toHaveLength(1);
  });

  it.each([
    ['in two lines', [`${ACCESS}=GOOD`, `${ACCESS}=GOOD`]],
    ['in one line', [`${ACCESS}=GOOD; ${ACCESS}=evil`]],
    ['one of them empty', [`${ACCESS}=; ${ACCESS}=GOOD`]],
  ])('refuses a cookie that is sent twice as ambiguous: %s', async (_, lines) => {
    const [first = '', ...more] = lines.map((line) => line.replaceAll('GOOD', good));
    const answer = await refused(first, ...more);
    expect([answer.status, challengeOf(answer), codeOf(answer)]).toEqual([
      400,
      expect.stringContaining('error="invalid_request"'),
      'ambiguous_credentials',
    ]);
  });

  it.each(['=__Host-access=GOOD', '=x', '__Host-access', '__host-access=GOOD', 'x__Host-access=GOOD', ';;;', '='])(
    'ignores a cookie without a name or with another name: %s',
    async (cookie) => {
      const answer = await refused(cookie.replace('GOOD', good));
      expect([answer.status, challengeOf(answer), codeOf(answer)]).toEqual([
        401,
        expect.stringMatching(/^Bearer ?$/),
        'unauthenticated',
      ]);
    },
  );

  it.each([`$Version=1; ${ACCESS}="evil; $Path=/; GOOD"`, `${ACCESS}="GOOD"`, `a="b; ${ACCESS}=evil; c="`])(
    'does not parse quotes, so that no cookie hides in another: %s',
    async (cookie) => {
      const answer = await refused(cookie.replace('GOOD', good));
      expect(answer.status).toBe(401);
    },
  );

  it.each(['%2E', 'a%2Eb%2Ec', '%E0%A4%A', '%', '%%%', 'a.b.c%00'])(
    'decodes no percent signs, and accepts malformed ones as they are: %s',
    async (value) => {
      const answer = await refused(`${ACCESS}=${value}`);
      expect([answer.status, challengeOf(answer)]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    },
  );

  it('finds the cookie behind two hundred others', async () => {
    const others = Array.from({ length: 200 }, (_, index) => `cookie-${index}=${'x'.repeat(55)}`);
    expect((await view(app, [...others, `${ACCESS}=${good}`].join('; '))).status).toBe(200);
  });

  it('clears a forged cookie, and no other', async () => {
    const jar = await signedInBrowser(app);
    jar.plant(ACCESS, `${good.slice(0, -4)}AAAA`);
    expect((await jar.send('/me')).status).toBe(401);
    expect([...jar.cookies.keys()].sort()).toEqual([CSRF, REFRESH].sort());
  });

  it('clears no cookie while the store is unavailable', async () => {
    const jar = await signedInBrowser(app);
    app.people.down = true;
    const answer = await jar.send('/me');
    app.people.down = false;
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
    expect((await jar.send('/me')).status).toBe(200);
  });

  it('forbids caches to store a response that sets a credential', async () => {
    const jar = new CookieJar(app);
    const csrf = await jar.send('/auth/csrf');
    const login = await jar.post('/auth/cookie/login', ada);
    const refresh = await jar.post('/auth/cookie/refresh');
    for (const answer of [csrf, login, refresh]) expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('never writes user input into a cookie', async () => {
    const jar = new CookieJar(app);
    const token = await jar.csrfToken();
    const answer = await jar.send('/auth/cookie/login', {
      method: 'POST',
      body: ada,
      headers: { 'x-csrf-token': token, 'user-agent': 'Mozilla/5.0; Max-Age=0; Domain=evil.test Firefox/1' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie().join()).not.toMatch(/evil|Mozilla|ada/);
  });

  it('writes one Set-Cookie line per name, with the last decision', async () => {
    const jar = await signedInBrowser(app);
    const names = (await jar.post('/auth/cookie/login', ada)).headers.getSetCookie().map((line) => line.split('=')[0]);
    expect(names.sort()).toEqual([ACCESS, CSRF, REFRESH].sort());
  });
});

describe.each(ADAPTERS)('the lifetime of cookies on %s', (adapter) => {
  it('is never longer than that of the token inside, also late in a login', async () => {
    const clock = new FixedClock();
    const app = await startRecordingBrowserApp(adapter, {
      refresh: { idle: '2h', absolute: '3h' },
      structure: { clock },
    });
    try {
      const jar = await signedInBrowser(app);
      for (const wait of ['1h', '1h', '50m'] as const) {
        clock.advance(wait);
        expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
      }
      // The login ends in ten minutes; no cookie that holds a token lives longer.
      for (const name of [ACCESS, REFRESH]) expect(jar.cookies.get(name)?.attributes).toContain('max-age=600');
    } finally {
      await app.close();
    }
  });

  it('ends with the browser if the client does not ask to be remembered', async () => {
    const app = await startRecordingBrowserApp(adapter, { cookies: { persistent: false } });
    try {
      const jar = await signedInBrowser(app);
      const ages = [...jar.cookies.values()].flatMap(({ attributes }) =>
        attributes.filter((attribute) => /^(max-age|expires)/.test(attribute)),
      );
      expect(ages).toEqual([]);
    } finally {
      await app.close();
    }
  });
});

describe.each(ADAPTERS)('a token split over two cookies on %s', (adapter) => {
  const PAYLOAD = `${ACCESS}-payload`;
  const SIGNATURE = `${ACCESS}-signature`;
  let app: RecordingApp;
  let halves: readonly [string, string];
  let whole: string;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, { cookies: { mode: 'split' } });
    whole = (await app.tokens.issue(app.people.of('ada') as never)).accessToken;
    const dot = whole.lastIndexOf('.');
    halves = [whole.slice(0, dot), whole.slice(dot + 1)];
  });
  afterAll(() => app.close());

  it('is joined from both cookies, and scripts cannot read the signature', async () => {
    const jar = await signedInBrowser(app);
    expect(jar.cookies.get(PAYLOAD)?.attributes).not.toContain('httponly');
    expect(jar.cookies.get(SIGNATURE)?.attributes).toContain('httponly');
    expect(jar.value(ACCESS)).toBeUndefined();
    expect((await jar.send('/me')).status).toBe(200);
    expect((await jar.post('/auth/cookie/logout')).status).toBe(204);
    expect([...jar.cookies.keys()]).toEqual([CSRF]);
  });

  it('is refused if a client sends it in one cookie, which is then cleared', async () => {
    const jar = new CookieJar(app);
    jar.plant(ACCESS, whole);
    const answer = await expectRefusal(app, () => jar.send('/me'), { secrets: [whole] });
    expect([answer.status, codeOf(answer)]).toEqual([401, 'token_malformed']);
    expect(jar.value(ACCESS)).toBeUndefined();
  });

  it('takes precedence over a token in one cookie', async () => {
    const answer = await view(app, `${ACCESS}=evil; ${PAYLOAD}=${halves[0]}; ${SIGNATURE}=${halves[1]}`);
    expect(answer.status).toBe(200);
  });

  it('counts as absent if one half is missing', async () => {
    for (const cookie of [`${PAYLOAD}=${halves[0]}`, `${SIGNATURE}=${halves[1]}`]) {
      const answer = await expectRefusal(app, () => view(app, cookie));
      expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
    }
  });

  it('is refused if the halves are split at another place', async () => {
    const [header = '', payload = ''] = halves[0].split('.');
    const answer = await expectRefusal(app, () =>
      view(app, `${PAYLOAD}=${header}; ${SIGNATURE}=${payload}.${halves[1]}`),
    );
    expect([answer.status, codeOf(answer)]).toEqual([401, 'token_malformed']);
  });
});

const boot = (name: AdapterName, options: object) => startRecordingBrowserApp(name, options).then((app) => app.close());

describe.each(ADAPTERS)('the options of cookies on %s', (adapter) => {
  it.each([
    ['secure: false in production', { cookies: { secure: false } }, 'cookies.secure is false', true],
    [
      'sameSite none without secure',
      { cookies: { sameSite: 'none', secure: false } },
      "cookies.sameSite is 'none'",
      false,
    ],
    ['a name with the prefix', { cookies: { names: { access: '__Host-x' } } }, 'cookies.names.access', false],
    ['one name twice', { cookies: { names: { access: 'x', refresh: 'x' } } }, 'must be different names', false],
    [
      'a half under the name of another cookie',
      { cookies: { names: { csrf: 'access-payload' } } },
      'must be different names',
      false,
    ],
    [
      'a cookie of another party that is our own',
      { cookies: { external: '__Host-access' } },
      "names the cookie '__Host-access'",
      false,
    ],
    [
      'a name that follows from that of the access cookie',
      { cookies: { names: { csrf: 'access-step' } } },
      'must be different names',
      false,
    ],
    [
      'a cookie of another party that is ours for signing in elsewhere',
      { cookies: { external: '__Host-access-external' } },
      "names the cookie '__Host-access-external'",
      false,
    ],
    ['one half of another party', { cookies: { external: { payload: 'a' } } }, 'cookies.external is', false],
    ['one cookie as both halves', { cookies: { external: { payload: 'a', signature: 'a' } } }, 'both halves', false],
    ['a wrong name of a half', { cookies: { external: { payload: 'a', sign: 'b' } } }, 'cookies.external', false],
    ['a domain with attributes', { cookies: { domain: 'example.com; Path=/x' } }, 'cookies.domain', false],
    ['a refresh path elsewhere', { cookies: { refreshPath: '/elsewhere' } }, 'would never see the cookie', false],
    ['an unknown mode', { cookies: { mode: 'both' } }, 'cookies.mode', false],
    ['csrf: false', { cookies: { sameSite: 'none' }, csrf: false }, 'csrf.dangerouslyDisable', false],
    ['a short CSRF secret', { csrf: { secret: 'short' } }, 'csrf.secret is too short', false],
    ['an origin with a path', { csrf: { trustedOrigins: ['https://app.test/'] } }, 'csrf.trustedOrigins', false],
  ])('stop the start of the application: %s', async (_, options, sentence, production) => {
    const before = process.env['NODE_ENV'];
    if (production) process.env['NODE_ENV'] = 'production';
    try {
      await expect(boot(adapter, options)).rejects.toThrow(sentence);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('allow `sameSite: none` if CSRF protection is switched off by name', async () => {
    await boot(adapter, { cookies: { sameSite: 'none' } });
    await boot(adapter, { cookies: { sameSite: 'none' }, csrf: { dangerouslyDisable: true } });
  });
});
