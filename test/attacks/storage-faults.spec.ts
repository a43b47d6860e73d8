// Store failures as a client sees them. See test/typeorm and test/redis for what each database does.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginService, type AuthModuleOptions, type TokenPair } from 'nestjs-latchkey';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { SwitchedStores, type Mood } from '../support/switched-stores.js';
import { readAnswer, type RawAnswer } from '../support/raw-http.js';

const CREDENTIALS = { username: 'ada', password: PASSWORD };

const opening = async ({ app, clock, mood, send }: Opening): Promise<void> => {
  app.switched.mood = mood;
  for (let at = 0; at < 5; at += 1) await send();
  clock.advance(0);
};

interface Opening {
  readonly app: FaultyApp;
  readonly clock: FixedClock;
  readonly mood: Mood;
  readonly send: () => Promise<unknown>;
}

interface FaultyApp extends RecordingApp {
  readonly switched: SwitchedStores;
}

/** The refusal "unavailable": no challenge, no cookie set or cleared, and no cause in the body. */
async function expectUnavailable(sent: Promise<Response>): Promise<RawAnswer> {
  const answer = await readAnswer(await sent);
  expect([answer.status, JSON.parse(answer.body).errorCode]).toEqual([503, 'store_unavailable']);
  expect(answer.headers.get('retry-after')).toEqual(['1']);
  expect(answer.headers.get('www-authenticate')).toBeUndefined();
  expect(answer.headers.get('set-cookie')).toBeUndefined();
  expect(answer.headers.get('cache-control')).toEqual(['no-store']);
  expect(answer.body).not.toMatch(/ECONN|10\.0\.0\.8|\bat |SELECT|latchkey/);
  return answer;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe.each(ADAPTERS)('stores that fail, on %s', (adapter) => {
  const clock = new FixedClock();
  let app: FaultyApp;
  let pair: TokenPair;

  const start = async (options: AuthModuleOptions = {}): Promise<FaultyApp> => {
    const switched = new SwitchedStores();
    const structure = { stores: switched.recipe(), clock };
    const probed = await startRecordingApp(adapter, { revocation: { timeout: '20ms' }, structure, ...options });
    return { ...probed, switched };
  };
  const me = (token = pair.accessToken) => app.fetch('/me', bearer(token));
  const refresh = () => app.post('/auth/token/refresh', { refresh_token: pair.refreshToken });
  const recover = async (): Promise<void> => {
    app.switched.mood = 'well';
    clock.advance('1s');
    expect((await me()).status).toBe(200);
    await app.app.get(LoginService).list({ issuer: ISSUER, id: 'ada' });
  };

  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    app.switched.mood = 'well';
    clock.advance('1s');
    pair = await app.signIn();
    await recover();
  });

  it.each(['broken', 'silent'] as const)('a protected route answers 503 while the store is %s', async (mood) => {
    const { handled } = app.probe;
    app.switched.mood = mood;
    await expectUnavailable(me());
    expect(app.probe.handled).toBe(handled);
  });

  it('after five failures requests are refused at once, and the store is not called', async () => {
    await opening({ app, clock, mood: 'silent', send: me });
    const asked = app.switched.asked.length;
    for (let at = 0; at < 20; at += 1) await expectUnavailable(me());
    expect(app.switched.asked).toHaveLength(asked);
  });

  it('recovers within two seconds, without a restart', async () => {
    await opening({ app, clock, mood: 'broken', send: me });
    app.switched.mood = 'well';
    clock.advance('1s');
    expect((await me()).status).toBe(200);
  });

  it('reports that the store failed, and that it recovered', async () => {
    app.events.length = 0;
    await opening({ app, clock, mood: 'broken', send: me });
    await recover();
    const told = app.events.filter(({ type }) => type.startsWith('store_'));
    expect(told).toEqual([
      { type: 'store_failed', store: 'revocations' },
      { type: 'store_recovered', store: 'revocations' },
    ]);
  });

  it('a public route still answers', async () => {
    app.switched.mood = 'broken';
    expect((await app.fetch('/me/open')).status).toBe(200);
  });

  it('an invalid token is refused with 401, because no store is queried for it', async () => {
    app.switched.mood = 'broken';
    expect((await me(`${pair.accessToken}x`)).status).toBe(401);
  });

  it.each(['broken', 'silent'] as const)(
    'a refresh answers 503 while the store is %s; the login stays active, and its token is not consumed',
    async (mood) => {
      app.switched.mood = mood;
      await expectUnavailable(refresh());
      await recover();
      expect((await refresh()).status).toBe(200);
    },
  );

  it('a sign-in that cannot be stored answers 503, and counts as no failed sign-in', async () => {
    app.events.length = 0;
    app.switched.mood = 'broken';
    await expectUnavailable(app.post('/auth/token', CREDENTIALS));
    const refusals = app.events.flatMap((event) => (event.type === 'sign_in_refused' ? event.code : []));
    expect(refusals.filter((code) => code !== 'store_unavailable')).toEqual([]);
    await recover();
    expect((await app.post('/auth/token', CREDENTIALS)).status).toBe(200);
  });

  it.each(['revoke', 'verify'] as const)('%s answers 503, and changes nothing about the token', async (route) => {
    app.switched.mood = 'broken';
    await expectUnavailable(app.post(`/auth/token/${route}`, { token: pair.accessToken }));
    await recover();
    expect((await me()).status).toBe(200);
  });

  it('the list of devices and ending a device answer 503', async () => {
    app.switched.mood = 'broken';
    await expectUnavailable(app.fetch('/auth/devices', bearer(pair.accessToken)));
    await expectUnavailable(app.fetch('/auth/devices', { method: 'DELETE', ...bearer(pair.accessToken) }));
    await recover();
  });

  it('an object instead of a token never reaches the store', async () => {
    const asked = app.switched.asked.length;
    for (const [path, name] of [
      ['refresh', 'refresh_token'],
      ['revoke', 'token'],
      ['verify', 'token'],
    ] as const)
      expect((await app.post(`/auth/token/${path}`, { [name]: { id: 1 } })).status).toBe(400);
    expect(app.switched.asked).toHaveLength(asked);
  });

  it('three hundred refreshes with invalid tokens cause no query', async () => {
    const asked = app.switched.asked.length;
    const [header, payload] = pair.refreshToken.split('.');
    const rubbish = (at: number) => `${header}.${payload}.${Buffer.alloc(64, at).toString('base64url')}`;
    const answers = Array.from({ length: 300 }, (_, at) =>
      app.post('/auth/token/refresh', { refresh_token: rubbish(at) }),
    );
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([401]));
    expect(app.switched.asked).toHaveLength(asked);
    expect((await refresh()).status).toBe(200);
  });

  describe('with onStoreError "allow"', () => {
    let open: FaultyApp;
    let brief: string;
    beforeAll(async () => {
      open = await start({ access: { ttl: '5m' }, revocation: { onStoreError: 'allow', timeout: '20ms' } });
    });
    afterAll(() => open.close());
    beforeEach(async () => {
      open.switched.mood = 'well';
      clock.advance('1s');
      brief = (await open.signIn()).accessToken;
      await open.fetch('/me', bearer(brief));
    });

    it('an access token that expires soon is accepted, and each one is reported', async () => {
      open.events.length = 0;
      open.switched.mood = 'broken';
      expect((await open.fetch('/me', bearer(brief))).status).toBe(200);
      expect(open.events.map(({ type }) => type)).toContain('revocation_unchecked');
    });

    it('a refresh is refused nevertheless', async () => {
      const { refreshToken } = await open.signIn();
      open.switched.mood = 'broken';
      await expectUnavailable(open.post('/auth/token/refresh', { refresh_token: refreshToken }));
    });

    it('after ten minutes no token is accepted any more', async () => {
      open.switched.mood = 'broken';
      await open.fetch('/me', bearer(brief));
      clock.advance('10m');
      const younger = await open.tokens.issueForClient('robot').catch(() => undefined);
      expect(younger).toBeDefined();
      await expectUnavailable(open.fetch('/me', bearer(younger?.accessToken ?? '')));
    });

    it('what was revoked is refused again as soon as the store answers', async () => {
      await open.post('/auth/token/revoke', { token: brief });
      open.switched.mood = 'broken';
      expect((await open.fetch('/me', bearer(brief))).status).toBe(200);
      open.switched.mood = 'well';
      clock.advance('1s');
      expect((await open.fetch('/me', bearer(brief))).status).toBe(401);
    });
  });
});

