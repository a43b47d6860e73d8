// The challenges of a refusal: those of the schemes that the route accepts, the reason on the one that was refused.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  AuthGuardFor,
  AuthConfigurationError,
  AuthError,
  AuthModule,
  JwtAuthGuard,
  memoryStores,
  Public,
  RequireScopes,
  TokenService,
  type AuthModuleOptions,
} from 'nestjs-latchkey';
import { defineScheme, type Scheme } from 'nestjs-latchkey/schemes';
import { TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../../support/applications.js';
import { ISSUER } from '../../support/recording-app.js';

/** A password in every request. `good` is the only valid one. */
function passwordScheme(name: string, header: string, challenge?: string): Scheme {
  return defineScheme<string>({
    name,
    sentBy: 'client',
    find: (request) => request.headerLines(header)[0],
    verify: async (password) => {
      if (password !== 'good') throw new AuthError('token_invalid');
      return { subject: { issuer: 'partners', id: 'p-1' }, kind: 'user', claims: {}, scopes: [], own: false };
    },
    ...(challenge === undefined ? {} : { challenge }),
  });
}

const basic = passwordScheme('basic', 'x-basic', 'Basic');
const quiet = passwordScheme('quiet', 'x-quiet');

class SternGuard extends AuthGuardFor('basic') {
  protected override handleRequest(): never {
    throw new AuthError('unauthenticated');
  }
}

@Controller()
class Routes {
  @UseGuards(AuthGuardFor('basic')) @Get('basic') basic() {}
  @UseGuards(AuthGuardFor('bearer', 'basic')) @Get('both') both() {}
  @UseGuards(AuthGuardFor('quiet')) @Get('quiet') quiet() {}
  @UseGuards(AuthGuardFor('quiet', 'basic')) @Get('quiet-or-basic') quietOrBasic() {}
  @UseGuards(AuthGuardFor('bearer', 'basic')) @RequireScopes('x:write') @Get('scoped') scoped() {}
  @UseGuards(SternGuard) @Get('stern') stern() {}
  @UseGuards(JwtAuthGuard) @Get('bearer') bearer() {}

  constructor(private readonly tokens: TokenService) {}

  @UseGuards(AuthGuardFor('basic')) @Get('service') service() {
    return this.tokens.verify('x', { kind: 'access' });
  }

  @Public() @Get('public') open() {
    return this.tokens.verify('x', { kind: 'access' });
  }
}

const running: RunningApplication[] = [];

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

async function start(adapter: AdapterName, options: AuthModuleOptions = {}): Promise<RunningApplication> {
  const app = await startApplication(adapter, {
    imports: [
      AuthModule.forRoot({
        issuer: ISSUER,
        audience: 'accounts',
        stores: memoryStores(),
        schemes: [basic, quiet],
        ...options,
      }),
    ],
    controllers: [Routes],
  });
  running.push(app);
  return app;
}

const because = 'error="invalid_token", error_description="The token is not valid."';

describe.each(ADAPTERS)('The challenge on %s', (adapter) => {
  const challengeAt = async (app: RunningApplication, path: string, headers: Record<string, string> = {}) => {
    const response = await app.fetch(path, { headers });
    return `${response.status} ${response.headers.get('www-authenticate')}`;
  };

  it('is that of the one scheme that the route accepts', async () => {
    const app = await start(adapter);
    expect(await challengeAt(app, '/basic')).toBe('401 Basic realm="api"');
    expect(await challengeAt(app, '/basic', { 'x-basic': 'bad' })).toBe(`401 Basic realm="api", ${because}`);
    expect(await challengeAt(app, '/bearer')).toBe('401 Bearer realm="api"');
  });

  it('is one of each of several schemes, with the reason on the refused one', async () => {
    const app = await start(adapter);
    expect(await challengeAt(app, '/both')).toBe('401 Bearer realm="api", Basic realm="api"');
    expect(await challengeAt(app, '/both', { 'x-basic': 'bad' })).toBe(
      `401 Bearer realm="api", Basic realm="api", ${because}`,
    );
    expect(await challengeAt(app, '/both', { authorization: 'Bearer x' })).toBe(
      '401 Bearer realm="api", error="invalid_token", error_description="The token is malformed.", Basic realm="api"',
    );
  });

  it('does not ask for a password if the scheme does not', async () => {
    const app = await start(adapter);
    expect(await challengeAt(app, '/quiet')).toBe('401 Bearer realm="api"');
    expect(await challengeAt(app, '/quiet-or-basic', { 'x-quiet': 'bad' })).toBe('401 Basic realm="api"');
  });

  it('for a missing scope is that of the scheme of the caller alone', async () => {
    const app = await start(adapter);
    const token = await TokenFactory.of(app.app).valid('ada', { scopes: [] });
    const lacking =
      'error="insufficient_scope", error_description="The token lacks a scope that this resource requires.", scope="x:write"';
    expect(await challengeAt(app, '/scoped', { authorization: `Bearer ${token}` })).toBe(
      `403 Bearer realm="api", ${lacking}`,
    );
    expect(await challengeAt(app, '/scoped', { 'x-basic': 'good' })).toBe(`403 Basic realm="api", ${lacking}`);
  });

  it('is that of the route if handleRequest() throws an error of its own', async () => {
    const app = await start(adapter);
    expect(await challengeAt(app, '/stern')).toBe('401 Basic realm="api"');
  });

  it('from a service is that of bearer tokens, also behind a scheme with a password', async () => {
    const app = await start(adapter);
    const malformed = 'Bearer realm="api", error="invalid_token", error_description="The token is malformed."';
    expect(await challengeAt(app, '/public')).toBe(`401 ${malformed}`);
    expect(await challengeAt(app, '/service', { 'x-basic': 'good' })).toBe(`401 ${malformed}`);
  });
});

describe('A scheme with an invalid challenge', () => {
  it('is refused at boot', async () => {
    const wrong = passwordScheme('basic', 'x-basic', 'Basic realm="mine"');
    const boot = startApplication('fastify', { imports: [AuthModule.forRoot({ schemes: [wrong] })] });
    await expect(boot).rejects.toThrow(AuthConfigurationError);
    await expect(boot).rejects.toThrow(/'basic' has the challenge 'Basic realm="mine"'/);
  });
});
