import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import {
  AuthConfigurationError,
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  CurrentUser,
  JwtAuthGuard,
  memoryStores,
  SystemClock,
  TokenService,
  type AuthModuleStructure,
  type Principal,
  type Verified,
} from 'nestjs-latchkey';
import { ExternalUserSource, type TrustOptions } from 'nestjs-latchkey/issuers';
import { OwnKeys } from 'nestjs-latchkey/keys';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import { startApplication, type RunningApplication, type StartOptions } from '../../support/applications.js';

const ISSUER = 'https://accounts.example';

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  @Get() me(@CurrentUser() user: unknown, @CurrentPrincipal() { subject, roles }: Principal) {
    return { user, subject, roles };
  }
}

/** One pair of stores for both services, as one database would be. */
async function oneDatabase(): Promise<StoresFactory> {
  const stores = await memoryStores().useFactory(new SystemClock());
  return { useFactory: () => stores };
}

const running: RunningApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function start(options: StartOptions): Promise<RunningApplication> {
  const app = await startApplication('fastify', options);
  running.push(app);
  return app;
}

/** The service that issues, and what another one has to configure to trust it. */
async function accountsWith(stores: StoresFactory) {
  const accounts = await start({ imports: [AuthModule.forRoot({ issuer: ISSUER, audience: 'courses', stores })] });
  const jwks = accounts.app.get(OwnKeys).publicJwks();
  const trust: TrustOptions = { issuer: ISSUER, audience: 'courses', keys: { jwks: { keys: [...jwks.keys] } } };
  const issue = async (id: string) => {
    const pair = await accounts.app.get(TokenService).issue(id);
    return pair.accessToken;
  };
  return { accounts, trust, issue };
}

async function coursesWith(
  trust: TrustOptions,
  structure: AuthModuleStructure = {},
  modules: StartOptions['imports'] = [],
) {
  const imports = [AuthModule.forRoot({ trust: [trust], ...structure }), ...modules];
  return start({ imports, controllers: [MeController] });
}

const call = (app: RunningApplication, token: string) =>
  app.fetch('/me', { headers: { authorization: `Bearer ${token}` } });

describe('A service that only verifies', () => {
  it('uses the token itself as the user, by issuer and subject', async () => {
    const { trust, issue } = await accountsWith(await oneDatabase());
    const courses = await coursesWith(trust);
    const response = await call(courses, await issue('ada'));
    expect(await response.json()).toEqual({
      user: { id: 'ada', issuer: ISSUER },
      subject: { id: 'ada', issuer: ISSUER },
      roles: [],
    });
  });

  it('does not see the revocations of the issuer, unless both share a store', async () => {
    const database = await oneDatabase();
    const { accounts, trust, issue } = await accountsWith(database);
    const [apart, sharing] = [await coursesWith(trust), await coursesWith(trust, { stores: database })];
    const [ada, bob] = [await issue('ada'), await issue('bob')];
    expect([(await call(apart, ada)).status, (await call(sharing, ada)).status]).toEqual([200, 200]);
    await accounts.app.get(TokenService).revoke(ada);
    await accounts.app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'bob' });
    expect([(await call(apart, ada)).status, (await call(sharing, ada)).status]).toEqual([200, 401]);
    expect([(await call(apart, bob)).status, (await call(sharing, bob)).status]).toEqual([200, 401]);
  });

  it('issues nothing', async () => {
    const { trust } = await accountsWith(await oneDatabase());
    const courses = await coursesWith(trust);
    await expect(courses.app.get(TokenService).issue('ada')).rejects.toThrow(AuthConfigurationError);
  });

  it('refuses refresh tokens of the issuer as access tokens', async () => {
    const { accounts, trust } = await accountsWith(await oneDatabase());
    const courses = await coursesWith(trust);
    const { refreshToken } = await accounts.app.get(TokenService).issue('ada');
    expect((await call(courses, refreshToken)).status).toBe(401);
  });
});

describe('A service with users of its own for external tokens', () => {
  @Injectable()
  class Learners extends ExternalUserSource<{ learner: string }> {
    override async resolve({ subject }: Verified) {
      return subject.id === 'ada' ? { learner: `${subject.issuer}#${subject.id}` } : undefined;
    }

    override describe({ learner }: { learner: string }) {
      return { id: learner, active: true, roles: ['learner'] };
    }
  }

  @Module({ providers: [Learners], exports: [Learners] })
  class LearnersModule {}

  it('finds users by issuer and subject, and refuses unknown ones', async () => {
    const { trust, issue } = await accountsWith(await oneDatabase());
    const courses = await coursesWith(trust, { externalUsers: Learners }, [LearnersModule]);
    const known = await call(courses, await issue('ada'));
    expect(await known.json()).toMatchObject({ user: { learner: `${ISSUER}#ada` }, roles: ['learner'] });
    expect((await call(courses, await issue('bob'))).status).toBe(401);
  });
});

describe('A wrong configuration of external issuers', () => {
  it('is reported at boot together with all other problems', async () => {
    const wrong = { issuer: ISSUER, audience: 'courses', keys: { jwksUri: 'http://accounts.example/jwks' } };
    const module = AuthModule.forRoot({ trust: [wrong, wrong], clockTolerance: '5m' });
    const boot = startApplication('fastify', { imports: [module] });
    await expect(boot).rejects.toThrow(/clockTolerance[\s\S]*trust\[0\]\.keys|trust\[0\]\.keys[\s\S]*clockTolerance/);
  });

  it('must not be this service itself', async () => {
    const own = { issuer: ISSUER, audience: 'courses', keys: { jwksUri: `${ISSUER}/jwks` } };
    const module = AuthModule.forRoot({ issuer: ISSUER, audience: 'courses', trust: [own] });
    await expect(startApplication('fastify', { imports: [module] })).rejects.toThrow(/trusted twice/);
  });
});
