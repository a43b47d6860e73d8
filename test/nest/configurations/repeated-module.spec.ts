// The module more than once in an application: refused with what to do, or a configuration with a name.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Module, UseGuards, type DynamicModule } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import {
  authConfiguration,
  AuthConfigurationError,
  AuthModule,
  JwtAuthGuard,
  TokenService,
  type AuthModuleOptions,
  type AuthModuleStructure,
} from 'nestjs-latchkey';
import { ADAPTERS, startApplication } from '../../support/applications.js';
import { bearer } from '../../support/sample-users.js';
import { root } from '../../support/repository.js';

type Imports = readonly DynamicModule[];

async function problemsOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(AuthConfigurationError);
    return (error as AuthConfigurationError).problems;
  }
  throw new Error('It started.');
}

const starting =
  (imports: Imports, controllers: readonly (new () => unknown)[] = []) =>
  async () => {
    const { close } = await startApplication('express', { imports, controllers });
    await close();
  };

const named = (name: string, options: AuthModuleOptions & AuthModuleStructure = {}) =>
  AuthModule.forRoot({ name, audience: name, ...options });

function feature(auth: DynamicModule): DynamicModule {
  class BillingModule {}
  Module({ imports: [auth] })(BillingModule);
  return { module: BillingModule };
}

describe('AuthModule.forRoot() in the root module and in a feature module', () => {
  it('is a boot error that names the importing modules, and says to import it once', async () => {
    const [problem, ...others] = await problemsOf(starting([AuthModule.forRoot(), feature(AuthModule.forRoot())]));
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^AuthModule\.forRoot\(\) is in the application more than once \(imported by .*BillingModule/,
    );
    expect(problem).toContain('call it in the imports of the root module alone');
    expect(problem).toContain("AuthModule.forRoot({ name: 'admin', ... })");
  });

  it('is a boot error also if it is not global, and with forRootAsync()', async () => {
    const other = AuthModule.forRootAsync({ isGlobal: false, useFactory: () => ({}) });
    expect((await problemsOf(starting([AuthModule.forRoot(), feature(other)])))[0]).toContain('more than once');
  });

  it('is accepted if both import one and the same module', async () => {
    const auth = AuthModule.forRoot();
    await starting([auth, feature(auth)])();
  });
});

describe('AuthModule without forRoot()', () => {
  @Controller('open')
  class OpenController {
    @Get() get() {
      return {};
    }
  }

  it('is a boot error if no module calls forRoot(), because it would guard nothing', async () => {
    const work = startApplication('express', { imports: [AuthModule], controllers: [OpenController] });
    const [problem] = await problemsOf(() => work);
    expect(problem).toMatch(/^AuthModule is imported as a class, which guards nothing: write AuthModule\.forRoot\(\)/);
  });

  it('is accepted in a feature module beside the one of the root module', async () => {
    class FeatureModule {}
    Module({ imports: [AuthModule], controllers: [OpenController] })(FeatureModule);
    const { fetch, close } = await startApplication('express', { imports: [AuthModule.forRoot(), FeatureModule] });
    const { status } = await fetch('/open');
    await close();
    expect(status).toBe(401);
  });
});

