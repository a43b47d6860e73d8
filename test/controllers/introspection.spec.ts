import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { TokenPair } from 'nestjs-latchkey';
import type { Policy } from 'nestjs-latchkey/policies';
import { tokenController } from 'nestjs-latchkey/controllers';
import { FixedClock, TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { SwitchedStores, type StoreCall } from '../support/switched-stores.js';

const mayIntrospect: Policy = ({ principal }) => principal.subject.id === 'ada';
const NOT_LIVE = '{"active":false}';

describe.each(ADAPTERS)('introspection on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  let staff: string;
  let ada: TokenPair;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { structure: { clock } });
  });
  beforeEach(async () => {
    staff = (await app.signIn('grace')).accessToken;
    ada = await app.signIn('ada');
  });
  afterAll(() => app.close());

  const ask = (token: unknown, caller?: string): Promise<Response> =>
    app.post('/auth/token/introspect', { token }, caller === undefined ? {} : { authorization: `Bearer ${caller}` });
  const answerAbout = async (token: string): Promise<string> => (await ask(token, staff)).text();

  it('returns the claims of a live access token to staff', async () => {
    const answer = await ask(ada.accessToken, staff);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { iat, exp, jti, auth_time } = decodeJwt(ada.accessToken);
    expect(await answer.json()).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: ISSUER,
      sub: 'ada',
      aud: 'accounts',
      scope: 'read',
      client_id: ISSUER,
      auth_time,
      sid: ada.sid,
      iat,
      exp,
      jti,
    });
  });

  it('takes forms too (RFC 7662 §2.1)', async () => {
    const body = new URLSearchParams({ token: ada.accessToken, token_type_hint: 'access_token' });
    const headers = { authorization: `Bearer ${staff}` };
    const answer = await app.fetch('/auth/token/introspect', { method: 'POST', body, headers });
    expect(await answer.json()).toMatchObject({ active: true, sub: 'ada' });
  });

  it('describes a live refresh token as one', async () => {
    expect(JSON.parse(await answerAbout(ada.refreshToken))).toMatchObject({
      active: true,
      token_type: 'refresh_token',
      aud: ISSUER,
    });
  });

  it('answers "not live" and nothing else for all other tokens', async () => {
    const refused = await TokenFactory.of(app.app).refused('ada');
    // What was issued for another service is refused here as a credential, and live all the same: see below.
    const bad = refused.filter(({ errorCode }) => errorCode !== 'invalid_audience').map(({ token }) => token);
    const inactive = await TokenFactory.of(app.app).valid('lin');
    expect(bad.length).toBeGreaterThan(3);
    for (const token of [...bad, inactive, 'garbage']) {
      expect(await answerAbout(token)).toBe(NOT_LIVE);
    }
  });

  it('describes a live token that was issued for another service', async () => {
    const refused = await TokenFactory.of(app.app).refused('ada');
    const forOthers = refused.find(({ errorCode }) => errorCode === 'invalid_audience')?.token ?? '';
    expect(JSON.parse(await answerAbout(forOthers))).toMatchObject({ active: true, aud: 'another-service' });
  });

  it('answers "not live" for a refresh token that was replaced, also within the grace', async () => {
    const next = await app.tokens.refresh(ada.refreshToken);
    expect(await answerAbout(ada.refreshToken)).toBe(NOT_LIVE);
    expect(JSON.parse(await answerAbout(next.refreshToken))).toMatchObject({ active: true });
  });

  it('answers "not live" for a revoked token and for an ended login', async () => {
    await app.tokens.revoke(ada.accessToken);
    expect(await answerAbout(ada.accessToken)).toBe(NOT_LIVE);
    await app.tokens.revoke(ada.refreshToken);
    expect(await answerAbout(ada.refreshToken)).toBe(NOT_LIVE);
  });

  it('answers 503 rather than "not live" while the user source is down', async () => {
    app.people.down = true;
    const answer = await ask(ada.accessToken, staff);
    app.people.down = false;
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
  });

  it('is refused to anonymous callers', async () => {
    const answer = await expectRefusal(app, () => ask(ada.accessToken), { secrets: [ada.accessToken] });
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
  });

  it('is refused to users who are not staff', async () => {
    const send = () => ask(ada.accessToken, ada.accessToken);
    const answer = await expectRefusal(app, send, { secrets: [ada.accessToken], mayLookUp: true });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden']);
  });

  it('is open to a client with the scope, and to no other', async () => {
    const allowed = await app.tokens.issueForClient('gateway', { scopes: ['introspect'], restricted: true });
    const other = await app.tokens.issueForClient('gateway', { scopes: ['read'] });
    expect((await ask(ada.accessToken, allowed.accessToken)).status).toBe(200);
    expect((await ask(ada.accessToken, other.accessToken)).status).toBe(403);
  });

  it('names the client of a client token', async () => {
    const { accessToken } = await app.tokens.issueForClient('gateway', { scopes: ['read'] });
    expect(JSON.parse(await answerAbout(accessToken))).toMatchObject({ active: true, client_id: 'gateway' });
  });

  it.each([[{}], [{ token: ['a'] }]])('refuses the body %j', async (body) => {
    const answer = await app.post('/auth/token/introspect', body, { authorization: `Bearer ${staff}` });
    expect(answer.status).toBe(400);
  });

  it('is open to callers that the application allows', async () => {
    const own = await startRecordingApp(adapter, { structure: { controllers: [tokenController({ mayIntrospect })] } });
    const tokens = [(await own.signIn('ada')).accessToken, (await own.signIn('grace')).accessToken];
    const statuses = tokens.map(async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await own.post('/auth/token/introspect', { token }, headers)).status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 403]);
    await own.close();
  });
});

