import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule } from 'nestjs-latchkey';
import { AuthTestingModule, FixedClock, TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { bearer, RoutesController } from '../support/testing-routes.js';

describe.each(ADAPTERS)('TokenFactory against an application on %s', (adapter) => {
  let running: RunningApplication;
  let tokens: TokenFactory;
  const clock = new FixedClock();
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthTestingModule.forRoot({ clock })],
      controllers: [RoutesController],
    });
    tokens = TokenFactory.of(running.app);
  });
  afterAll(() => running.close());

  it('creates a token that the application accepts, with the requested scopes', async () => {
    const answer = await running.fetch('/me', bearer(await tokens.valid('user-1', { scopes: ['a', 'b'] })));
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'user-1', scopes: ['a', 'b'], kind: 'user' }]);
  });

  it('creates invalid tokens, each of which is refused for its own reason', async () => {
    const refused = await tokens.refused('user-1');
    expect(refused).toHaveLength(9);
    for (const { name, token, errorCode } of refused) {
      const answer = await running.fetch('/me', bearer(token));
      const body = (await answer.json()) as { errorCode: string };
      expect([name, answer.status, body.errorCode]).toEqual([name, 401, errorCode]);
    }
  });

  it('creates tokens of clients and restricted clients, which routes accept by name alone', async () => {
    const client = await tokens.client('billing', { scopes: ['a'] });
    const restricted = await tokens.restricted('user-1');
    expect((await running.fetch('/me', bearer(client))).status).toBe(403);
    expect((await running.fetch('/me', bearer(restricted))).status).toBe(403);
    const asClient = await running.fetch('/machines', bearer(client));
    expect(await asClient.json()).toEqual({ id: 'billing', kind: 'client', restricted: false });
    const asRestricted = await running.fetch('/machines', bearer(restricted));
    expect(await asRestricted.json()).toEqual({ id: 'user-1', kind: 'user', restricted: true });
  });

  it('creates a token that expires by the clock of the application', async () => {
    const token = await tokens.valid('user-1', { ttl: '5m' });
    clock.advance('6m');
    expect((await running.fetch('/me', bearer(token))).status).toBe(401);
    clock.set('2026-01-01T00:00:00Z');
    expect((await running.fetch('/me', bearer(token))).status).toBe(200);
  });

  it('removes claims, and replaces others', async () => {
    const claims = await tokens.claimsFor('user-1', { claims: { jti: undefined, tenant: 'blue' } });
    expect(claims).toMatchObject({ sub: 'user-1', tenant: 'blue' });
    expect((await running.fetch('/me', bearer(await tokens.sign(claims)))).status).toBe(401);
  });
});

describe('TokenFactory on its own', () => {
  it('publishes the keys of its tokens', async () => {
    const issuer = await TokenFactory.standalone({
      issuer: 'https://sso.example',
      audience: 'shop',
      algorithm: 'EdDSA',
    });
    const jwks = issuer.publicJwks() as { keys: [] };
    const running = await startApplication('express', {
      imports: [
        AuthModule.forRoot({
          trust: [{ issuer: issuer.issuer, audience: 'shop', keys: { jwks }, algorithms: ['EdDSA'] }],
        }),
      ],
      controllers: [RoutesController],
    });
    const answer = await running.fetch('/me', bearer(await issuer.valid('user-7')));
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'user-7', scopes: [], kind: 'user' }]);
    await running.close();
  });
});
