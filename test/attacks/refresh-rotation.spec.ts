// Attacks on refresh-token rotation, and its races. See test/typeorm and test/redis for what only a real store can get wrong.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginService, type TokenPair } from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { LoginStore } from 'nestjs-latchkey/stores';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { REFRESH, signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { readAnswer } from '../support/raw-http.js';

interface Answer {
  readonly access_token: string;
  readonly refresh_token: string;
}

const payloadOf = (
  token: string,
): { readonly jti: string; readonly iat: number; readonly roles?: string[]; readonly scope?: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe.each(ADAPTERS)('refresh tokens on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  let pair: TokenPair;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { structure: { clock } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    Object.assign(app.people.of('ada'), { active: true, roles: [] });
    pair = await app.signIn();
  });

  const present = (token: unknown) => app.post('/auth/token/refresh', { refresh_token: token });
  const refreshed = async (token: string): Promise<Answer> => {
    const answer = await present(token);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Answer;
  };
  const refused = (token: unknown) => expectRefusal(app, () => present(token), { byController: true, mayLookUp: true });
  const me = (token: string) => app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });
  const liveJti = async () => (await app.app.get(LoginStore).find(ISSUER, pair.sid))?.currentJti;
  const expectAllDead = async (tokens: readonly Answer[]): Promise<void> => {
    for (const { access_token, refresh_token } of tokens) {
      expect((await me(access_token)).status).toBe(401);
      expect((await present(refresh_token)).status).toBe(401);
    }
  };

  it('a live token is replaced by a new pair, whose refresh token is then the live one', async () => {
    const next = await refreshed(pair.refreshToken);
    expect(payloadOf(next.refresh_token).jti).toBe(await liveJti());
    expect(payloadOf(next.refresh_token).jti).not.toBe(payloadOf(pair.refreshToken).jti);
    expect((await me(next.access_token)).status).toBe(200);
  });

  it('the token just replaced gets the same successor a hundred times within the grace', async () => {
    const { refresh_token } = await refreshed(pair.refreshToken);
    const again = await Promise.all(Array.from({ length: 100 }, () => refreshed(pair.refreshToken)));
    expect(new Set(again.map((answer) => payloadOf(answer.refresh_token).jti))).toEqual(
      new Set([payloadOf(refresh_token).jti]),
    );
    expect(await liveJti()).toBe(payloadOf(refresh_token).jti);
  });

  it('after the grace an old token ends the login for thief and victim alike, with an alarm', async () => {
    const next = await refreshed(pair.refreshToken);
    clock.advance('10s');
    app.events.length = 0;
    const answer = await refused(pair.refreshToken);
    expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
    expect(app.events.map(({ type }) => type)).toContain('refresh_reused');
    await expectAllDead([next]);
  });

  it('one millisecond before its end the grace still holds', async () => {
    await refreshed(pair.refreshToken);
    clock.set(new Date(clock.nowMs() + 9_999));
    await refreshed(pair.refreshToken);
  });

  it('eight parallel refreshes with the live token get one successor', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => refreshed(pair.refreshToken)));
    const successors = new Set(answers.map(({ refresh_token }) => payloadOf(refresh_token).jti));
    expect([...successors]).toEqual([await liveJti()]);
  });

  it('a refresh in parallel with a sign-out leaves no valid token once both have answered', async () => {
    for (let round = 0; round < 50; round += 1) {
      const { refreshToken } = await app.signIn();
      const [answer] = await Promise.all([
        present(refreshToken),
        app.post('/auth/token/revoke', { token: refreshToken }),
      ]);
      if (answer.status === 200) await expectAllDead([(await answer.json()) as Answer]);
      expect((await present(refreshToken)).status).toBe(401);
    }
  });

  it('a refresh in parallel with a sign-out everywhere leaves no valid token once both have answered', async () => {
    for (let round = 0; round < 50; round += 1) {
      const { refreshToken } = await app.signIn();
      const everywhere = app.app.get(LoginService).endAll({ issuer: ISSUER, id: 'ada' });
      const [answer] = await Promise.all([present(refreshToken), everywhere]);
      if (answer.status === 200) await expectAllDead([(await answer.json()) as Answer]);
    }
  });

  it('a refresh in parallel with disabling its user leaves no valid token', async () => {
    const sent = present(pair.refreshToken);
    app.people.of('ada').active = false;
    const answer = await sent;
    const made = answer.status === 200 ? ((await answer.json()) as Answer) : undefined;
    expect((await me(made?.access_token ?? pair.accessToken)).status).toBe(401);
    expect((await present(made?.refresh_token ?? pair.refreshToken)).status).toBe(401);
  });

  it('a user who was disabled and enabled again does not get the login back after a refused refresh', async () => {
    app.people.of('ada').active = false;
    expect((await present(pair.refreshToken)).status).toBe(401);
    app.people.of('ada').active = true;
    await refused(pair.refreshToken);
  });

  it('a token of a login that the store does not know is refused, and no other login changes', async () => {
    const other = await app.signIn();
    await app.app.get(LoginStore).end(ISSUER, pair.sid);
    expect(codeOf(await refused(pair.refreshToken))).toBe('refresh_unknown');
    await refreshed(other.refreshToken);
  });

  it.each([[null], [{}], [7], [true], ['']])('%j instead of a token is refused', async (token) => {
    expect([400, 401]).toContain((await refused(token)).status);
    await refreshed(pair.refreshToken);
  });

  it('a list of tokens is refused, and its first token is not used', async () => {
    expect((await refused([pair.refreshToken, pair.refreshToken])).status).toBe(400);
    expect(await liveJti()).toBe(payloadOf(pair.refreshToken).jti);
  });

  it('a scope that was not granted cannot be requested in the body', async () => {
    for (const scope of ['read admin', 'admin', '*']) {
      const { refreshToken } = await app.signIn();
      const answer = await app.post('/auth/token/refresh', { refresh_token: refreshToken, scope, scopes: [scope] });
      const { access_token } = (await answer.json()) as Partial<Answer>;
      const granted = access_token === undefined ? [] : payloadOf(access_token).scope?.split(' ');
      expect([[], ['read']]).toContainEqual(granted);
    }
  });

  it('changed roles are in the next access token', async () => {
    Object.assign(app.people.of('ada'), { roles: ['staff'] });
    const { access_token } = await refreshed(pair.refreshToken);
    expect(payloadOf(access_token).roles).toEqual(['staff']);
  });

  it('the login ends although a listener of the alarm throws', async () => {
    const next = await refreshed(pair.refreshToken);
    clock.advance('10s');
    const stop = onAuthEvent((event) => {
      if (event.type === 'refresh_reused') throw new Error('the listener fails');
    });
    await refused(pair.refreshToken);
    stop();
    await expectAllDead([next]);
  });

  it('a token that was replaced long ago raises the alarm also after pruning', async () => {
    const next = await refreshed(pair.refreshToken);
    clock.advance('1d');
    await app.app.get(LoginService).prune();
    app.events.length = 0;
    await refused(pair.refreshToken);
    expect(app.events.map(({ type }) => type)).toContain('refresh_reused');
    await expectAllDead([next]);
  });

  it('twenty rotations within one millisecond give twenty ids', async () => {
    const ids = new Set<string>();
    let { refreshToken } = pair;
    for (let at = 0; at < 20; at += 1) {
      refreshToken = (await refreshed(refreshToken)).refresh_token;
      ids.add(payloadOf(refreshToken).jti);
    }
    expect(ids.size).toBe(20);
  });
});