describe('a second copy of the package', () => {
  it('is a boot error that names npm ls', () => {
    const original = join(root, 'libs/auth/dist');
    if (!existsSync(original)) throw new Error(`${original} is missing: run "npm run build" first`);
    const copy = join(root, 'libs/auth', `dist-copy-${process.pid}`);
    cpSync(original, copy, { recursive: true });
    const script = `
      import 'reflect-metadata';
      import { Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      import { AuthModule as One } from '${original}/index.js';
      import { AuthModule as Other } from '${copy}/index.js';
      class Feature {}
      Module({ imports: [Other.forRoot()] })(Feature);
      class App {}
      Module({ imports: [One.forRoot(), Feature] })(App);
      await NestFactory.create(App, { logger: false, abortOnError: false }).catch((error) => console.log(error.message));
    `;
    try {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toMatch(
        /two copies of the package nestjs-latchkey are loaded.*`npm ls nestjs-latchkey`/,
      );
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});

describe.each(ADAPTERS)('several applications in one process on %s', (adapter) => {
  @UseGuards(JwtAuthGuard)
  @Controller('me')
  class MeController {
    @Get() me() {
      return {};
    }
  }

  it('are independent of each other', async () => {
    const start = () => startApplication(adapter, { imports: [AuthModule.forRoot()], controllers: [MeController] });
    const [one, other] = await Promise.all([start(), start()]);
    const { accessToken } = await one.app.get(TokenService).issue('ada');
    const statuses = [
      (await one.fetch('/me', bearer(accessToken))).status,
      (await other.fetch('/me', bearer(accessToken))).status,
    ];
    await Promise.all([one.close(), other.close()]);
    expect(statuses).toEqual([200, 401]);
  });
});

describe('a configuration with a name', () => {
  it.each<[string, Imports, RegExp]>([
    [
      'twice',
      [AuthModule.forRoot(), named('admin'), named('admin')],
      /AuthModule\.forRoot\(\{ name: 'admin' \}\) is in the application more than once/,
    ],
    ['without one that has none', [named('admin')], /the configuration 'admin' stands alone: leave its name out/],
    [
      'with the audience of another',
      [AuthModule.forRoot(), AuthModule.forRoot({ name: 'admin' })],
      /'admin' and the one without a name have the same issuer, and audiences that overlap/,
    ],
    ['that checks no audience', [AuthModule.forRoot(), named('admin', { audience: false })], /audiences that overlap/],
    [
      'with the cookies of another',
      [AuthModule.forRoot({ cookies: {} }), named('admin', { cookies: { names: { access: 'access' } } })],
      /'admin' and the one without a name both use the cookies .*__Host-access/,
    ],
    [
      'with the audience of another with a name',
      [AuthModule.forRoot(), named('a', { audience: ['x', 'y'] }), named('b', { audience: 'y' })],
      /'b' and 'a' have the same issuer/,
    ],
  ])('%s is a boot error', async (_, imports, problem) => {
    expect((await problemsOf(starting(imports))).join('\n')).toMatch(problem);
  });

  it.each<[string, AuthModuleStructure]>([
    ["name is 'Admin!'", { name: 'Admin!' }],
    ['defaultGuard concerns every route', { name: 'admin', defaultGuard: JwtAuthGuard }],
    ['strictRoutes concerns every route', { name: 'admin', strictRoutes: true }],
    ['routes concerns every route', { name: 'admin', routes: [] }],
    ['auditRoutes concerns every route', { name: 'admin', auditRoutes: true }],
  ])('is refused at once if %s', async (problem, options) => {
    expect((await problemsOf(() => AuthModule.forRoot(options)))[0]).toContain(problem);
  });

  it('is required by the guard of a route: without it, the application does not start', async () => {
    @UseGuards(authConfiguration('ops').JwtAuthGuard)
    @Controller('ops')
    class OpsController {
      @Get() get() {
        return {};
      }
    }
    const start = starting([AuthModule.forRoot()], [OpsController]);
    await expect(start()).rejects.toThrow(/ops/);
  });

  it('has one class for each guard, so that a test can override it', () => {
    const [one, again] = [authConfiguration('admin'), authConfiguration('admin')];
    class Mine extends JwtAuthGuard {}
    expect(one.JwtAuthGuard).toBe(again.JwtAuthGuard);
    expect(one.AuthGuardFor('bearer')).toBe(again.AuthGuardFor('bearer'));
    expect(one.guard(Mine)).toBe(again.guard(Mine));
    expect(one.JwtAuthGuard).not.toBe(authConfiguration('other').JwtAuthGuard);
    expect(one.guard(one.JwtAuthGuard)).toBe(one.JwtAuthGuard);
  });
});
