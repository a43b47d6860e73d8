// An application with the real ThrottlerGuard of @nestjs/throttler, which Jest cannot load, before the guards of the library. It counts by caller,
// as docs/throttling.md has it, whom an early look shows. It writes its address and a token of each user as one line of JSON, and ends when its
// input does.
import 'reflect-metadata';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { openEdx } from 'nestjs-latchkey/issuers';

const { ADAPTER = 'express', EARLY = 'true', LMS = '' } = process.env;

class CallerThrottlerGuard extends ThrottlerGuard {
  /**
   * @override
   * @param {{ auth?: import('nestjs-latchkey').Principal, ip: string }} request
   */
  async getTracker({ auth, ip }) {
    if (auth === undefined) return `address ${ip}`;
    const { issuer, id } = auth.subject;
    return createHash('sha256')
      .update(JSON.stringify([issuer, auth.jti ?? auth.sid ?? id]))
      .digest('base64url');
  }
}
Injectable()(CallerThrottlerGuard);

/** Imported before AuthModule, so that its guard is asked before. */
class LimitsModule {}
Module({
  imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 3 }])],
  providers: [{ provide: APP_GUARD, useClass: CallerThrottlerGuard }],
})(LimitsModule);

class MeController {
  me() {
    return {};
  }
}
Get()(MeController.prototype, 'me', Object.getOwnPropertyDescriptor(MeController.prototype, 'me') ?? {});
Controller('me')(MeController);

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

class AppModule {}
Module({
  imports: [
    LimitsModule,
    AuthModule.forRoot({
      issuer: 'https://app.test',
      audience: 'app',
      keys: privateKey,
      ...(LMS === '' ? {} : { trust: [openEdx(JSON.parse(LMS))] }),
    }),
  ],
  controllers: [MeController],
})(AppModule);

const app = await (ADAPTER === 'fastify'
  ? NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] })
  : NestFactory.create(AppModule, { logger: ['error'] }));
if (EARLY === 'true') authenticateEarly(app);
await app.listen(0, '127.0.0.1');
const tokens = app.get(TokenService);
const [{ accessToken: ada }, { accessToken: bob }] = await Promise.all([tokens.issue('ada'), tokens.issue('bob')]);
process.stdout.write(`${JSON.stringify({ url: await app.getUrl(), ada, bob })}\n`);
process.stdin.resume().once('end', () => void app.close().then(() => process.exit(0)));
