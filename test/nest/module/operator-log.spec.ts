// What operators read: the rule that refused a token, and the outages of stores and key sets with their ends.
import { afterEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AuthGuardFor, AuthError, memoryStores } from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import type { AttemptEvent } from 'nestjs-latchkey/events';
import { devicesController } from 'nestjs-latchkey/controllers';
import { FixedClock, LocalIssuer } from 'nestjs-latchkey/testing';
import {
  ISSUER,
  PASSWORD,
  startRecordingApp,
  type RecordingApp,
  type RecordingAppOptions,
} from '../../support/recording-app.js';
import { SwitchedStores } from '../../support/switched-stores.js';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function start(options: RecordingAppOptions = {}): Promise<RecordingApp> {
  const app = await startRecordingApp('fastify', options);
  open.unshift(app);
  return app;
}

async function withIssuer() {
  const clock = new FixedClock(new Date());
  const issuer = await LocalIssuer.start({ audience: 'courses', clock });
  open.push(issuer);
  return { clock, issuer, app: await start({ trust: [issuer.trust()], structure: { clock } }) };
}

const me = async (app: RecordingApp, token: string) =>
  app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });
const attemptsOf = ({ events }: RecordingApp) =>
  events.filter((event): event is AttemptEvent => event.type === 'attempt');
const linesWith = ({ logged }: RecordingApp, part: string) => logged.filter((line) => line.includes(part));

async function during<T>(environment: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = environment;
  try {
    return await work();
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

describe('A token that a rule refuses', () => {
  const days = { exp: Math.floor(Date.now() / 1000) + 30 * 86_400 };

  it('is reported with the rule, the claim and the option that lifts it in the event and in the development log', async () => {
    const { issuer, app } = await withIssuer();
    const answer = await me(app, await issuer.tokens.valid('eve', { claims: days }));
    expect(answer.status).toBe(401);
    const reason = { claim: 'exp', rule: 'must not be more than 86400 seconds after iat', option: 'maxLifetime' };
    expect(attemptsOf(app)).toMatchObject([{ code: 'invalid_claims', reason }]);
    expect(linesWith(app, 'bearer: refused with invalid_claims')).toEqual([
      expect.stringContaining('exp: must not be more than 86400 seconds after iat (option maxLifetime)'),
    ]);
  });

  it('reveals nothing of that to the client', async () => {
    const { issuer, app } = await withIssuer();
    const answer = await me(app, await issuer.tokens.valid('eve', { claims: days }));
    expect(await answer.json()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      errorCode: 'invalid_claims',
      message: 'The token holds a claim that is not acceptable.',
    });
    expect(answer.headers.get('www-authenticate')).not.toContain('86400');
  });

  it('causes no log line in production, where anonymous clients could fill the log', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'one' };
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ iss: ISSUER, aud: 'accounts', sub: 'ada', exp: now + 60, iat: now })
      .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt' })
      .sign(privateKey);
    const lines = async (environment: string) => {
      const app = await during(environment, () => start({ keys, structure: { stores: memoryStores() } }));
      expect((await me(app, token)).status).toBe(401);
      expect(attemptsOf(app)[0]?.reason).toEqual({ claim: 'jti', rule: 'is required' });
      await app.close();
      return linesWith(app, 'refused with').length;
    };
    expect({ development: await lines('test'), production: await lines('production') }).toEqual({
      development: 1,
      production: 0,
    });
  });
});

describe('An outage', () => {
  it('of a key set is one log line, and its end another', async () => {
    const { clock, issuer, app } = await withIssuer();
    issuer.fail('unavailable');
    const token = await issuer.tokens.valid('eve');
    for (let round = 0; round < 3; round += 1) expect((await me(app, token)).status).toBe(503);
    expect(linesWith(app, 'does not answer')).toEqual([
      expect.stringContaining(`The key set of ${issuer.url} does not answer: the answer has the status 503.`),
    ]);
    expect(attemptsOf(app)[0]?.reason).toEqual({
      rule: 'the key set could not be fetched: the answer has the status 503',
    });
    issuer.recover();
    clock.advance('40s');
    expect((await me(app, token)).status).toBe(200);
    expect(linesWith(app, 'answers again')).toEqual([
      expect.stringContaining(`The key set of ${issuer.url} answers again.`),
    ]);
  });

  it('of a store is one log line, and its end another', async () => {
    const stores = new SwitchedStores();
    const app = await start({ structure: { stores: stores.recipe() } });
    const { accessToken } = await app.signIn();
    stores.mood = 'broken';
    for (let round = 0; round < 12; round += 1) expect((await me(app, accessToken)).status).toBe(503);
    expect(linesWith(app, 'does not answer')).toHaveLength(1);
    stores.mood = 'well';
    while ((await me(app, accessToken)).status !== 200) await new Promise((again) => setTimeout(again, 100));
    expect(linesWith(app, 'The store of revocations answers again.')).toHaveLength(1);
  });
});

