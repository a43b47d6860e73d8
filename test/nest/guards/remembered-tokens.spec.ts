// What is remembered about a token must never outlive what makes it good: each test warms the memory, changes one thing, and asks again.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, Req, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AuthModule,
  BlocklistService,
  CurrentPrincipal,
  JwtAuthGuard,
  LoginService,
  OptionalAuth,
  Public,
  RequireScopes,
  TokenService,
  UserSource,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type AuthUser,
  type Principal,
  type Subject,
  type UserDescription,
} from 'nestjs-latchkey';
import { KeySource, OwnKeys, type KeyRingInput } from 'nestjs-latchkey/keys';
import { FixedClock } from 'nestjs-latchkey/testing';

const ISSUER = 'http://localhost';
const AUDIENCE = 'api';
const START = '2026-06-01T12:00:00Z';
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** What the guard answered at its last call. */
const answered: { last: unknown } = { last: undefined };

/** Asks the guard of the library as a composite guard would, and sees whether it answers with a promise. */
@Injectable()
class WatchingGuard implements CanActivate {
  @Inject(JwtAuthGuard) private readonly guard!: JwtAuthGuard;

  canActivate(context: ExecutionContext) {
    answered.last = this.guard.canActivate(context);
    return answered.last as boolean | Promise<boolean>;
  }
}

@Controller()
class RoutesController {
  @Get('me') me(@CurrentPrincipal() { subject: { id } }: Principal) {
    return { id };
  }
  @Get('write') @RequireScopes('write') write() {
    return { ok: true };
  }
  @Get('optional') @OptionalAuth() optional(@CurrentPrincipal() principal: Principal | undefined) {
    return { id: principal?.subject.id ?? 'anonymous' };
  }
  @Get('watched') @Public() @UseGuards(WatchingGuard) watched() {
    return { ok: true };
  }
  /** A handler that writes on all that it is handed. */
  @Get('careless') careless(@Req() request: { user: object; auth: Principal }) {
    const { user, auth } = request;
    const seen = { user: { ...user }, expiresAt: auth.expiresAt?.getTime(), roles: [...auth.roles] };
    Reflect.set(user, 'isAdmin', true);
    Reflect.set(auth, 'roles', ['admin']);
    auth.expiresAt?.setTime(0);
    Reflect.set(request, 'user', { id: 'root' });
    return seen;
  }
}

/** Users that a test can change under way. */
@Injectable()
class People extends UserSource {
  row = { id: 'ada', active: true, stamp: '1' };
  override findBySubject({ id }: Subject): Promise<AuthUser | undefined> {
    return Promise.resolve(id === this.row.id ? (this.row as unknown as AuthUser) : undefined);
  }
  override describe(): UserDescription {
    return { ...this.row };
  }
}

class ChangingKeys extends KeySource {
  constructor(public ring: KeyRingInput) {
    super();
  }
  override load(): Promise<KeyRingInput> {
    return Promise.resolve(this.ring);
  }
}

