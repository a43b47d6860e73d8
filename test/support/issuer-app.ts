// An application that issues tokens at an address of its own, so that clients find everything by nothing but the issuer's name.
import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AuthModule,
  JwtAuthGuard,
  RequireRecentAuth,
  RequireScopes,
  TokenService,
  type AuthModuleOptions,
  type TokenPair,
} from 'nestjs-latchkey';
import { tokenController, wellKnownController } from 'nestjs-latchkey/controllers';
import { type AdapterName, SILENT } from './applications.js';
import { People } from './recording-app.js';
import { freePort } from './database-server.js';

export const AUDIENCE = 'https://courses.example';

@UseGuards(JwtAuthGuard)
@Controller('guarded')
class GuardedController {
  @Get('plain') plain() {
    return {};
  }

  @RequireScopes('grades:write', 'grades:read') @Get('scoped') scoped() {
    return {};
  }

  @RequireRecentAuth('5m') @Get('recent') recent() {
    return {};
  }
}

@Module({ providers: [People], exports: [People] })
class PeopleModule {}

export interface IssuingApp {
  readonly app: INestApplication;
  readonly issuer: string;
  readonly tokens: TokenService;
  readonly people: People;
  /** Signs a user in: `ada`, or `grace`, who is staff. */
  signIn(id?: string, options?: Parameters<TokenService['issue']>[1]): Promise<TokenPair>;
  close(): Promise<void>;
}

/** Starts it with the token and well-known routes. The issuer is its address. */
export async function startIssuingApp(adapter: AdapterName, options: AuthModuleOptions = {}): Promise<IssuingApp> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const controllers = [tokenController(), wellKnownController()];
  const auth = AuthModule.forRoot({ issuer, audience: AUDIENCE, users: People, controllers, ...options });
  class IssuingModule {}
  const module = { module: IssuingModule, imports: [PeopleModule, auth], controllers: [GuardedController] };
  const given = { logger: SILENT, abortOnError: false };
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(module, new FastifyAdapter(), given)
      : await NestFactory.create(module, given);
  await app.listen(port, '127.0.0.1');
  const [tokens, people] = [app.get(TokenService), app.get(People, { strict: false })];
  return {
    app,
    issuer,
    tokens,
    people,
    // The users of this test have a type of their own.
    signIn: (id = 'ada', how = {}) => tokens.issue(people.of(id) as never, how),
    close: () => app.close(),
  };
}
