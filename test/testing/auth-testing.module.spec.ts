import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { AuthModule, Clock, TokenService } from 'nestjs-latchkey';
import { AuthTestingModule } from 'nestjs-latchkey/testing';
import { bearer, RoutesController } from '../support/testing-routes.js';

describe('AuthTestingModule.override', () => {
  @Module({ imports: [AuthModule.forRoot({ access: { ttl: '10m' } })], controllers: [RoutesController] })
  class AppModule {}

  it('puts a fixed clock and stores in memory into the module of an application', async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const clock = AuthTestingModule.override(builder);
    const app = (await builder.compile()).createNestApplication({ logger: false });
    await app.init();
    expect(app.get(Clock)).toBe(clock);
    const { accessToken } = await app.get(TokenService).issue('user-1');
    await request(app.getHttpServer()).get('/me').set(bearer(accessToken).headers).expect(200);
    clock.advance('11m');
    await request(app.getHttpServer()).get('/me').set(bearer(accessToken).headers).expect(401);
    await app.close();
  });
});
