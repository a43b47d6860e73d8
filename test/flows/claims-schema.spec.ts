// Claims by a schema of Zod, own and external, from the option to the answer.
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthModule, type AuthModuleOptions } from 'nestjs-latchkey';
import { LocalIssuer, TokenFactory } from 'nestjs-latchkey/testing';
import { z } from 'zod';
import { ADAPTERS, startApplication } from '../support/applications.js';
import { PASSWORD, startRecordingApp } from '../support/recording-app.js';

const claimsSchema = z.object({ tenant: z.enum(['school', 'university']), seats: z.number().optional() });

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const opened = <Opened extends { close(): unknown }>(each: Opened): Opened => {
  open.push(each);
  return each;
};

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe.each(ADAPTERS)('claims by a schema on %s', (adapter) => {
  it('refuse own tokens that do not fit, and accept those that do', async () => {
    const app = opened(await startRecordingApp(adapter, { access: { claimsSchema } }));
    const tokens = TokenFactory.of(app.app);
    const good = await tokens.valid('ada', { claims: { tenant: 'school' } });
    expect((await app.fetch('/me', bearer(good))).status).toBe(200);
    for (const claims of [{}, { tenant: 'other' }, { tenant: 'school', seats: '7' }]) {
      const answer = await app.fetch('/me', bearer(await tokens.valid('ada', { claims })));
      expect([answer.status, await answer.json()]).toMatchObject([401, { errorCode: 'invalid_claims' }]);
    }
    const [refused] = app.events.filter((event) => 'code' in event && event.code === 'invalid_claims');
    expect(refused).toMatchObject({ reason: { claim: 'tenant', option: 'claimsSchema' } });
  });

  it('are checked before a token is signed', async () => {
    const claims = { tenant: 'other' };
    const app = opened(await startRecordingApp(adapter, { access: { claimsSchema, claimsFor: () => claims } }));
    const signIn = () => app.post('/auth/token', { username: 'ada', password: PASSWORD });
    expect((await signIn()).status).toBe(500);
    expect(app.logged.join('\n')).toMatch(
      /would be refused by this service itself \(invalid_claims: tenant: .*claimsSchema/,
    );
    claims.tenant = 'school';
    expect((await signIn()).status).toBe(200);
  });

  it('are checked by the schema of their issuer, and stay as they were signed', async () => {
    const issuer = opened(await LocalIssuer.start());
    const entry = { ...issuer.trust(), claimsSchema };
    const app = opened(await startRecordingApp(adapter, { trust: [entry] }));
    const answers = [{ tenant: 'school' }, { tenant: 1 }].map(async (claims) =>
      app.fetch('/me', bearer(await issuer.tokens.valid('ada', { claims }))),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 401]);
    // No schema was stated for own tokens.
    expect((await app.fetch('/me', bearer((await app.signIn()).accessToken))).status).toBe(200);
  });
});

describe('a schema of claims that cannot be used', () => {
  const later = z.object({}).refine(() => Promise.resolve(true));

  it.each<[string, unknown]>([
    ['no schema', { parse: () => ({}) }],
    ['a schema that answers later', later],
  ])('keeps the application from starting: %s', async (_, schema) => {
    const options = { access: { claimsSchema: schema } } as AuthModuleOptions;
    const boot = startApplication('express', { imports: [AuthModule.forRoot(options)] });
    await expect(boot).rejects.toThrow(/access\.claimsSchema is .*; accepted is a schema of Standard Schema/);
  });
});
