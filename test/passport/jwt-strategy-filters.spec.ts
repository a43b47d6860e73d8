// Refusals of `AuthGuard('jwt')` beside a catch-all filter of the application: status and headers are those of our own guards.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UnauthorizedException, UseGuards, type INestApplication, type Type } from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { AuthGuard, PassportModule } from '@nestjs/passport';
import { AuthModule, TokenService, type AuthModuleOptions } from 'nestjs-latchkey';
import { BlocklistStore } from 'nestjs-latchkey/stores';
import { PassportJwtModule } from 'nestjs-latchkey/passport';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';
import { AllExceptionsFilter } from '../support/catch-all-filter.js';
import { BareGuard, ContinuingGuard, KeyStrategy } from '../support/passport-guards.js';

@Controller()
class Routes {
  @UseGuards(AuthGuard('jwt')) @Get('jwt') jwt() {
    return {};
  }

  @UseGuards(AuthGuard(['jwt', 'other'])) @Get('either') either() {
    return {};
  }

  @UseGuards(AuthGuard(['jwt', 'other'])) @Get('throws') throws() {
    throw new UnauthorizedException();
  }

  @UseGuards(AuthGuard(['jwt', 'other']), BareGuard) @Get('guard-throws') guardThrows() {
    return {};
  }

  @UseGuards(ContinuingGuard) @Get('goes-on') goesOn() {
    throw new UnauthorizedException();
  }
}

@Controller()
class UnguardedRoutes {
  @Get('jwt') jwt() {
    return {};
  }
}

let running: RunningApplication | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Given extends AuthModuleOptions {
  readonly controller?: Type<unknown>;
  readonly providers?: readonly { provide: unknown; useClass: Type<unknown> }[];
}

async function start(adapter: AdapterName, { controller = Routes, providers = [], ...options }: Given = {}) {
  running = await startApplication(adapter, {
    imports: [PassportModule, PassportJwtModule, AuthModule.forRoot({ defaultGuard: false, ...options })],
    controllers: [controller],
    providers: [KeyStrategy, ...(providers as unknown as Type<unknown>[])],
    configure: (app: INestApplication) => app.useGlobalFilters(new AllExceptionsFilter(app.get(HttpAdapterHost))),
  });
  const { app, fetch } = running;
  const { accessToken } = await app.get(TokenService).issue('ada');
  return { app, bearer: { authorization: `Bearer ${accessToken}` }, ask: answersOf(fetch) };
}

type Headers = Readonly<Record<string, string>>;

function answersOf(fetchFrom: RunningApplication['fetch']) {
  return async (path: string, given: Headers = {}) => {
    const response = await fetchFrom(path, { headers: given });
    const { status, headers } = response;
    return {
      status,
      body: (await response.json()) as unknown,
      challenge: headers.get('www-authenticate'),
      cacheControl: headers.get('cache-control'),
      retryAfter: headers.get('retry-after'),
      type: headers.get('content-type'),
    };
  };
}

const MALFORMED = 'Bearer realm="api", error="invalid_token", error_description="The token is malformed."';

describe.each(ADAPTERS)("beside a catch-all filter on %s, AuthGuard('jwt')", (adapter) => {
  it.each<[string, Headers, string]>([
    ['nothing', {}, 'Bearer realm="api"'],
    ['a bad token', { authorization: 'Bearer a.b.c' }, MALFORMED],
  ])('answers %s with the challenge, and forbids caching, also in a chain', async (_, headers, challenge) => {
    const { ask } = await start(adapter);
    const wanted = { status: 401, challenge, cacheControl: 'no-store', body: { envelope: true, statusCode: 401 } };
    expect(await ask('/jwt', headers)).toMatchObject(wanted);
    expect(await ask('/either', headers)).toMatchObject(wanted);
  });

  it('answers 503 with Retry-After and with the code if the blocklist is down', async () => {
    const { app, ask, bearer } = await start(adapter);
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    for (const path of ['/jwt', '/either']) {
      expect(await ask(path, { ...bearer, 'x-api-key': 'k-1' })).toMatchObject({
        status: 503,
        retryAfter: '1',
        cacheControl: 'no-store',
        body: { envelope: true, said: { errorCode: 'store_unavailable' } },
      });
    }
  });

  it('does the same as the guard of the whole application', async () => {
    const providers = [{ provide: APP_GUARD, useClass: AuthGuard('jwt') }];
    const { app, ask, bearer } = await start(adapter, { controller: UnguardedRoutes, providers });
    expect(await ask('/jwt')).toMatchObject({ status: 401, challenge: 'Bearer realm="api"', cacheControl: 'no-store' });
    expect(await ask('/jwt', bearer)).toMatchObject({ status: 200, challenge: null, cacheControl: null });
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    expect(await ask('/jwt', bearer)).toMatchObject({ status: 503, retryAfter: '1', cacheControl: 'no-store' });
  });

  it.each(['/throws', '/guard-throws', '/goes-on'])(
    'sends no challenge with a 401 of %s after it accepted the caller',
    async (path) => {
      const { ask } = await start(adapter);
      const answer = await ask(path, { 'x-api-key': 'k-1', authorization: 'Bearer junk' });
      expect(answer).toMatchObject({ status: 401, challenge: null, cacheControl: null });
    },
  );

  it('does not label the body of the filter as problem details', async () => {
    const { ask } = await start(adapter, { errors: { format: 'problem' } });
    const { status, challenge, type } = await ask('/jwt');
    expect({ status, challenge }).toEqual({ status: 401, challenge: 'Bearer realm="api"' });
    expect(type).toContain('application/json');
  });
});
