// The applications that are measured: this library, and what a user would pick instead. Each has an open and a guarded route with
// the same handler, so that a ratio says what authentication costs and nothing else.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { jwtVerify, SignJWT } from 'jose';
import { AuthModule, BlocklistService, Public, TokenService, UserSource } from 'nestjs-latchkey';
import { DataSource, EntitySchema } from 'typeorm';
import { ExtractJwt, Strategy } from 'passport-jwt';

/** @typedef {'express' | 'fastify'} Adapter */
/** @typedef {'latchkey' | 'empty guard' | 'passport-jwt' | 'jose' | UsersKind} Kind */
/** @typedef {'latchkey, users on PostgreSQL' | 'latchkey, users within 1 s' | 'passport-jwt, users on PostgreSQL'} UsersKind */
/** @typedef {import('@nestjs/common').INestApplication} App */
/** @typedef {{ module: import('@nestjs/common').DynamicModule, token(app: App): Promise<string>, prepare?(app: App): Promise<void>, close?(): Promise<void> }} Candidate */

const ISSUER = 'http://localhost';
const AUDIENCE = 'bench';
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/**
 * Decorators by hand: this file runs as it is written.
 * @param {(ClassDecorator | MethodDecorator)[]} onOpen
 * @param {(ClassDecorator | MethodDecorator)[]} onGuarded
 */
function controllerWith(onOpen, onGuarded) {
  class RoutesController {
    open() {
      return { ok: true };
    }
    guarded() {
      return { ok: true };
    }
  }
  decorate(RoutesController, 'open', [Get('open'), ...onOpen]);
  decorate(RoutesController, 'guarded', [Get('guarded'), ...onGuarded]);
  Controller()(RoutesController);
  return RoutesController;
}

/** @param {Function} type @param {string} method @param {Function[]} decorators */
function decorate(type, method, decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, method);
  for (const each of decorators) each(type.prototype, method, descriptor);
}

/** @param {Pick<import('@nestjs/common').ModuleMetadata, 'imports' | 'providers' | 'controllers'>} metadata */
function moduleOf(metadata) {
  class BenchModule {}
  Module({})(BenchModule);
  return { module: BenchModule, ...metadata };
}

/** A token of the same algorithm, claims and size for the candidates that issue none. */
function signedToken() {
  return new SignJWT({ scope: 'read', sid: 'a'.repeat(22) })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('user-1')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(pair.privateKey);
}

/** @returns {Candidate} */
function latchkey() {
  return {
    module: moduleOf({
      imports: [
        AuthModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, keys: pair.privateKey, access: { ttl: '1h' } }),
      ],
      controllers: [controllerWith([Public()], [])],
    }),
    token: async (app) => (await app.get(TokenService).issue('user-1', { scopes: ['read'] })).accessToken,
    // A blocklist in use.
    prepare: async (app) => {
      const blocklist = app.get(BlocklistService);
      for (let made = 0; made < 1_000; made += 1) await blocklist.revokeLogin({ issuer: ISSUER, sid: randomUUID() });
    },
  };
}

/** @param {(id: string) => unknown} [load] makes the user of a request @returns {Candidate} */
function passportJwt(load = (id) => ({ id })) {
  class JwtStrategy extends PassportStrategy(Strategy) {
    constructor() {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKey: pair.publicKey.export({ type: 'spki', format: 'pem' }),
        algorithms: ['ES256'],
        issuer: ISSUER,
        audience: AUDIENCE,
      });
    }
    /** @param {{ sub: string }} claims */
    validate(claims) {
      return load(claims.sub);
    }
  }
  Injectable()(JwtStrategy);
  return {
    module: moduleOf({
      imports: [PassportModule],
      providers: [JwtStrategy],
      controllers: [controllerWith([], [UseGuards(AuthGuard('jwt'))])],
    }),
    token: signedToken,
  };
}

/** Users in a table, found through TypeORM: what `findOneBy()` costs counts for both. @param {string} url */
async function openUsers(url) {
  const dataSource = new DataSource({ type: 'postgres', url, entities: [userEntity], synchronize: true });
  await dataSource.initialize();
  const users = dataSource.getRepository(userEntity);
  await users.save({ id: 'user-1', name: 'Ada', active: true });
  return users;
}

