// Attacks on host sessions.
import expressSession from 'express-session';
import fastifySession from '@fastify/session';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LoginService } from 'nestjs-latchkey';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { ISSUER, PASSWORD, People, SESSION_COOKIE, startBrowserApp } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import type { RecordingApp } from '../support/recording-app.js';
import { startRecordingBrowserApp } from '../support/recording-browser-app.js';
import type { RunningApplication } from '../support/applications.js';

const credentials = (username: string) => ({ username, password: PASSWORD });

/** The framework's own store, in which a test can count, look and pull the plug. */
function storeOf(adapter: AdapterName) {
  // The two stores share their methods; their types do not.
  const Memory = (adapter === 'express'
    ? expressSession.MemoryStore
    : fastifySession.MemoryStore) as unknown as new () => {
    get(id: string, done: (error: unknown, session?: unknown) => void): void;
    set(id: string, session: unknown, done?: (error?: unknown) => void): void;
    destroy(id: string, done?: (error?: unknown) => void): void;
  };
  return new (class extends Memory {
    readonly ids = new Set<string>();
    destroyed = 0;
    broken = false;
    override set(id: string, session: unknown, done: (error?: unknown) => void = () => {}): void {
      if (this.broken) return done(new Error('connect ECONNREFUSED 10.0.0.9:6379'));
      this.ids.add(id);
      super.set(id, session, done);
    }
    override destroy(id: string, done: (error?: unknown) => void = () => {}): void {
      this.destroyed += 1;
      this.ids.delete(id);
      super.destroy(id, done);
    }
  })();
}

/** The id in a signed session cookie: `s:id.signature` on Express, `id.signature` on Fastify. */
function idIn(cookie: string | undefined): string {
  const text = decodeURIComponent(cookie ?? '').replace(/^s:/, '');
  return text.slice(0, text.lastIndexOf('.'));
}