describe('A user source that is down', () => {
  it('is one log line, and its end another, at requests and at sign-ins alike', async () => {
    const app = await start();
    const { accessToken } = await app.signIn();
    const signIn = () => app.post('/auth/token', { username: 'ada', password: PASSWORD });
    app.people.down = true;
    for (let round = 0; round < 3; round += 1) {
      expect((await me(app, accessToken)).status).toBe(503);
      expect((await signIn()).status).toBe(503);
    }
    expect(linesWith(app, 'does not answer')).toEqual([
      expect.stringContaining('The user source (option users) does not answer: Error.'),
    ]);
    expect(attemptsOf(app)[0]).toMatchObject({
      outcome: 'unavailable',
      reason: { rule: 'the user source failed: Error' },
    });
    expect(linesWith(app, '10.0.0.7')).toEqual([]);
    app.people.down = false;
    expect((await me(app, accessToken)).status).toBe(200);
    expect((await signIn()).status).toBe(200);
    expect(linesWith(app, 'answers again')).toEqual([
      expect.stringContaining('The user source (option users) answers again.'),
    ]);
  });

  it('differs from one that is too busy to hash, which reports that itself', async () => {
    const app = await start();
    app.people.answer = () => {
      throw new AuthError('sign_in_overloaded');
    };
    expect((await app.post('/auth/token', { username: 'ada', password: PASSWORD })).status).toBe(503);
    expect(linesWith(app, 'does not answer')).toEqual([]);
  });
});

describe('A scheme of the application whose database is down', () => {
  const state = { down: false };

  async function withScheme() {
    const scheme = defineScheme<string>({
      name: 'partner',
      sentBy: 'client',
      find: (request) => request.headerLines('x-partner')[0],
      verify: async (id) => {
        if (state.down)
          throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7, SELECT secret'), { code: 'ECONNREFUSED' });
        return { subject: { issuer: 'partners', id }, kind: 'user', claims: {}, scopes: [], own: false };
      },
    });
    const clock = new FixedClock(new Date());
    const structure = {
      clock,
      schemes: [scheme],
      controllers: [devicesController({ guard: AuthGuardFor('partner') })],
    };
    return { clock, app: await start({ structure }) };
  }

  const ask = ({ fetch }: RecordingApp) => fetch('/auth/devices', { headers: { 'x-partner': 'p-1' } });

  it('is 503 that does not mention keys, and its name is in event and log', async () => {
    const { app } = await withScheme();
    state.down = true;
    const answer = await ask(app);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    const body = await answer.text();
    expect(JSON.parse(body)).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      errorCode: 'scheme_unavailable',
      message: 'The credential could not be checked. Try again soon.',
    });
    expect(attemptsOf(app)).toMatchObject([
      {
        outcome: 'unavailable',
        scheme: 'partner',
        code: 'scheme_unavailable',
        reason: { rule: "the scheme 'partner' failed: Error ECONNREFUSED" },
      },
    ]);
    expect(linesWith(app, "The scheme 'partner' does not answer: Error ECONNREFUSED.")).toHaveLength(1);
    expect(JSON.stringify([app.logged, app.events])).not.toMatch(/SELECT|10\.0\.0\.7/);
  });

  it('is one log line a minute, however often clients cause it', async () => {
    const { app, clock } = await withScheme();
    for (let round = 0; round < 3; round += 1) {
      state.down = true;
      expect((await ask(app)).status).toBe(503);
      state.down = false;
      expect((await ask(app)).status).toBe(200);
    }
    expect(linesWith(app, 'does not answer')).toHaveLength(1);
    expect(linesWith(app, "The scheme 'partner' answers again.")).toHaveLength(1);
    clock.advance('2m');
    state.down = true;
    await ask(app);
    expect(linesWith(app, 'does not answer')).toHaveLength(2);
  });
});