describe.each(ADAPTERS)('introspection of a refresh token on %s, with a replica of the blocklist', (adapter) => {
  const switched = new SwitchedStores();
  let app: RecordingApp;
  let staff: string;
  let ada: TokenPair;
  beforeAll(async () => {
    const structure = { stores: switched.recipe(), clock: new FixedClock() };
    app = await startRecordingApp(adapter, { revocation: { freshness: { withinMs: 60_000 } }, structure });
    staff = (await app.signIn('grace')).accessToken;
  });
  beforeEach(async () => {
    ada = await app.signIn('ada');
    await memoryAnswers();
  });
  afterEach(() => {
    Object.assign(switched, { mood: 'well', concerns: () => true });
  });
  afterAll(() => app.close());

  const ask = (): Promise<Response> =>
    app.post('/auth/token/introspect', { token: ada.refreshToken }, { authorization: `Bearer ${staff}` });

  /** So that the access token of the caller is validated without the store, and each query concerns the introspected token. */
  async function memoryAnswers(): Promise<void> {
    while (!switched.asked.includes('changesSince')) await new Promise(setImmediate);
    const asked = switched.asked.length;
    await app.tokens.verify(staff, { kind: 'access' });
    expect(switched.asked.slice(asked)).toEqual([]);
  }

  it.each(['revocations', 'logins'] as const)('answers 503, not "not live", without %s', async (store) => {
    Object.assign(switched, { mood: 'broken', concerns: (call: StoreCall) => call.store === store });
    const answer = await ask();
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
    expect(await answer.text()).not.toContain('active');
  });

  it('queries the store itself for revocations of a moment ago in another process', async () => {
    expect(await (await ask()).json()).toMatchObject({ active: true, token_type: 'refresh_token' });
    const { jti = '', iss: issuer = '', exp: expiresAt = 0, iat: revokedAt = 0 } = decodeJwt(ada.refreshToken);
    await switched.kept?.revocations.add({ kind: 'token', issuer, id: jti, revokedAt, expiresAt });
    expect(await (await ask()).text()).toBe(NOT_LIVE);
  });
});
