// A revoked credential stays revoked on every path and in every spelling.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BlocklistService, LoginService, memoryStores, SessionOrJwtGuard, type TokenPair } from 'nestjs-latchkey';
import { BlocklistStore, type Stores, type StoresFactory } from 'nestjs-latchkey/stores';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
} from 'nestjs-latchkey/controllers';
import { FixedClock } from 'nestjs-latchkey/testing';
import { generateKeyPairSync } from 'node:crypto';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { signedInBrowser, startRecordingBrowserApp } from '../support/recording-browser-app.js';

const ADA = { issuer: ISSUER, id: 'ada' };
/** The order of P-256 (FIPS 186-5). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const AGE = 15 * 60;

const payloadOf = (token: string): { readonly jti: string; readonly sid: string; readonly exp: number } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** The same ES256 signature in its other spelling: (r, n - s). */
function respelled(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex');
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url')}`;
}

describe.each(ADAPTERS)('revocation on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  let pair: TokenPair;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { structure: { clock } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    pair = await app.signIn();
  });

  const me = (token: string) => app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });
  const revoke = (members: object) => app.post('/auth/token/revoke', members);
  const expectDead = async (token: string): Promise<void> => {
    const answer = await expectRefusal(app, () => me(token), { secrets: [token] });
    expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
    const refusal = app.events.findLast((event) => event.type === 'attempt' && event.outcome === 'rejected');
    expect(refusal).toMatchObject({ code: 'token_revoked' });
  };

  it('a revoked token is refused in the next request; another token of the user is not', async () => {
    const sister = await app.signIn();
    expect((await me(pair.accessToken)).status).toBe(200);
    await revoke({ token: pair.accessToken });
    await expectDead(pair.accessToken);
    expect((await me(sister.accessToken)).status).toBe(200);
  });

  it('a revoked token is refused with the other spelling of its signature, which was valid before', async () => {
    const other = respelled(pair.accessToken);
    expect((await me(other)).status).toBe(200);
    await revoke({ token: pair.accessToken });
    await expectDead(other);
  });

  it('revoking the token with the other spelling of its signature revokes it', async () => {
    await revoke({ token: respelled(pair.accessToken) });
    await expectDead(pair.accessToken);
  });

  it.each(['=', '==', 'A', ' '])('a revoked token with %j behind it is refused', async (end) => {
    await revoke({ token: pair.accessToken });
    expect((await me(`${pair.accessToken}${end}`)).status).toBe(401);
  });

  it('the id of another token, alone or in a token of the attacker, revokes nothing', async () => {
    const { jti, sid } = payloadOf(pair.accessToken);
    const [header, , signature] = (await app.signIn('grace')).accessToken.split('.');
    const claims = { iss: ISSUER, sub: 'ada', aud: 'accounts', jti, sid, iat: 1, exp: payloadOf(pair.accessToken).exp };
    const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    for (const token of [forged, jti, sid]) expect((await revoke({ token })).status).toBe(200);
    expect((await me(pair.accessToken)).status).toBe(200);
  });

  it.each(['refresh_token', 'nonsense', '', 'access_token'])('the hint %j changes nothing', async (hint) => {
    expect((await revoke({ token: pair.accessToken, token_type_hint: hint })).status).toBe(200);
    await expectDead(pair.accessToken);
  });

  it('revoking a refresh token ends the login with all its access tokens, and no other login', async () => {
    const other = await app.signIn();
    const next = await app.tokens.refresh(pair.refreshToken);
    await revoke({ token: next.refreshToken });
    for (const token of [pair.accessToken, next.accessToken]) await expectDead(token);
    expect((await me(other.accessToken)).status).toBe(200);
  });

  it('an entry is kept longer than its token by the clock tolerance', async () => {
    await revoke({ token: pair.accessToken });
    const entries = await app.app.get(BlocklistStore).list({ now: clock.nowSeconds(), limit: 1_000 });
    const { jti, exp } = payloadOf(pair.accessToken);
    expect(entries.find(({ id }) => id === jti)?.expiresAt).toBe(exp + 5 + 1);
  });

  it('a revoked token is refused at every second until it is refused as expired', async () => {
    await revoke({ token: pair.accessToken });
    clock.advance(AGE - 1);
    for (let second = -1; second <= 7; second += 1) {
      await app.app.get(BlocklistService).prune();
      expect((await me(pair.accessToken)).status).toBe(401);
      clock.advance(1);
    }
  });

  it('a removed role is gone in the next request, although the token names it', async () => {
    const grace = await app.signIn('grace');
    const before = await app.tokens.verify(grace.accessToken, { kind: 'access' });
    Object.assign(app.people.of('grace'), { roles: [] });
    const after = await app.tokens.verify(grace.accessToken, { kind: 'access' });
    Object.assign(app.people.of('grace'), { roles: ['staff'] });
    expect([before.roles, after.roles]).toEqual([['staff'], []]);
  });

  it('of fifty requests around a revocation, none that starts after its response is accepted', async () => {
    const before = Array.from({ length: 50 }, () => me(pair.accessToken));
    await revoke({ token: pair.accessToken });
    const after = await Promise.all(Array.from({ length: 50 }, () => me(pair.accessToken)));
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]));
    for (const answer of await Promise.all(before)) expect([200, 401]).toContain(answer.status);
  });
});