/** @type {import('typeorm').EntitySchema<{ id: string, name: string, active: boolean }>} */
const userEntity = new EntitySchema({
  name: 'bench_user',
  columns: {
    id: { type: 'varchar', primary: true },
    name: { type: 'varchar' },
    active: { type: 'boolean' },
  },
});

/** The address of the PostgreSQL that the bench started. */
const databaseUrl = () => process.env['BENCH_POSTGRES'] ?? '';

/** @param {'every-request' | { withinMs: number }} userFreshness @returns {Promise<Candidate>} */
async function latchkeyWithUsers(userFreshness) {
  const users = await openUsers(databaseUrl());
  /** @extends {UserSource<{ id: string, name: string, active: boolean }>} */
  class Users extends UserSource {
    /** @param {{ id: string }} subject */
    findBySubject({ id }) {
      return users.findOneBy({ id });
    }
    /** @param {{ id: string, active: boolean }} user */
    describe({ id, active }) {
      return { id, active };
    }
  }
  Injectable()(Users);
  return {
    module: moduleOf({
      providers: [Users],
      imports: [
        AuthModule.forRoot({
          issuer: ISSUER,
          audience: AUDIENCE,
          keys: pair.privateKey,
          access: { ttl: '1h' },
          users: /** @type {never} */ (Users),
          userFreshness,
        }),
      ],
      controllers: [controllerWith([Public()], [])],
    }),
    token: async (app) => (await app.get(TokenService).issue('user-1', { scopes: ['read'] })).accessToken,
    close: () => users.manager.connection.destroy(),
  };
}

/** The guard of Nest's own documentation, with jose. @returns {Candidate} */
function joseGuard() {
  class JoseGuard {
    /** @param {import('@nestjs/common').ExecutionContext} context */
    async canActivate(context) {
      const request = context.switchToHttp().getRequest();
      const [type, token] = request.headers.authorization?.split(' ') ?? [];
      if (type !== 'Bearer') throw new UnauthorizedException();
      const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256'] };
      const { payload } = await jwtVerify(token, pair.publicKey, options).catch(() => {
        throw new UnauthorizedException();
      });
      request.user = { id: payload.sub };
      return true;
    }
  }
  Injectable()(JoseGuard);
  return { module: moduleOf({ controllers: [controllerWith([], [UseGuards(JoseGuard)])] }), token: signedToken };
}

/** What Nest itself takes for calling a guard that looks at one header. @returns {Candidate} */
function emptyGuard() {
  class EmptyGuard {
    /** @param {import('@nestjs/common').ExecutionContext} context */
    canActivate(context) {
      if (context.getArgByIndex(0).headers.authorization === undefined) throw new UnauthorizedException();
      return true;
    }
  }
  Injectable()(EmptyGuard);
  return { module: moduleOf({ controllers: [controllerWith([], [UseGuards(EmptyGuard)])] }), token: signedToken };
}

/** @returns {Promise<Candidate>} */
async function passportJwtWithUsers() {
  const users = await openUsers(databaseUrl());
  return { ...passportJwt((id) => users.findOneBy({ id })), close: () => users.manager.connection.destroy() };
}

/** @type {Record<Kind, () => Candidate | Promise<Candidate>>} */
const candidates = {
  latchkey,
  'empty guard': emptyGuard,
  'passport-jwt': () => passportJwt(),
  jose: joseGuard,
  'latchkey, users on PostgreSQL': () => latchkeyWithUsers('every-request'),
  'latchkey, users within 1 s': () => latchkeyWithUsers({ withinMs: 1_000 }),
  'passport-jwt, users on PostgreSQL': passportJwtWithUsers,
};

/** So many callers take turns, so that nothing answers out of a memory of one. */
const CALLERS = 100;

/** Starts one on a free port. @param {Kind} kind @param {Adapter} adapter */
export async function start(kind, adapter) {
  const { module, token, prepare, close = async () => {} } = await candidates[kind]();
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(module, new FastifyAdapter(), { logger: false })
      : await NestFactory.create(module, { logger: false });
  await app.listen(0, '127.0.0.1');
  await prepare?.(app);
  const tokens = await Promise.all(Array.from({ length: CALLERS }, () => token(app)));
  return { app, url: await app.getUrl(), tokens, close: () => Promise.all([app.close(), close()]) };
}
