import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  Req,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AuthGuardFor,
  AuthError,
  AuthModule,
  JwtAuthGuard,
  Public,
  RequireScopes,
  TokenService,
} from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { RedirectToLogin } from 'nestjs-latchkey/browser';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';

const KEY = { 'x-key': 'k-1' };

const key = defineScheme<string>({
  name: 'key',
  sentBy: 'client',
  find: (request) => request.headerLines('x-key')[0],
  verify: async (text) => ({
    subject: { issuer: 'keys', id: text },
    kind: 'user',
    claims: {},
    scopes: ['read'],
    own: false,
  }),
});

function hasKey(context: ExecutionContext): boolean {
  return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-key'] === KEY['x-key'];
}

/** The instance that Nest itself calls if a route lists the class, as composite guards find it. */
function guardOfRoutes(modules: ModuleRef, guard: Type<CanActivate> = JwtAuthGuard): CanActivate {
  return modules.get<CanActivate>(guard, { strict: false });
}

/** Our guard, injected; else a key. */
@Injectable()
class TokenOrKeyGuard implements CanActivate {
  constructor(@Inject(JwtAuthGuard) private readonly tokens: CanActivate) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (hasKey(context)) return true;
    return (await this.tokens.canActivate(context)) === true;
  }
}

/** As `OrGuard([JwtAuthGuard, KeyGuard])` does it. */
@Injectable()
class EitherGuard implements CanActivate {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    return hasKey(context) || (await guardOfRoutes(this.modules).canActivate(context)) === true;
  }
}

/** As `AndGuard([JwtAuthGuard, KeyGuard])` does it. */
@Injectable()
class BothGuard implements CanActivate {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    return hasKey(context) && (await guardOfRoutes(this.modules).canActivate(context)) === true;
  }
}

/** Asks about contexts that it makes of Nest's. */
@Injectable()
class OwnContextGuard implements CanActivate {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const guard = guardOfRoutes(this.modules);
    const made = new ExecutionContextHost([...context.getArgs<unknown[]>()], context.getClass(), context.getHandler());
    const isLetIn = await Promise.all(
      [made, Object.create(context) as ExecutionContext].map(async (each) => guard.canActivate(each)),
    );
    return isLetIn.every((each) => each === true);
  }
}

/** Asks after all guards were asked. */
@Injectable()
class AskingInterceptor implements NestInterceptor {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async intercept(context: ExecutionContext, next: CallHandler) {
    if ((await guardOfRoutes(this.modules).canActivate(context)) !== true) throw new UnauthorizedException();
    return next.handle();
  }
}

const sent = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

interface Seen {
  readonly user?: { readonly id: string };
  readonly auth?: { readonly scheme: string };
}

function principalFields({ user, auth }: Seen) {
  return { user: user?.id ?? 'anonymous', scheme: auth?.scheme ?? 'none' };
}

@Controller('asked')
class AskedController {
  @UseGuards(TokenOrKeyGuard) @Get('injected') injected(@Req() request: Seen) {
    return principalFields(request);
  }
  @UseGuards(EitherGuard) @Get('either') either(@Req() request: Seen) {
    return principalFields(request);
  }
  @Public() @UseGuards(EitherGuard) @Get('public') open(@Req() request: Seen) {
    return principalFields(request);
  }
  @Public() @UseGuards(BothGuard) @Get('both') both(@Req() request: Seen) {
    return principalFields(request);
  }
  @AllowClients() @UseGuards(EitherGuard) @Get('clients') clients(@Req() request: Seen) {
    return principalFields(request);
  }
}

@UseGuards(JwtAuthGuard)
@Controller('listed')
class ListedController {
  @Public() @Get('public') open() {
    return {};
  }
  @Public() @UseGuards(EitherGuard) @Get('either') either(@Req() request: Seen) {
    return principalFields(request);
  }
  @Public() @UseGuards(OwnContextGuard) @Get('context') context(@Req() request: Seen) {
    return principalFields(request);
  }
  @Public() @UseInterceptors(AskingInterceptor) @Get('late') late(@Req() request: Seen) {
    return principalFields(request);
  }
  @UseGuards(AuthGuardFor('key')) @Get('nearer') nearer(@Req() request: Seen) {
    return principalFields(request);
  }
  @UseGuards(AuthGuardFor('key'), BothGuard) @Get('nearer-and-both') nearerAndBoth(@Req() request: Seen) {
    return principalFields(request);
  }
  @RequireScopes('read') @UseGuards(AuthGuardFor('key'), BothGuard) @Get('policy') policy() {
    return {};
  }
}

/** The composite is asked before Nest asks the guard itself. */
@UseGuards(EitherGuard, JwtAuthGuard)
@Controller('before')
class BeforeController {
  @Public() @Get() open(@Req() request: Seen) {
    return principalFields(request);
  }
}

/** Ours first; a key opens what ours refused. */
@Injectable()
class OursElseKeyGuard implements CanActivate {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return (await guardOfRoutes(this.modules).canActivate(context)) === true;
    } catch (error) {
      if (!hasKey(context)) throw error;
      return true;
    }
  }
}

@Public()
@UseGuards(OursElseKeyGuard)
@Controller('retried')
class RetriedController {
  @Get() open() {
    return {};
  }
  @RedirectToLogin() @Get('page') page() {
    return {};
  }
  @Get('cached') @Header('Cache-Control', 'public, max-age=60') cached() {
    return {};
  }
  @Get('missing') missing() {
    throw new NotFoundException();
  }
  @Get('verified') verified() {
    throw new AuthError('token_expired');
  }
}

