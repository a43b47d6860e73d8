import { Controller, Get } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthModule, CurrentUser } from 'nestjs-latchkey';
import { actingAs, FixedClock, LocalIssuer, TokenFactory, type IssuerFailure } from 'nestjs-latchkey/testing';
import { startApplication, type RunningApplication } from '../support/applications.js';

@Controller('me')
class MeController {
  @Get() me(@CurrentUser('id') id: string) {
    return { id };
  }
}

describe('LocalIssuer', () => {
  let issuer: LocalIssuer;
  let running: RunningApplication;
  const clock = new FixedClock();
  beforeEach(async () => {
    issuer = await LocalIssuer.start({ audience: 'courses', clock });
    running = await startApplication('express', {
      imports: [AuthModule.forRoot({ clock, trust: [issuer.trust()] })],
      controllers: [MeController],
    });
  });
  afterEach(async () => {
    await running.close();
    await issuer.close();
  });

  const call = async (token: string): Promise<number> =>
    (await running.fetch('/me', { headers: { authorization: `Bearer ${token}` } })).status;

  it('serves the keys of its tokens, once', async () => {
    expect(await call(await issuer.tokens.valid('user-1'))).toBe(200);
    expect(await call(await issuer.tokens.valid('user-2'))).toBe(200);
    expect(issuer.fetches).toBe(1);
  });

  it.each<IssuerFailure>(['unavailable', 'malformed', 'disconnected'])(
    'makes the application answer "unavailable" when it is %s',
    async (failure) => {
      issuer.fail(failure);
      expect(await call(await issuer.tokens.valid('user-1'))).toBe(503);
    },
  );

  it('answers again when it has recovered', async () => {
    issuer.fail('unavailable');
    expect(await call(await issuer.tokens.valid('user-1'))).toBe(503);
    issuer.recover();
    clock.advance('10m');
    expect(await call(await issuer.tokens.valid('user-1'))).toBe(200);
  });

  it('rotates its key, which the application notices', async () => {
    expect(await call(await issuer.tokens.valid('user-1'))).toBe(200);
    await issuer.rotate();
    clock.advance('10m');
    expect(await call(await issuer.tokens.valid('user-1'))).toBe(200);
    expect(issuer.fetches).toBe(2);
  });

  it('signs tokens for actingAs in an application without keys', async () => {
    const ada = await actingAs(running.app, 'ada', { tokens: issuer.tokens });
    const answer = await ada.through((headers) => running.fetch('/me', { headers }));
    expect(await answer.json()).toEqual({ id: 'ada' });
  });
});

describe('TokenFactory.of', () => {
  it('explains what to do if the application only verifies', async () => {
    const issuer = await LocalIssuer.start();
    const running = await startApplication('express', {
      imports: [AuthModule.forRoot({ trust: [issuer.trust()] })],
      controllers: [MeController],
    });
    expect(() => TokenFactory.of(running.app)).toThrow('This application only verifies');
    await running.close();
    await issuer.close();
  });
});
