// What an override of a guard in a test reaches: each row of the table in docs/testing.md.
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  authConfiguration,
  AuthModule,
  CurrentUser,
  DefaultAuthGuard,
  JwtAuthGuard,
  RequireScopes,
  SessionOrJwtGuard,
  type AuthUser,
} from 'nestjs-latchkey';
import { AuthTestingModule } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication } from '../../support/applications.js';
import { registerSessions } from '../../support/browser-app.js';

const admin = authConfiguration('admin');

@Injectable()
class OwnGuard extends JwtAuthGuard {}

@Controller()
class RoutesController {
  @Get('unstated') unstated() {
    return {};
  }
  @UseGuards(JwtAuthGuard) @RequireScopes('write') @Get('jwt') jwt(@CurrentUser() user: AuthUser | undefined) {
    return { user: user ?? null };
  }
  @UseGuards(OwnGuard) @Get('own') own() {
    return {};
  }
  @UseGuards(SessionOrJwtGuard) @Get('either') either() {
    return {};
  }
  @UseGuards(AuthGuardFor('bearer')) @Get('any-of') anyOf() {
    return {};
  }
  @UseGuards(JwtAuthGuard, AuthGuardFor('bearer')) @Get('two') two() {
    return {};
  }
  @UseGuards(admin.JwtAuthGuard) @Get('admin') admin() {
    return {};
  }
}

const PATHS = ['unstated', 'jwt', 'own', 'either', 'any-of', 'two', 'admin'];
const openToAll = { canActivate: () => true };

type Prepare = (builder: TestingModuleBuilder) => TestingModuleBuilder;

const guard =
  (overridden: unknown): Prepare =>
  (builder) =>
    builder.overrideGuard(overridden).useValue(openToAll);
const provider =
  (overridden: unknown): Prepare =>
  (builder) =>
    builder.overrideProvider(overridden).useValue(openToAll);

describe.each(ADAPTERS)('an override in a test on %s', (adapter) => {
  const start = (prepare: Prepare) =>
    startApplication(adapter, {
      imports: [
        AuthModule.forRoot({ audience: 'shop', session: {} }),
        AuthModule.forRoot({ name: admin.name, audience: 'shop-admin' }),
      ],
      controllers: [RoutesController],
      prepare,
      configure: (app) => registerSessions(app, adapter),
    });

  it.each<[string, Prepare, readonly string[]]>([
    ['nothing', (builder) => builder, []],
    ['overrideGuard(JwtAuthGuard)', guard(JwtAuthGuard), ['jwt']],
    ['overrideGuard(OwnGuard)', guard(OwnGuard), ['own']],
    ['overrideGuard(SessionOrJwtGuard)', guard(SessionOrJwtGuard), ['either']],
    ["overrideGuard(AuthGuardFor('bearer'))", guard(AuthGuardFor('bearer')), ['any-of']],
    ["overrideGuard(AuthGuardFor('bearer', 'session'))", guard(AuthGuardFor('bearer', 'session')), []],
    [
      'both guards of a route',
      (builder) => guard(AuthGuardFor('bearer'))(guard(JwtAuthGuard)(builder)),
      ['jwt', 'any-of', 'two'],
    ],
    ['overrideGuard(admin.JwtAuthGuard)', guard(admin.JwtAuthGuard), ['admin']],
    ['overrideProvider(DefaultAuthGuard)', provider(DefaultAuthGuard), ['unstated']],
    ['overrideGuard(DefaultAuthGuard)', guard(DefaultAuthGuard), []],
    ['overrideProvider(JwtAuthGuard)', provider(JwtAuthGuard), []],
    ['overrideProvider(APP_GUARD)', provider(APP_GUARD), []],
  ])('%s opens what docs/testing.md says, and nothing else', async (_, prepare, opened) => {
    const { fetch, close } = await start(prepare);
    const statuses = await Promise.all(PATHS.map(async (path) => [path, (await fetch(`/${path}`)).status]));
    await close();
    expect(Object.fromEntries(statuses)).toEqual(
      Object.fromEntries(PATHS.map((path) => [path, opened.includes(path) ? 200 : 401])),
    );
  });

  it('skips policies and leaves no user on the request', async () => {
    const { fetch, close } = await start(guard(JwtAuthGuard));
    const answer = await fetch('/jwt');
    await close();
    expect([answer.status, await answer.json()]).toEqual([200, { user: null }]);
  });

  it('of clock and stores by AuthTestingModule opens nothing', async () => {
    const { fetch, close } = await start((builder) => {
      AuthTestingModule.override(builder as never);
      return builder;
    });
    const statuses = await Promise.all(PATHS.map(async (path) => (await fetch(`/${path}`)).status));
    await close();
    expect(new Set(statuses)).toEqual(new Set([401]));
  });
});
