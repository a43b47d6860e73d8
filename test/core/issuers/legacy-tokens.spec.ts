// Live tokens of systems that are being replaced: no issuer, numeric ids, one secret for all kinds of token.
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { AuthModule, TokenService, type AuthModuleOptions, type Verified } from 'nestjs-latchkey';
import { ExternalUserSource, legacyTokens, type LegacyTokensOptions } from 'nestjs-latchkey/issuers';
import { onAuthEvent } from 'nestjs-latchkey/events';
import { Controller, Get } from '@nestjs/common';
import { SILENT } from '../../support/applications.js';
import { ManualClock } from '../../support/clocks.js';

const SECRET = randomBytes(32).toString('base64url');
const BEFORE = 'urn:example:before';
const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

@Injectable()
class OwnUsers extends ExternalUserSource<{ id: string }> {
  resolve({ subject }: Verified) {
    return Promise.resolve(subject.issuer === BEFORE && subject.id === '42' ? { id: 'ada' } : undefined);
  }
  describe({ id }: { id: string }) {
    return { id, active: true };
  }
}

@Controller('me')
class MeController {
  @Get() me() {
    return {};
  }
}

const legacy = (options: Partial<LegacyTokensOptions> = {}) =>
  legacyTokens({
    issuer: BEFORE,
    keys: { secret: SECRET, alg: 'HS256' },
    audience: false,
    subject: 'user_id',
    maxLifetime: '5m',
    until: '2100-01-01',
    ...options,
  });

async function start(trust: AuthModuleOptions['trust'], clock = new ManualClock()) {
  const auth = AuthModule.forRoot({
    issuer: 'https://auth.example',
    audience: 'example',
    ...(trust !== undefined && { trust }),
    externalUsers: OwnUsers,
    clock,
  });
  const built = await Test.createTestingModule({
    imports: [auth],
    controllers: [MeController],
    providers: [OwnUsers],
  })
    .setLogger(SILENT)
    .compile();
  const app = built.createNestApplication();
  running.push(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    tokens: app.get(TokenService),
    codeOf: async (token: string) => {
      const answer = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
      return answer.status === 200 ? 200 : ((await answer.json()) as { errorCode: string }).errorCode;
    },
  };
}

/** Signed by node:crypto alone. */
function signed(claims: object, { header = {}, secret = SECRET }: { header?: object; secret?: string } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const simplejwt = ({ seconds }: ManualClock, more: object = {}) => ({
  token_type: 'access',
  exp: seconds + 300,
  iat: seconds,
  jti: '0e2f3b4c5d6e7f80',
  user_id: 42,
  ...more,
});

describe('live tokens of', () => {
  it('djangorestframework-simplejwt are of our own users', async () => {
    const clock = new ManualClock();
    const { codeOf } = await start([legacy()], clock);
    expect(await codeOf(signed(simplejwt(clock)))).toBe(200);
    expect(await codeOf(signed(simplejwt(clock, { user_id: '42' })))).toBe(200);
    expect(await codeOf(signed(simplejwt(clock, { user_id: 7 })))).toBe('token_invalid');
    for (const wrong of [{ user_id: 4.2 }, { user_id: [42] }, { user_id: true }, { user_id: null, sub: '42' }])
      expect([wrong, await codeOf(signed(simplejwt(clock, wrong)))]).not.toEqual([wrong, 200]);
  });

  it('django-modern-rest are, by a subject that is a number as text', async () => {
    const clock = new ManualClock();
    const { codeOf } = await start([legacy({ subject: 'sub', claimEquals: { 'extras.type': 'access' } })], clock);
    const { seconds } = clock;
    const claims = { exp: seconds + 300, iat: seconds, sub: '42', jti: 'a', extras: { type: 'access' } };
    expect(await codeOf(signed(claims))).toBe(200);
    expect(await codeOf(signed({ ...claims, extras: { type: 'refresh' } }))).toBe('invalid_claims');
  });

  it('@nestjs/jwt are', async () => {
    const clock = new ManualClock();
    const { codeOf } = await start([legacy({ subject: 'sub' })], clock);
    const token = new JwtService({ secret: SECRET }).sign({ sub: 42, iat: clock.seconds, exp: clock.seconds + 300 });
    expect(await codeOf(token)).toBe(200);
  });
});

describe('what is refused all the same', () => {
  it('is a token after the end of the transition, also one that was accepted before', async () => {
    const clock = new ManualClock();
    const until = new Date((clock.seconds + 60) * 1000);
    const { codeOf } = await start([legacy({ until })], clock);
    const token = signed(simplejwt(clock));
    expect(await codeOf(token)).toBe(200);
    clock.advance(60);
    expect(await codeOf(token)).toBe('invalid_issuer');
  });

  it('is every token that is not an access token of that system', async () => {
    const clock = new ManualClock();
    const { codeOf, tokens } = await start([legacy()], clock);
    const good = simplejwt(clock);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${signed(good).split('.')[1]}.`;
    const tries: [string, string][] = [
      ['a refresh token', signed({ ...good, token_type: 'refresh' })],
      ['one that lives too long', signed({ ...good, exp: good.iat + 86_400 })],
      ['another secret', signed(good, { secret: randomBytes(32).toString('base64url') })],
      ['no signature', none],
      ['the name of the entry as issuer', signed({ ...good, iss: BEFORE })],
      ['our own name as issuer', signed({ ...good, iss: 'https://auth.example' })],
      ['our own type', signed(good, { header: { typ: 'at+jwt' } })],
      ['expired', signed({ ...good, iat: good.iat - 600, exp: good.iat - 300 })],
    ];
    for (const [name, token] of tries) expect([name, await codeOf(token)]).not.toEqual([name, 200]);
    await expect(tokens.refresh(signed(good))).rejects.toMatchObject({ name: 'AuthError' });
  });

  it('is a token without an issuer if no entry is for them', async () => {
    const clock = new ManualClock();
    const { codeOf } = await start([legacy({ hasIssuer: true })], clock);
    expect(await codeOf(signed(simplejwt(clock)))).toBe('missing_claim');
    expect(await codeOf(signed(simplejwt(clock, { iss: BEFORE })))).toBe(200);
  });
});

it('is counted by the events, under its own issuer', async () => {
  const clock = new ManualClock();
  const { codeOf } = await start([legacy()], clock);
  const seen: unknown[] = [];
  const stop = onAuthEvent((event) => void (event.type === 'attempt' && seen.push([event.outcome, event.issuer])));
  await codeOf(signed(simplejwt(clock)));
  stop();
  expect(seen).toEqual([['success', BEFORE]]);
});

describe('the entry', () => {
  it.each([
    [{ until: undefined as never }, /until/],
    [{ until: undefined as never, hasIssuer: true }, /until/],
    [{ until: 'soon' }, /until/],
    [{ until: new Date(Number.NaN) }, /until/],
  ])('is refused at the start: %p', async (options, message) => {
    await expect(start([legacy(options)])).rejects.toThrow(message);
  });

  it('is refused beside another one for tokens without an issuer', async () => {
    await expect(start([legacy(), legacy({ issuer: 'urn:example:older' })])).rejects.toThrow(/withoutIssuer/);
  });
});
