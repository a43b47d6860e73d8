// Refusals beside the exception filters that applications have: status, headers and code are the same whatever filter runs.
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type DynamicModule,
  type ExceptionFilter,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { AuthError, AuthModule, Public, TokenService, type AuthModuleOptions } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../../support/applications.js';
import { AllExceptionsFilter } from '../../support/catch-all-filter.js';
import { ISSUER, People } from '../../support/recording-app.js';

/** As the documentation's `HttpExceptionFilter`: by the response of the framework, without the adapter. */
@Catch(HttpException)
class EnvelopeFilter implements ExceptionFilter<HttpException> {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: object): unknown } }>();
    const status = exception.getStatus();
    response.status(status).send({ envelope: true, statusCode: status, said: exception.getResponse() });
  }
}

@Injectable()
class OwnGuard implements CanActivate {
  @Inject(TokenService) private readonly tokens!: TokenService;

  async canActivate(): Promise<boolean> {
    await this.tokens.verify('x', { kind: 'access' });
    return true;
  }
}

class Routes {
  @Inject(TokenService) readonly tokens!: TokenService;

  @Get('guarded') guarded() {
    return {};
  }

  @Public() @Get('verify') verify() {
    return this.tokens.verify('x', { kind: 'access' });
  }

  @Public() @Get('refresh') refresh() {
    return this.tokens.refresh('bad');
  }

  @Public() @Get('foreign') foreign() {
    throw ofAnotherCopy();
  }

  @Public() @UseGuards(OwnGuard) @Get('own-guard') ownGuard() {
    return {};
  }

  @Public() @Get('broken') broken() {
    throw new Error('SELECT * FROM secrets');
  }
}

/** As another copy of the package in `node_modules` makes it: other classes, the same words. */
function ofAnotherCopy(): Error {
  class AuthError extends Error {
    readonly code = 'token_expired';
    readonly publicCode = 'token_expired';
    readonly status = 401;
    readonly challenge = 'invalid_token';
    readonly isUnavailable = false;
    get [Symbol.for('nestjs-latchkey:AuthError')]() {
      return true;
    }
  }
  return new AuthError('The token has expired.');
}

@Controller()
class PlainController extends Routes {}

const catchAllInstance = (app: INestApplication) => new AllExceptionsFilter(app.get(HttpAdapterHost));

@Controller()
@UseFilters(AllExceptionsFilter)
class FilteredController extends Routes {}

interface Registration {
  readonly name: string;
  readonly controller?: Type<unknown>;
  readonly configure?: (app: INestApplication) => unknown;
  readonly providers?: readonly unknown[];
  /** Whether it is asked about routes that no filter is named on. */
  readonly everywhere: boolean;
}

const REGISTRATIONS: readonly Registration[] = [
  {
    name: 'a catch-all filter by useGlobalFilters()',
    configure: (app) => app.useGlobalFilters(catchAllInstance(app)),
    everywhere: true,
  },
  {
    name: 'a catch-all filter by APP_FILTER',
    providers: [{ provide: APP_FILTER, useClass: AllExceptionsFilter }],
    everywhere: true,
  },
  { name: 'a catch-all filter at the controller', controller: FilteredController, everywhere: false },
  {
    name: 'an envelope for HttpException by useGlobalFilters()',
    configure: (app) => app.useGlobalFilters(new EnvelopeFilter()),
    everywhere: true,
  },
  {
    name: 'an envelope for HttpException by APP_FILTER',
    providers: [{ provide: APP_FILTER, useClass: EnvelopeFilter }],
    everywhere: true,
  },
];

const open: RunningApplication[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

interface Started {
  readonly app: RunningApplication;
  readonly people: People;
  answerOf(path: string, init?: RequestInit): Promise<Answered>;
}

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly challenge: string | null;
  readonly retryAfter: string | null;
  readonly cacheControl: string | null;
}

async function start(
  adapter: AdapterName,
  registration: Partial<Registration>,
  options: AuthModuleOptions = {},
): Promise<Started> {
  const app = await startApplication(adapter, {
    imports: [authOf(options)],
    controllers: [registration.controller ?? PlainController],
    providers: [People, OwnGuard, ...((registration.providers ?? []) as Type<unknown>[])],
    ...(registration.configure === undefined ? {} : { configure: registration.configure }),
  });
  open.push(app);
  return { app, people: app.app.get(People), answerOf: async (path, init) => answered(await app.fetch(path, init)) };
}

function authOf(options: AuthModuleOptions): DynamicModule {
  const controllers = [tokenController()];
  return AuthModule.forRoot({ issuer: ISSUER, audience: 'accounts', users: People, controllers, ...options });
}

