// What can be used once, used eight times at the same moment over two applications: on the stores of each database.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { AuthModule, OneTimeTokens, Public, SystemClock, type Clock } from 'nestjs-latchkey';
import { ClientSource, clientTokenController, tokenController } from 'nestjs-latchkey/controllers';
import { challenge, proven, type SignInStep, type StepCredentials } from 'nestjs-latchkey/sign-in';
import type { MakeStores } from 'nestjs-latchkey/testing';
import { startApplication, type AdapterName, type RunningApplication } from './applications.js';
import { PASSWORD, UserDirectory, type Person } from './user-directory.js';

const ISSUER = 'https://accounts.test';
const USES = 8;
const PURPOSE = 'password-reset';

const ownKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const totp = new TOTP({ secret: Secret.fromBase32('JBSWY3DPEHPK3PXP') });

@Injectable()
class Everyone extends UserDirectory {
  constructor() {
    super([{ id: 'ada', scopes: [] }]);
  }

  override async verifyCredentials(sent: { username: string; password: string }): Promise<never> {
    const user = await super.verifyCredentials(sent);
    // The answer is a challenge, and the directory of the tests knows users alone.
    return (user && challenge({ kind: 'totp', user, amr: ['pwd'] })) as never;
  }

  /** A right code is right however often it comes: it is the continuation that is used up. */
  override async completeChallenge({ user }: SignInStep<Person>, { code }: StepCredentials) {
    return totp.validate({ token: code, window: 1 }) === null ? undefined : proven({ user, amr: ['otp'] });
  }
}

@Injectable()
class Clients extends ClientSource {
  async findClient(id: string) {
    const jwk = { ...clientKey.publicKey.export({ format: 'jwk' }), kid: 'one' };
    return { id, active: true, jwks: { keys: [jwk as never] } };
  }
}

@Module({ providers: [Everyone, Clients], exports: [Everyone, Clients] })
class SourcesModule {}

@Public()
@Controller('reset')
class ResetController {
  constructor(private readonly oneTime: OneTimeTokens) {}

  @HttpCode(204)
  @Post()
  async redeem(@Body() { token }: { token: string }): Promise<void> {
    await this.oneTime.redeem(token, PURPOSE, { prepare: () => new Promise(setImmediate) });
  }
}

/**
 * @param makeStores creates empty stores
 * @param join creates stores for another application, on what `makeStores` created last
 */
export function testOneUse(makeStores: MakeStores, join: MakeStores): void {
  describe('over HTTP on two applications', () => {
    let apps: readonly RunningApplication[] = [];
    beforeAll(async () => {
      apps = [await start('express', makeStores), await start('fastify', join)];
    }, 60_000);
    afterAll(() => Promise.all(apps.map((app) => app.close())));

    const post = async (at: number, path: string, body: object): Promise<Response> => {
      const app = apps[at % apps.length];
      if (app === undefined) throw new Error('No application runs.');
      const headers = { 'content-type': 'application/json' };
      return app.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    };
    /** The statuses of eight uses at once, four at each application. A store that took too long (503) let nothing through. */
    const useAtOnce = async (path: string, body: object): Promise<readonly number[]> => {
      const uses = await Promise.all(Array.from({ length: USES }, (_, at) => post(at, path, body)));
      return uses.map(({ status }) => status).filter((status) => status !== 503);
    };
    const once = (good: number, refused: number) => (statuses: readonly number[]) => {
      expect(statuses.filter((status) => status === good)).toHaveLength(1);
      expect(new Set(statuses)).toEqual(new Set([good, refused]));
    };
    const begin = async (): Promise<string> => {
      const answer = await post(0, '/auth/token', { username: 'ada', password: PASSWORD });
      return ((await answer.json()) as { step: { continuation: string } }).step.continuation;
    };

    it('completes one sign-in of eight that send the same continuation and code', async () => {
      // With code that never ran, and connections that are not open yet, the first request of each takes longest.
      for (const at of apps.keys())
        expect(
          (await post(at, '/auth/token/continue', { continuation: await begin(), code: totp.generate() })).status,
        ).toBe(200);
      const sent = { continuation: await begin(), code: totp.generate() };
      once(200, 401)(await useAtOnce('/auth/token/continue', sent));
      expect((await post(1, '/auth/token/continue', sent)).status).toBe(401);
    });

    it('redeems a link once of eight times', async () => {
      const { token } = await tokensOf(apps).issue('ada', { purpose: PURPOSE });
      once(204, 400)(await useAtOnce('/reset', { token }));
    });

    it('accepts an assertion of a client once of eight times', async () => {
      const client_assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer('reports')
        .setSubject('reports')
        .setAudience(ISSUER)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(clientKey.privateKey);
      const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      const sent = { grant_type: 'client_credentials', client_assertion_type, client_assertion };
      once(200, 401)(await useAtOnce('/auth/client-token', sent));
    });
  });
}

function tokensOf([app]: readonly RunningApplication[]): OneTimeTokens {
  if (app === undefined) throw new Error('No application runs.');
  return app.app.get(OneTimeTokens);
}

function start(adapter: AdapterName, makeStores: MakeStores): Promise<RunningApplication> {
  const auth = AuthModule.forRoot({
    issuer: ISSUER,
    audience: 'accounts',
    keys: ownKey,
    users: Everyone,
    stores: { useFactory: (clock: Clock = new SystemClock()) => makeStores(clock) },
    // Each of the eight has a try: what decides is the use.
    signIn: { tries: 10 },
    // As long as may be: that a machine has much else to do is not what is tested.
    revocation: { timeout: '1s' },
    controllers: [tokenController({ steps: true }), clientTokenController({ clients: Clients })],
  });
  return startApplication(adapter, { imports: [SourcesModule, auth], controllers: [ResetController] });
}