const open: INestApplication[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

interface StartOptions {
  readonly adapter?: 'express' | 'fastify';
  readonly users?: Type<UserSource>;
  readonly options?: AuthModuleOptions & AuthModuleStructure;
}

async function start({ adapter = 'fastify', users, options = {} }: StartOptions = {}) {
  const clock = new FixedClock(START);
  const auth = AuthModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, clock, ...(users && { users }), ...options });
  @Module({
    imports: [auth],
    controllers: [RoutesController],
    providers: [JwtAuthGuard, WatchingGuard, ...(users ? [users] : [])],
  })
  class TestModule {}
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(TestModule, new FastifyAdapter(), { logger: false, abortOnError: false })
      : await NestFactory.create(TestModule, { logger: false, abortOnError: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const ask = (token: string, path = 'me') =>
    fetch(`${url}/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const status = async (token: string, path?: string) => (await ask(token, path)).status;
  const json = async (token: string, path?: string): Promise<unknown> => (await ask(token, path)).json();
  /** Signs in, and sends the token until it is remembered. */
  const warm = async (who = 'ada', scopes: readonly string[] = ['read']) => {
    const pair = await app.get(TokenService).issue(who, { scopes: [...scopes] });
    for (let times = 0; times < 3; times += 1) expect(await status(pair.accessToken)).toBe(200);
    return pair;
  };
  return { app, clock, status, json, warm };
}

describe.each(['express', 'fastify'] as const)('a remembered token on %s', (adapter) => {
  it('is refused once it is revoked', async () => {
    const { app, status, warm } = await start({ adapter });
    const { accessToken } = await warm();
    await app.get(TokenService).revoke(accessToken);
    expect(await status(accessToken)).toBe(401);
  });

  it('is refused once its login has ended', async () => {
    const { app, status, warm } = await start({ adapter });
    const { accessToken, sid } = await warm();
    await app.get(LoginService).end({ issuer: ISSUER, id: 'ada' }, sid);
    expect(await status(accessToken)).toBe(401);
  });

  it('is refused once its subject is blocked, and a later one is not', async () => {
    const { app, status, warm } = await start({ adapter });
    const { accessToken } = await warm();
    await app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
    expect(await status(accessToken)).toBe(401);
    const later = await app.get(TokenService).issue('ada');
    expect(await status(later.accessToken)).toBe(200);
  });

  it('is refused while its user is inactive, and not afterwards', async () => {
    const { app, status, warm } = await start({ adapter, users: People });
    const { accessToken } = await warm();
    app.get(People).row = { id: 'ada', active: false, stamp: '1' };
    expect(await status(accessToken)).toBe(401);
    app.get(People).row = { id: 'ada', active: true, stamp: '1' };
    expect(await status(accessToken)).toBe(200);
    app.get(People).row = { id: 'ada', active: true, stamp: '2' };
    expect(await status(accessToken)).toBe(401);
  });
});

describe('a remembered token', () => {
  it('is in time at every request: before its beginning and after its end it is refused', async () => {
    const { clock, status, warm } = await start({ options: { access: { ttl: '15m' }, clockTolerance: 5 } });
    const { accessToken } = await warm();
    clock.advance('15m');
    expect(await status(accessToken)).toBe(200);
    clock.advance('5s');
    expect(await status(accessToken)).toBe(401);
    clock.set(new Date(new Date(START).getTime() - 6_000));
    expect(await status(accessToken)).toBe(401);
    clock.set(START);
    expect(await status(accessToken)).toBe(200);
  });

  it('is refused once its key is removed as stolen', async () => {
    const [stolen, next] = [newKey(), newKey()];
    const source = new ChangingKeys({ current: { key: stolen, kid: 'stolen' } });
    const { app, status, warm } = await start({ options: { keys: source } });
    const { accessToken } = await warm();
    source.ring = { current: { key: next, kid: 'next' }, compromised: ['stolen'] };
    expect(await app.get(OwnKeys).ring?.reload()).toBe(true);
    expect(await status(accessToken)).toBe(401);
  });

  it('of a rotated key is accepted until the end of that key, and not longer', async () => {
    const [first, second] = [newKey(), newKey()];
    const until = new Date(START).getTime() / 1000 + 60;
    const rotated = {
      current: { key: second, kid: 'second' },
      retired: [{ key: { key: first, kid: 'first' }, until }],
    };
    const issuer = await start({ options: { keys: { key: first, kid: 'first' } } });
    const { clock, status } = await start({ options: { keys: new ChangingKeys(rotated) } });
    const { accessToken } = await issuer.warm();
    for (let times = 0; times < 3; times += 1) expect(await status(accessToken)).toBe(200);
    clock.advance('59s');
    expect(await status(accessToken)).toBe(200);
    clock.advance('1s');
    expect(await status(accessToken)).toBe(401);
  });

  it('is asked for what each route demands', async () => {
    const { status, warm } = await start();
    const [reader, writer] = [await warm('ada', ['read']), await warm('grace', ['write'])];
    for (let times = 0; times < 2; times += 1) {
      expect(await status(reader.accessToken, 'write')).toBe(403);
      expect(await status(writer.accessToken, 'write')).toBe(200);
      expect(await status(reader.accessToken)).toBe(200);
    }
  });

  it('is anonymous on an optional route once it is not valid any more', async () => {
    const { app, clock, json, warm } = await start({ options: { access: { ttl: '15m' } } });
    const [revoked, expired] = [await warm('ada'), await warm('grace')];
    expect(await json(revoked.accessToken, 'optional')).toEqual({ id: 'ada' });
    await app.get(TokenService).revoke(revoked.accessToken);
    expect(await json(revoked.accessToken, 'optional')).toEqual({ id: 'anonymous' });
    clock.advance('16m');
    expect(await json(expired.accessToken, 'optional')).toEqual({ id: 'anonymous' });
  });

  it('for another service stays refused, although the issuer that is asked about it knows it', async () => {
    const key = newKey();
    const elsewhere = await start({ options: { keys: key, audience: 'elsewhere' } });
    const { app, status } = await start({ options: { keys: key } });
    const { accessToken } = await elsewhere.warm();
    for (let times = 0; times < 2; times += 1) {
      const asked = app.get(TokenService).verify(accessToken, { kind: 'access', anyAudience: true });
      await expect(asked).resolves.toMatchObject({ subject: { id: 'ada' } });
      expect(await status(accessToken)).toBe(401);
    }
  });

  it('is told from others that are sent at the same time', async () => {
    const { app, json, status, warm } = await start();
    const people = ['ada', 'grace', 'edsger'];
    const tokens = await Promise.all(people.map(async (id) => (await warm(id)).accessToken));
    const rounds = Array.from({ length: 10 }, () => tokens.map((token) => json(token))).flat();
    expect(await Promise.all(rounds)).toEqual(Array.from({ length: 10 }, () => people.map((id) => ({ id }))).flat());
    await app.get(TokenService).revoke(String(tokens[0]));
    const statuses = await Promise.all([...tokens, ...tokens].map((token) => status(token)));
    expect(statuses).toEqual([401, 200, 200, 401, 200, 200]);
  });

  it('takes nothing from one request to the next that a handler wrote on it', async () => {
    const { clock, json, warm } = await start({ options: { access: { ttl: '15m' } } });
    const { accessToken } = await warm();
    const clean = { user: { id: 'ada', issuer: ISSUER }, expiresAt: clock.nowMs() + 900_000, roles: [] };
    for (let times = 0; times < 3; times += 1) expect(await json(accessToken, 'careless')).toEqual(clean);
  });

  it('is answered at once, and with a promise if a user must be loaded', async () => {
    const [atOnce, loading] = [await start(), await start({ users: People })];
    const token = (await atOnce.warm()).accessToken;
    expect(await atOnce.status(token, 'watched')).toBe(200);
    expect(answered.last).toBe(true);
    const other = (await loading.warm()).accessToken;
    expect(await loading.status(other, 'watched')).toBe(200);
    expect(answered.last).toBeInstanceOf(Promise);
  });

  it('that is refused at once rejects, and never throws at a guard that asks', async () => {
    const { app, status, warm } = await start();
    const { accessToken } = await warm();
    await app.get(TokenService).revoke(accessToken);
    expect(await status(accessToken, 'watched')).toBe(401);
    expect(answered.last).toBeInstanceOf(Promise);
    await expect(answered.last).rejects.toThrow();
  });
});