async function answered(response: Response): Promise<Answered> {
  const { headers, status } = response;
  return {
    status,
    body: (await response.json()) as Record<string, unknown>,
    challenge: headers.get('www-authenticate'),
    retryAfter: headers.get('retry-after'),
    cacheControl: headers.get('cache-control'),
  };
}

const signIn = (username: string, password: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ username, password }),
});

const malformed = 'Bearer realm="api", error="invalid_token", error_description="The token is malformed."';

describe.each(ADAPTERS)('On %s', (adapter) => {
  describe.each(REGISTRATIONS)('beside $name, a refusal keeps status, headers and code', (registration) => {
    const said = (errorCode: string) => ({ envelope: true, said: expect.objectContaining({ errorCode }) as unknown });

    it('if a guard refuses', async () => {
      const { answerOf } = await start(adapter, registration);
      expect(await answerOf('/guarded')).toMatchObject({
        status: 401,
        challenge: 'Bearer realm="api"',
        cacheControl: 'no-store',
        body: said('unauthenticated'),
      });
    });

    it('if a service refuses in a handler', async () => {
      const { answerOf } = await start(adapter, registration);
      const wanted = { status: 401, challenge: malformed, cacheControl: 'no-store', body: said('token_malformed') };
      expect(await answerOf('/verify')).toMatchObject(wanted);
      expect(await answerOf('/refresh')).toMatchObject(wanted);
    });

    it('if the error comes from another copy of the package', async () => {
      const { answerOf } = await start(adapter, registration);
      expect(await answerOf('/foreign')).toMatchObject({
        status: 401,
        challenge: expect.stringContaining('error="invalid_token"'),
        body: said('token_expired'),
      });
    });

    it('if a guard of the application lets a service refuse', async () => {
      const { answerOf } = await start(adapter, registration);
      expect(await answerOf('/own-guard')).toMatchObject({ status: 401, body: said('token_malformed') });
    });

    if (registration.everywhere) {
      it('if a ready-made controller refuses, or the user source is down', async () => {
        const { answerOf, people } = await start(adapter, registration);
        expect(await answerOf('/auth/token', signIn('ada', 'wrong'))).toMatchObject({
          status: 401,
          challenge: 'Bearer realm="api"',
          cacheControl: 'no-store',
          body: said('invalid_credentials'),
        });
        people.down = true;
        expect(await answerOf('/auth/token', signIn('ada', 'wrong'))).toMatchObject({
          status: 503,
          retryAfter: '1',
          cacheControl: 'no-store',
          body: said('users_unavailable'),
        });
      });
    }

    it('and other errors stay unchanged', async () => {
      const { answerOf } = await start(adapter, registration);
      const { status, challenge, cacheControl } = await answerOf('/broken');
      expect({ status, challenge, cacheControl }).toEqual({ status: 500, challenge: null, cacheControl: null });
    });
  });

  it('a filter for AuthError receives it', async () => {
    const seen: unknown[] = [];
    @Catch(AuthError)
    class Filter extends EnvelopeFilter {
      override catch(exception: HttpException, host: ArgumentsHost): void {
        seen.push(exception);
        // oxlint-disable-next-line promise/valid-params -- this is a filter, not a promise
        super.catch(exception, host);
      }
    }
    const { answerOf } = await start(adapter, { configure: (app) => app.useGlobalFilters(new Filter()) });
    expect(await answerOf('/verify')).toMatchObject({ status: 401, challenge: malformed });
    expect(seen).toEqual([expect.any(AuthError)]);
  });

  it('an application without filters answers as before', async () => {
    const { answerOf } = await start(adapter, {});
    expect(await answerOf('/verify')).toMatchObject({
      status: 401,
      challenge: malformed,
      cacheControl: 'no-store',
      body: { statusCode: 401, error: 'Unauthorized', errorCode: 'token_malformed' },
    });
    expect(await answerOf('/own-guard')).toMatchObject({ status: 401, challenge: malformed });
  });

  it.each([
    ['an envelope', { configure: (app: INestApplication) => app.useGlobalFilters(new EnvelopeFilter()) }],
    ['no filter', {}],
  ])('beside %s, ready-made controllers of a second configuration refuse in its format', async (...[, given]) => {
    const second = {
      name: 'admin',
      audience: 'admin',

      users: People,
      errors: { realm: 'admin' },
    };
    const app = await startApplication(adapter, {
      imports: [authOf({}), AuthModule.forRoot({ ...second, controllers: [tokenController({ path: 'admin/token' })] })],
      providers: [People],
      ...given,
    });
    open.push(app);
    const challengeAt = async (path: string) => {
      const { headers, status } = await app.fetch(path, signIn('ada', 'wrong'));
      return `${status} ${headers.get('www-authenticate')}`;
    };
    expect(await challengeAt('/admin/token')).toBe('401 Bearer realm="admin"');
    expect(await challengeAt('/auth/token')).toBe('401 Bearer realm="api"');
  });
});