describe.each(ADAPTERS)('revocation in two processes on %s', (adapter) => {
  it('what one process revoked is refused by the other in the next request', async () => {
    let shared: Stores | undefined;
    const stores: StoresFactory = {
      useFactory: async () => (shared ??= await memoryStores().useFactory(new FixedClock())),
    };
    const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const options = { keys, structure: { stores, clock: new FixedClock() } };
    const [one, other] = [await startRecordingApp(adapter, options), await startRecordingApp(adapter, options)];
    const { accessToken } = await one.signIn();
    const me = () => other.fetch('/me', { headers: { authorization: `Bearer ${accessToken}` } });
    expect((await me()).status).toBe(200);
    await one.post('/auth/token/revoke', { token: accessToken });
    expect((await me()).status).toBe(401);
    await one.close();
    await other.close();
  });
});

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const accepted = async (sent: Promise<Response>): Promise<boolean> => (await sent).ok;

/** Every credential of a user after signing in by token, by cookie and by session. */
interface Held {
  readonly token: TokenPair;
  readonly cookie: CookieJar;
  readonly session: CookieJar;
}

describe.each(ADAPTERS)('every path checks the blocklist, on %s', (adapter) => {
  let app: RecordingApp;
  let staff: string;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter, {
      structure: {
        controllers: [
          tokenController(),
          cookieController(),
          csrfController(),
          sessionController(),
          devicesController({ guard: SessionOrJwtGuard }),
        ],
      },
    });
    staff = (await app.signIn('grace')).accessToken;
  });
  afterAll(() => app.close());

  async function signedIn(): Promise<Held> {
    const session = new CookieJar(app);
    await session.post('/auth/session/login', { username: 'ada', password: PASSWORD });
    return { token: await app.signIn(), cookie: await signedInBrowser(app), session };
  }

  const active = async (token: string): Promise<boolean> => {
    const answer = await app.post('/auth/token/introspect', { token }, bearer(staff).headers);
    return ((await answer.json()) as { active: boolean }).active;
  };

  const paths: readonly (readonly [string, (held: Held) => Promise<boolean>])[] = [
    ['guard, header', ({ token }) => accepted(app.fetch('/me', bearer(token.accessToken)))],
    ['guard, cookie', ({ cookie }) => accepted(cookie.send('/me'))],
    ['guard, host session', ({ session }) => accepted(session.send('/auth/devices'))],
    ['verify', ({ token }) => accepted(app.post('/auth/token/verify', { token: token.accessToken }))],
    ['introspection, access', ({ token }) => active(token.accessToken)],
    ['introspection, refresh', ({ token }) => active(token.refreshToken)],
    ['refresh, token', ({ token }) => accepted(app.post('/auth/token/refresh', { refresh_token: token.refreshToken }))],
    ['refresh, cookie', ({ cookie }) => accepted(cookie.post('/auth/cookie/refresh'))],
  ];

  it('accepts what was not revoked', async () => {
    const held = await signedIn();
    for (const [path, accepts] of paths) expect([path, await accepts(held)]).toEqual([path, true]);
  });

  const ends: readonly (readonly [string, (held: Held) => Promise<unknown>])[] = [
    ['everywhere', () => app.app.get(LoginService).endAll(ADA)],
    ['by subject (not before)', () => app.app.get(BlocklistService).revokeSubject(ADA)],
    [
      'by device, each',
      async () => {
        for (const { id } of await app.app.get(LoginService).list(ADA)) await app.app.get(LoginService).end(ADA, id);
      },
    ],
  ];

  it.each(ends)('refuses what was revoked %s', async (_, end) => {
    const held = await signedIn();
    await end(held);
    for (const [path, accepts] of paths) expect([path, await accepts(held)]).toEqual([path, false]);
  });

  it('refuses a token that was revoked by its id in guard, verify and introspection; its login stays active', async () => {
    const held = await signedIn();
    await app.post('/auth/token/revoke', { token: held.token.accessToken });
    const refused = ['guard, header', 'verify', 'introspection, access'];
    for (const [path, accepts] of paths) expect([path, await accepts(held)]).toEqual([path, !refused.includes(path)]);
  });
});