describe.each(ADAPTERS)('cookies and sessions while stores fail, on %s', (adapter) => {
  const clock = new FixedClock();
  const switched = new SwitchedStores();
  let app: RecordingApp;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, {
      revocation: { timeout: '20ms' },
      structure: { stores: switched.recipe(), clock },
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    switched.mood = 'well';
    clock.advance('1s');
    await app.fetch('/me', { headers: { authorization: `Bearer ${(await app.signIn()).accessToken}` } });
  });

  it.each(['broken', 'silent'] as const)(
    'no cookie is cleared while the store is %s, and requests succeed afterwards',
    async (mood) => {
      const jar = await signedInBrowser(app);
      const before = [...jar.cookies.keys()].sort();
      switched.mood = mood;
      await expectUnavailable(jar.send('/me'));
      const csrf = { 'x-csrf-token': await jar.csrfToken() };
      for (const path of ['/auth/cookie/refresh', '/auth/cookie/logout'])
        await expectUnavailable(jar.send(path, { method: 'POST', headers: csrf }));
      expect([...jar.cookies.keys()].sort()).toEqual(before);
      switched.mood = 'well';
      clock.advance('1s');
      expect((await jar.send('/me')).status).toBe(200);
      expect((await jar.post('/auth/cookie/refresh')).status).toBe(204);
      expect((await jar.post('/auth/cookie/logout')).status).toBe(204);
      expect((await jar.send('/me')).status).toBe(401);
    },
  );

  it.each(['cookie', 'session'])('a sign-in by %s that cannot be stored sets no credential', async (way) => {
    const jar = new CookieJar(app);
    const csrf = { 'x-csrf-token': await jar.csrfToken() };
    switched.mood = 'broken';
    const body = CREDENTIALS;
    await expectUnavailable(jar.send(`/auth/${way}/login`, { method: 'POST', headers: csrf, body }));
    expect([...jar.cookies.keys()].filter((name) => !name.endsWith('csrf'))).toEqual([]);
  });

  it('three hundred anonymous requests for a CSRF token write nothing into any store', async () => {
    const asked = switched.asked.length;
    const answers = Array.from({ length: 300 }, () => app.fetch('/auth/csrf'));
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(switched.asked).toHaveLength(asked);
  });

  it('repeated sign-ins and sign-outs leave no entries once they have expired', async () => {
    for (let at = 0; at < 30; at += 1) {
      const { refreshToken } = await app.signIn();
      await app.tokens.revoke(refreshToken);
    }
    const count = async () =>
      (await switched.kept?.revocations.list({ now: clock.nowSeconds(), limit: 1_000 }))?.length ?? 0;
    expect(await count()).toBeGreaterThanOrEqual(30);
    clock.advance('31d');
    expect(await count()).toBe(0);
    expect(await switched.kept?.revocations.prune(clock.nowSeconds())).toBeGreaterThanOrEqual(30);
  });
});
