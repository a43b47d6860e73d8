// The applications that are measured: this library, and what a user would pick instead. Each has an open and a guarded route with
// the same handler, so that a ratio says what authentication costs and nothing else.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { jwtVerify, SignJWT } from 'jose';
import { AuthModule, BlocklistService, Public, TokenService } from 'nestjs-latchkey';
import { ExtractJwt, Strategy } from 'passport-jwt';

/** @typedef {'express' | 'fastify'} Adapter */
/** @typedef {'latchkey' | 'empty guard' | 'passport-jwt' | 'jose'} Kind */
/** @typedef {import('@nestjs/common').INestApplication} App */
/** @typedef {{ module: import('@nestjs/common').DynamicModule, token(app: App): Promise<string>, prepare?(app: App): Promise<void> }} Candidate */

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

/** @returns {Candidate} */
function passportJwt() {
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
      return { id: claims.sub };
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

/** @type {Record<Kind, () => Candidate>} */
const candidates = { latchkey, 'empty guard': emptyGuard, 'passport-jwt': passportJwt, jose: joseGuard };

/** So many callers take turns, so that nothing answers out of a memory of one. */
const CALLERS = 100;

/** Starts one on a free port. @param {Kind} kind @param {Adapter} adapter */
export async function start(kind, adapter) {
  const { module, token, prepare } = candidates[kind]();
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(module, new FastifyAdapter(), { logger: false })
      : await NestFactory.create(module, { logger: false });
  await app.listen(0, '127.0.0.1');
  await prepare?.(app);
  const tokens = await Promise.all(Array.from({ length: CALLERS }, () => token(app)));
  return { app, url: await app.getUrl(), tokens };
}
