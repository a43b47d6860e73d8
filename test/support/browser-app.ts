// An application for browsers: users who sign in by cookie or by session, and an account page for any of their schemes.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { Body, Controller, Get, Injectable, Module, Post, UseGuards, type INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import expressSession from 'express-session';
import {
  AuthGuardFor,
  CurrentPrincipal,
  AuthModule,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  SessionAuthGuard,
  SessionOrJwtGuard,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type Principal,
} from 'nestjs-latchkey';
import { cookieController, csrfController, sessionController, tokenController } from 'nestjs-latchkey/controllers';
import { startApplication, type AdapterName, type RunningApplication, type StartOptions } from './applications.js';
import { UserDirectory, type Person } from './user-directory.js';

export { PASSWORD, type Person } from './user-directory.js';

export const ISSUER = 'https://app.test';

/** ada and bob, and lin, who is inactive. */
@Injectable()
export class People extends UserDirectory {
  constructor() {
    const scopes = ['motto:write'];
    super([
      { id: 'ada', scopes },
      { id: 'bob', scopes },
      { id: 'lin', scopes, active: false },
    ]);
  }
}

@Module({ providers: [People], exports: [People] })
export class PeopleModule {}

const answer = (person: Person | undefined, auth: Principal | undefined) => ({
  username: person?.id ?? null,
  motto: person?.motto ?? null,
  scheme: auth?.scheme ?? null,
});

@UseGuards(SessionOrJwtGuard)
@Controller('account')
class AccountController {
  @Get() account(@CurrentUser() person: Person, @CurrentPrincipal() auth: Principal) {
    return answer(person, auth);
  }

  @Post('motto') motto(
    @CurrentUser() person: Person,
    @CurrentPrincipal() auth: Principal,
    @Body('motto') motto: string,
  ) {
    person.motto = motto;
    return answer(person, auth);
  }

  @OptionalAuth() @Get('optional') optional(@CurrentUser() person: Person, @CurrentPrincipal() auth: Principal) {
    return answer(person, auth);
  }

  @OptionalAuth() @Post('optional') tryOptional(@CurrentUser() person: Person, @CurrentPrincipal() auth: Principal) {
    return answer(person, auth);
  }

  @Public() @Post('open') open() {
    return { open: true };
  }

  @UseGuards(JwtAuthGuard) @Get('jwt') jwt(@CurrentUser() person: Person, @CurrentPrincipal() auth: Principal) {
    return answer(person, auth);
  }

  @UseGuards(SessionAuthGuard) @Get('session') session(
    @CurrentUser() person: Person,
    @CurrentPrincipal() auth: Principal,
  ) {
    return answer(person, auth);
  }

  @UseGuards(AuthGuardFor('bearer')) @Get('header') header(
    @CurrentUser() person: Person,
    @CurrentPrincipal() auth: Principal,
  ) {
    return answer(person, auth);
  }

  @UseGuards(AuthGuardFor('cookie')) @Get('cookie') cookie(
    @CurrentUser() person: Person,
    @CurrentPrincipal() auth: Principal,
  ) {
    return answer(person, auth);
  }
}

export interface BrowserAppOptions extends AuthModuleOptions {
  readonly structure?: AuthModuleStructure;
  readonly configure?: (app: INestApplication) => unknown;
  /** Registers the session middleware of the framework. @defaultValue true */
  readonly sessions?: boolean;
  readonly controllers?: StartOptions['controllers'];
  /** The ready-made controllers. @defaultValue all for tokens, cookies, CSRF and sessions */
  readonly ready?: AuthModuleStructure['controllers'];
  readonly providers?: StartOptions['providers'];
  readonly imports?: StartOptions['imports'];
  readonly log?: StartOptions['log'];
}

export const SESSION_COOKIE = 'sid';

/** Registers the session of the framework as an application would; ten minutes, over plain http for the test. */
export async function registerSessions(app: INestApplication, adapter: AdapterName, store?: unknown): Promise<void> {
  const secret = 'a secret of the test for sessions, long enough';
  const kept = store === undefined ? {} : { store: store as never };
  const cookie = { secure: false, httpOnly: true, sameSite: 'lax', path: '/', maxAge: 600_000 } as const;
  if (adapter === 'express') {
    app.use(expressSession({ name: SESSION_COOKIE, secret, resave: false, saveUninitialized: false, cookie, ...kept }));
    return;
  }
  const fastify = app as NestFastifyApplication;
  await fastify.register(fastifyCookie as never);
  await fastify.register(
    fastifySession as never,
    { cookieName: SESSION_COOKIE, secret, saveUninitialized: false, rolling: false, cookie, ...kept } as never,
  );
}

/** Starts it with cookies, sessions and all ready-made controllers. */
export async function startBrowserApp(
  adapter: AdapterName,
  {
    structure = {},
    configure,
    sessions = true,
    controllers = [],
    ready = [tokenController(), cookieController(), csrfController(), ...(sessions ? [sessionController()] : [])],
    providers = [],
    imports = [],
    log,
    ...options
  }: BrowserAppOptions = {},
): Promise<RunningApplication> {
  const auth = AuthModule.forRoot({
    issuer: ISSUER,
    audience: 'app',
    cookies: {},
    ...(sessions ? { session: {} } : undefined),
    // The users of this test have a type of their own.
    users: People as never,
    controllers: ready,
    ...options,
    ...structure,
  });
  return startApplication(adapter, {
    imports: [PeopleModule, ...imports, auth],
    controllers: [AccountController, ...controllers],
    providers,
    ...(log === undefined ? undefined : { log }),
    configure: async (app) => {
      if (sessions) await registerSessions(app, adapter);
      await configure?.(app);
    },
  });
}