describe.each(ADAPTERS)('sessions on %s', (adapter) => {
  let app: RecordingApp;
  let store: ReturnType<typeof storeOf>;
  beforeAll(async () => {
    store = storeOf(adapter);
    app = await startRecordingBrowserApp(adapter, { sessionStore: store });
  });
  afterAll(() => app.close());

  async function signedIn(username = 'ada'): Promise<CookieJar> {
    const jar = new CookieJar(app);
    expect((await jar.post('/auth/session/login', credentials(username))).status).toBe(204);
    return jar;
  }

  const devicesOf = async (id: string) =>
    (await app.app.get(LoginService).list({ issuer: ISSUER, id })).map((device) => device.id);

  it('never adopts a session id that a client chose', async () => {
    const before = store.ids.size;
    const jar = new CookieJar(app);
    jar.plant(SESSION_COOKIE, 'chosen-by-an-attacker');
    expect((await jar.post('/auth/session/login', credentials('ada'))).status).toBe(204);
    expect(idIn(jar.value(SESSION_COOKIE))).not.toContain('chosen');
    expect(store.ids.size).toBe(before + 1);
    expect([...store.ids].some((id) => id.includes('chosen'))).toBe(false);
  });

  it('gives an existing session a new id at sign-in, and ends the old one', async () => {
    const jar = await signedIn('ada');
    const old = jar.copy();
    expect((await jar.post('/auth/session/login', credentials('ada'))).status).toBe(204);
    expect(jar.value(SESSION_COOKIE)).not.toBe(old.value(SESSION_COOKIE));
    expect(store.ids.has(idIn(old.value(SESSION_COOKIE)))).toBe(false);
  });

  it('keeps nothing of the previous user', async () => {
    const jar = await signedIn('ada');
    const [before] = await devicesOf('ada');
    const token = await jar.csrfToken();
    expect((await jar.post('/auth/session/login', credentials('grace'))).status).toBe(204);
    expect(await devicesOf('ada')).not.toContain(before);
    const stale = await jar.send('/auth/session/logout', { method: 'POST', headers: { 'x-csrf-token': token } });
    expect([stale.status, await stale.json()]).toEqual([
      403,
      expect.objectContaining({ errorCode: 'csrf_token_invalid' }),
    ]);
  });

  it('reads a session id only from its cookie', async () => {
    const jar = await signedIn('ada');
    const value = jar.value(SESSION_COOKIE) ?? '';
    const stranger = new CookieJar(app);
    const headers = { 'x-session': value, authorization: `Session ${value}` };
    const answer = await stranger.send(`/me/echo/x?${SESSION_COOKIE}=${encodeURIComponent(value)}`, { headers });
    expect(answer.status).toBe(401);
  });

  it('signs out without a session to sign out of', async () => {
    const jar = await signedIn('ada');
    expect((await jar.post('/auth/session/logout')).status).toBe(204);
    expect((await jar.post('/auth/session/logout')).status).toBe(204);
    expect((await new CookieJar(app).post('/auth/session/logout')).status).toBe(204);
    expect((await new CookieJar(app).post('/auth/cookie/logout')).status).toBe(204);
  });

  it('creates no shared session for two parallel sign-ins', async () => {
    const anonymous = new CookieJar(app);
    const token = await anonymous.csrfToken();
    const login = (jar: CookieJar, username: string) =>
      jar.send('/auth/session/login', {
        method: 'POST',
        body: credentials(username),
        headers: { 'x-csrf-token': token },
      });
    const [one, other] = [anonymous.copy(), anonymous.copy()];
    const answers = await Promise.all([login(one, 'ada'), login(other, 'grace')]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(one.value(SESSION_COOKIE)).not.toBe(other.value(SESSION_COOKIE));
  });

  it('ignores a forged or truncated cookie, and ends no stored session because of it', async () => {
    const jar = await signedIn('ada');
    const value = jar.value(SESSION_COOKIE) ?? '';
    const destroyed = store.destroyed;
    for (const forged of [
      `${value.slice(0, -3)}AAA`,
      value.slice(0, -10),
      idIn(value),
      `s%3A${idIn(value)}.x`,
      '%E0%A4%A',
    ]) {
      const thief = new CookieJar(app);
      thief.plant(SESSION_COOKIE, forged);
      expect((await thief.send('/auth/csrf')).status).toBe(200);
      expect((await thief.send('/me')).status).toBe(401);
    }
    expect([store.destroyed, store.ids.has(idIn(value))]).toEqual([destroyed, true]);
  });

  it('refuses sign-ins while the session store is down, sets no cookie, and lists no device', async () => {
    const devices = await devicesOf('grace');
    const jar = new CookieJar(app);
    await jar.csrfToken();
    store.broken = true;
    const answer = await jar.post('/auth/session/login', credentials('grace'));
    store.broken = false;
    const set = answer.headers.getSetCookie().filter((line) => line.startsWith(`${SESSION_COOKIE}=`));
    expect([answer.status, answer.headers.get('retry-after'), set]).toEqual([503, '1', []]);
    expect(await devicesOf('grace')).toEqual(devices);
    expect((await jar.post('/auth/session/login', credentials('grace'))).status).toBe(204);
  });
});

describe.each(ADAPTERS)('the lifetime of a session on %s', (adapter) => {
  let running: RunningApplication;
  const clock = new FixedClock();
  beforeAll(async () => {
    running = await startBrowserApp(adapter, { refresh: { idle: '2h', absolute: '3h' }, structure: { clock } });
  });
  afterAll(() => running.close());

  it('ends at its absolute limit, however often it is used and however the clock changes', async () => {
    const jar = new CookieJar(running);
    await jar.post('/auth/session/login', credentials('ada'));
    for (let used = 0; used < 179; used += 1) {
      clock.advance('1m');
      if (used % 20 === 0) expect((await jar.send('/account/session')).status).toBe(200);
    }
    clock.advance('1m');
    expect((await jar.send('/account/session')).status).toBe(401);
  });

  it('ends while the user is inactive, and is valid again afterwards', async () => {
    const jar = new CookieJar(running);
    await jar.post('/auth/session/login', credentials('bob'));
    const people = running.app.get(People, { strict: false });
    people.of('bob').active = false;
    const answer = await jar.send('/account/session');
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([401, 'token_invalid']);
    people.of('bob').active = true;
    expect((await jar.send('/account/session')).status).toBe(200);
  });
});
