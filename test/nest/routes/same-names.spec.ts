import { Controller, Get, Module, UseGuards, type Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { RouterModule } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  AuthModule,
  AuthReason,
  JwtAuthGuard,
  Public,
  RequireScopes,
  type AuthModuleStructure,
} from 'nestjs-latchkey';
import { RouteAudit } from 'nestjs-latchkey/policies';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { expectProtected } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../../support/applications.js';

type Decorators = readonly (MethodDecorator & ClassDecorator)[];

/** A class called UsersController, with one handler that has these decorators. */
function usersController(path: string, decorators: Decorators): Type<unknown> {
  class UsersController {
    list() {
      return { path };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(UsersController.prototype, 'list') ?? {};
  for (const decorate of [Get(), ...decorators]) decorate(UsersController.prototype, 'list', descriptor);
  Controller(path)(UsersController);
  return UsersController;
}

describe.each(ADAPTERS)('classes of one name on %s', (adapter) => {
  let running: RunningApplication | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });
  const start = async (on: AdapterName, controllers: readonly Type<unknown>[], structure: AuthModuleStructure = {}) => {
    running = await startApplication(on, { imports: [AuthModule.forRoot(structure)], controllers });
    return running;
  };

  it.each([{}, { strictRoutes: true }])('do not hide a contradiction of another, with %j', async (structure) => {
    const sound = usersController('v2/users', []);
    for (const broken of [
      usersController('v1/users', [Public(), RequireScopes('admin'), AuthReason('a mistake')]),
      usersController('v1/users', [UseGuards(AuthGuardFor('nothing-configured')), AuthReason('a mistake')]),
    ]) {
      await expect(start(adapter, [broken, sound], structure)).rejects.toThrow('UsersController.list: ');
      await expect(start(adapter, [sound, broken], structure)).rejects.toThrow('UsersController.list: ');
    }
  });

  it('are checked separately by strictRoutes', async () => {
    const [open, sound] = [usersController('v1/users', [Public()]), usersController('v2/users', [])];
    const sentence = 'it deviates from the default (@Public()) without a reason';
    await expect(start(adapter, [open, sound], { strictRoutes: true })).rejects.toThrow(sentence);
    await expect(start(adapter, [sound, open], { strictRoutes: true })).rejects.toThrow(sentence);
  });

  it('are separate routes for guards, audit, OpenAPI and named routes', async () => {
    const [open, closed, named] = ['v1', 'v2', 'v3'].map((version) =>
      usersController(`${version}/users`, version === 'v1' ? [Public()] : []),
    ) as [Type<unknown>, Type<unknown>, Type<unknown>];
    const { app, fetch } = await start(adapter, [open, closed, named], {
      routes: [{ controller: named, method: 'list', public: true, reason: 'not ours to decorate' }],
    });
    const statuses = await Promise.all(['v1', 'v2', 'v3'].map(async (each) => (await fetch(`/${each}/users`)).status));
    expect(statuses).toEqual([200, 401, 200]);
    const listed = app.get(RouteAudit).list();
    expect(listed.map(({ paths, access }) => [...paths, access])).toEqual([
      ['/v1/users', 'public'],
      ['/v2/users', 'guarded'],
      ['/v3/users', 'public'],
    ]);
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    expect(['v1', 'v2', 'v3'].map((each) => document.paths[`/${each}/users`]?.get?.security)).toEqual([
      [],
      [{ bearer: [] }],
      [],
    ]);
  });

  it('cannot be excepted by an ambiguous name', async () => {
    const { app } = await start(adapter, [
      usersController('v1/users', [Public()]),
      usersController('v2/users', [Public()]),
    ]);
    expect(() => expectProtected(app, { except: ['UsersController.list'] })).toThrow(
      '`except` has UsersController.list, which several classes have: write GET /v1/users, GET /v2/users',
    );
    expect(() => expectProtected(app, { except: ['GET /v1/users', 'GET /v2/users'] })).not.toThrow();
  });

  it('are found as Nest dispatches them: inherited, in several modules, under several paths', async () => {
    class BaseController {
      @Get('inherited') inherited() {
        return {};
      }
    }
    @Public()
    @Controller(['open', 'also-open'])
    class OpenController extends BaseController {}
    @UseGuards(JwtAuthGuard)
    @Controller('closed')
    class ClosedController extends BaseController {}
    const shared = usersController('users', []);
    @Module({ controllers: [shared] })
    class OneModule {}
    @Module({ controllers: [shared] })
    class TwoModule {}
    running = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot(),
        OneModule,
        TwoModule,
        RouterModule.register([
          { path: 'one', module: OneModule },
          { path: 'two', module: TwoModule },
        ]),
      ],
      controllers: [OpenController, ClosedController],
    });
    const listed = running.app.get(RouteAudit).list();
    const addresses = listed.flatMap(({ paths, access }) => paths.map((path) => [path, access] as const));
    expect(addresses).toEqual([
      ['/closed/inherited', 'guarded'],
      ['/one/users', 'guarded'],
      ['/open/inherited', 'public'],
      ['/also-open/inherited', 'public'],
      ['/two/users', 'guarded'],
    ]);
    for (const [path, access] of addresses)
      expect([path, (await running.fetch(path)).status]).toEqual([path, access === 'public' ? 200 : 401]);
  });
});