describe.each(ADAPTERS)('refresh tokens without a grace on %s', (adapter) => {
  it('the second use of a token ends the login; the first does not', async () => {
    const app = await startRecordingApp(adapter, { refresh: { grace: 0 } });
    const { refreshToken } = await app.signIn();
    const answer = await app.post('/auth/token/refresh', { refresh_token: refreshToken });
    expect(answer.status).toBe(200);
    expect((await app.post('/auth/token/refresh', { refresh_token: refreshToken })).status).toBe(401);
    const { refresh_token } = (await answer.json()) as Answer;
    expect((await app.post('/auth/token/refresh', { refresh_token })).status).toBe(401);
    await app.close();
  });
});

const refresh = (jar: CookieJar) => jar.post('/auth/cookie/refresh');
const isSignedIn = async (jar: CookieJar) => (await jar.send('/me')).status === 200;

describe.each(ADAPTERS)('refresh cookies on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, { structure: { clock } });
  });
  afterAll(() => app.close());

  it('two tabs that refresh in the same second both stay signed in, with one live token', async () => {
    for (let round = 0; round < 20; round += 1) {
      const tab = await signedInBrowser(app);
      const other = tab.copy();
      const answers = await Promise.all([refresh(tab), refresh(other)]);
      expect(answers.map(({ status }) => status)).toEqual([204, 204]);
      expect(payloadOf(tab.value(REFRESH) ?? '').jti).toBe(payloadOf(other.value(REFRESH) ?? '').jti);
      expect([await isSignedIn(tab), await isSignedIn(other)]).toEqual([true, true]);
      expect((await refresh(other)).status).toBe(204);
    }
  });

  it('a tab with a slow request stays signed in, however often the other tabs refreshed since', async () => {
    const jar = await signedInBrowser(app);
    const [slow, slower] = [jar.copy(), jar.copy()];
    for (let at = 0; at < 6; at += 1) {
      clock.advance('1s');
      expect((await refresh(jar)).status).toBe(204);
      if (at === 2) slower.plant(REFRESH, jar.value(REFRESH) ?? '', '/auth/cookie');
    }
    for (const tab of [slow, slower, slow.copy()]) {
      expect((await refresh(tab)).status).toBe(204);
      expect(payloadOf(tab.value(REFRESH) ?? '').jti).toBe(payloadOf(jar.value(REFRESH) ?? '').jti);
      expect(await isSignedIn(tab)).toBe(true);
    }
    expect((await refresh(slow)).status).toBe(204);
  });

  it('a token replaced before the grace ends the login, also if later tokens are still within it', async () => {
    const jar = await signedInBrowser(app);
    const thief = jar.copy();
    for (let at = 0; at < 4; at += 1) {
      expect((await refresh(jar)).status).toBe(204);
      clock.advance('4s');
    }
    const told: string[] = [];
    const stop = onAuthEvent(({ type }) => void told.push(type));
    expect((await refresh(thief)).status).toBe(401);
    stop();
    expect(told).toContain('refresh_reused');
    expect(await isSignedIn(jar)).toBe(false);
    expect((await refresh(jar)).status).toBe(401);
  });

  it('a browser that refreshes in a loop keeps its live token for the rest of the grace', async () => {
    const jar = await signedInBrowser(app);
    const first = jar.copy();
    for (let at = 0; at < 64; at += 1) expect((await refresh(jar)).status).toBe(204);
    const live = payloadOf(jar.value(REFRESH) ?? '').jti;
    const told: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void told.push(event));
    expect((await refresh(jar)).status).toBe(204);
    stop();
    expect(payloadOf(jar.value(REFRESH) ?? '').jti).toBe(live);
    expect(told).toContainEqual(expect.objectContaining({ type: 'refresh_held', subject: 'ada' }));
    expect((await refresh(first)).status).toBe(204);
    expect(payloadOf(first.value(REFRESH) ?? '').jti).toBe(live);
    clock.advance('10s');
    expect((await refresh(jar)).status).toBe(204);
    expect(payloadOf(jar.value(REFRESH) ?? '').jti).not.toBe(live);
  });

  it('a refusal while another request of the login is in flight clears no cookie', async () => {
    const jar = await signedInBrowser(app);
    const csrf = { 'x-csrf-token': await jar.csrfToken() };
    const cookie = jar.headerFor('/auth/cookie/refresh');
    const send = () => app.fetch('/auth/cookie/refresh', { method: 'POST', headers: { cookie, ...csrf } });
    const answers = await Promise.all(Array.from({ length: 8 }, send));
    for (const answer of answers) {
      expect(answer.status).toBe(204);
      expect(answer.headers.getSetCookie().filter((line) => /max-age=0/i.test(line))).toEqual([]);
    }
  });

  it('a refresh cookie of another user, set by an attacker, is refused and not consumed', async () => {
    const [ada, grace] = [await signedInBrowser(app), await signedInBrowser(app, 'grace')];
    const planted = grace.copy();
    planted.plant(REFRESH, ada.value(REFRESH) ?? '', '/auth/cookie');
    const told: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void told.push(event));
    const answer = await readAnswer(await refresh(planted));
    stop();
    expect(answer.status).toBe(403);
    expect(told).toEqual([{ type: 'refresh_refused', code: 'csrf_token_invalid' }]);
    expect((await refresh(ada)).status).toBe(204);
    expect((await refresh(grace)).status).toBe(204);
  });
});