@Module({ providers: [JwtAuthGuard, TokenOrKeyGuard], exports: [JwtAuthGuard, TokenOrKeyGuard] })
class GuardsModule {}

const CONTROLLERS = [AskedController, ListedController, BeforeController, RetriedController];

describe.each(ADAPTERS)('a guard of the library that is called by something other than Nest, on %s', (adapter) => {
  describe.each<[string, Parameters<typeof AuthModule.forRoot>[0]]>([
    ['without a default guard', { defaultGuard: false }],
    ['beside another default guard', { defaultGuard: AuthGuardFor('key', 'bearer') }],
  ])('%s', (_, options) => {
    let running: RunningApplication;
    let token: Record<string, string>;
    beforeAll(async () => {
      running = await startApplication(adapter, {
        imports: [AuthModule.forRoot({ schemes: [key], ...options }), GuardsModule],
        controllers: CONTROLLERS,
      });
      token = sent((await running.app.get(TokenService).issue('ada')).accessToken);
    });
    afterAll(() => running.close());
    const statusOf = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await running.fetch(path, { headers })).status;

    it.each(['/asked/injected', '/asked/either', '/asked/public', '/listed/either'])(
      'validates on %s, and the other half of a composite decides too',
      async (path) => {
        expect(await statusOf(path, {})).toBe(401);
        expect(await statusOf(path, { authorization: 'Bearer junk' })).toBe(401);
        expect(await statusOf(path, token)).toBe(200);
        expect(await statusOf(path, KEY)).toBe(200);
      },
    );

    it.each(['/listed/context', '/listed/late', '/before'])('validates on %s, however it is called', async (path) => {
      expect(await statusOf(path, {})).toBe(401);
      expect(await statusOf(path, { authorization: 'Bearer junk' })).toBe(401);
      expect(await statusOf(path, token)).toBe(200);
    });

    it('works as one half of a composite that requires both', async () => {
      expect(await statusOf('/asked/both', KEY)).toBe(401);
      expect(await statusOf('/asked/both', token)).toBe(403);
      expect(await statusOf('/asked/both', { ...KEY, ...token })).toBe(200);
      expect(await statusOf('/listed/nearer-and-both', KEY)).toBe(401);
      expect(await statusOf('/listed/nearer-and-both', { ...KEY, ...token })).toBe(200);
    });

    it('sets user and principal on the request, and nothing for a refused caller', async () => {
      const of = async (headers: Record<string, string>): Promise<unknown> =>
        (await running.fetch('/asked/public', { headers })).json();
      expect(await of(token)).toEqual({ user: 'ada', scheme: 'bearer' });
      expect(await of(KEY)).toEqual({ user: 'anonymous', scheme: 'none' });
      expect(await of({ ...KEY, authorization: 'Bearer junk' })).toEqual({ user: 'anonymous', scheme: 'none' });
    });

    it('checks the policies of the route, and its permissions', async () => {
      const tokens = running.app.get(TokenService);
      const withScopes = async (...scopes: string[]): Promise<Record<string, string>> => ({
        ...KEY,
        ...sent((await tokens.issue('ada', { scopes })).accessToken),
      });
      expect(await statusOf('/listed/policy', await withScopes('write'))).toBe(403);
      expect(await statusOf('/listed/policy', await withScopes('read'))).toBe(200);
      const client = sent((await tokens.issueForClient('robot', {})).accessToken);
      expect(await statusOf('/asked/public', client)).toBe(403);
      expect(await statusOf('/asked/clients', client)).toBe(200);
    });

    it('leaves no header of its refusal on another response', async () => {
      const of = async (path: string, headers: Record<string, string>): Promise<unknown> => {
        const answer = await running.fetch(path, { headers });
        const [challenge, cache, location] = ['www-authenticate', 'cache-control', 'location'].map((name) =>
          answer.headers.get(name),
        );
        return { status: answer.status, challenge, cache, location };
      };
      const nothing = { challenge: null, cache: null, location: null };
      const junk = { ...KEY, authorization: 'Bearer junk' };
      const page = { accept: 'text/html' };
      expect(await of('/retried', junk)).toEqual({ ...nothing, status: 200 });
      expect(await of('/retried/page', { ...KEY, ...page })).toEqual({ ...nothing, status: 200 });
      expect(await of('/retried/cached', junk)).toEqual({ ...nothing, status: 200, cache: 'public, max-age=60' });
      expect(await of('/retried/missing', junk)).toEqual({ ...nothing, status: 404 });
      const expired = 'Bearer realm="api", error="invalid_token", error_description="The token has expired."';
      expect(await of('/retried/verified', junk)).toEqual({
        ...nothing,
        status: 401,
        cache: 'no-store',
        challenge: expired,
      });
      const malformed = 'Bearer realm="api", error="invalid_token", error_description="The token is malformed."';
      const sent = { authorization: 'Bearer junk' };
      expect(await of('/retried', sent)).toEqual({ ...nothing, status: 401, cache: 'no-store', challenge: malformed });
      const location = '/login?next=%2Fretried%2Fpage';
      expect(await of('/retried/page', page)).toEqual({ ...nothing, status: 302, cache: 'no-store', location });
    });

    it('does nothing if Nest calls it and a nearer decorator decides', async () => {
      expect(await statusOf('/listed/public', { authorization: 'Bearer junk' })).toBe(200);
      expect(await statusOf('/listed/nearer', KEY)).toBe(200);
      expect(await statusOf('/listed/nearer', token)).toBe(401);
    });
  });
});
