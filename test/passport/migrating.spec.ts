// The migration guide, compiled by test/architecture/snippets.spec.ts and run here: each step answers tokens of the old application, which
// is started first, and its own.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readText } from '../support/repository.js';
import { markdownSnippets, runSnippets } from '../support/snippets.js';

const steps = markdownSnippets('docs/migrating.md', readText('docs/migrating.md'));

/** Starts a step, and fails unless each request is answered as expected. */
function programFor(file: string, module: string, expected: object): string {
  return `
    import { VersioningType } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import passport from 'passport';
    import { BeforeModule } from './before.module.js';
    import { People } from './people.js';
    import { ${module} as Step } from './${file}.js';

    const ada = { email: 'ada@example.com', password: 'correct horse' };
    async function start(module) {
      const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false, abortOnError: false });
      await app.enableVersioning({ type: VersioningType.URI }).init();
      await app.getHttpAdapter().getInstance().ready();
      await app.get(People).register(ada.email, ada.password);
      return app;
    }
    const bearer = (token) => (token === undefined ? {} : { authorization: 'Bearer ' + token });
    const signIn = (app, payload) => app.inject({ method: 'POST', url: '/v1/auth/login', payload });
    const refresh = (app, token) => app.inject({ method: 'POST', url: '/v1/auth/refresh', headers: bearer(token) });
    const profile = (app, token) => app.inject({ url: '/v1/profile', headers: bearer(token) });
    const told = ({ statusCode, body }) => (statusCode === 200 ? JSON.parse(body).id ?? 200 : statusCode);

    const before = await start(BeforeModule);
    const old = (await signIn(before, ada)).json();
    await before.close();
    // Passport keeps strategies per process, and the two applications are two processes.
    passport.unuse('jwt');

    const app = await start(Step);
    const own = (await signIn(app, ada)).json();
    const renewed = await refresh(app, own.refreshToken);
    const again = await refresh(app, own.refreshToken);
    const exchanged = await refresh(app, old.refreshToken);
    const answers = {
      old: told(await profile(app, old.token)),
      own: told(await profile(app, own.token)),
      none: told(await profile(app)),
      refreshTokenAsAccess: told(await profile(app, own.refreshToken)),
      wrongPassword: told(await signIn(app, { ...ada, password: 'wrong' })),
      unknownAddress: told(await signIn(app, { ...ada, email: 'eve@example.com' })),
      refreshed: told(renewed),
      refreshedUse: told(await profile(app, renewed.json().token)),
      secondUse: told(again),
      oldRefresh: told(exchanged),
      oldRefreshUse: exchanged.statusCode === 200 ? told(await profile(app, exchanged.json().token)) : 401,
      accessTokenAsRefresh: told(await refresh(app, own.token)),
    };
    await app.close();
    if (JSON.stringify(answers) !== ${JSON.stringify(JSON.stringify(expected))})
      throw new Error('answers ' + JSON.stringify(answers));
  `;
}

function run(file: string, code: string): void {
  runSnippets([{ place: `docs/migrating.md: ${file}`, fileName: 'check.ts', code, runs: true, earlier: steps }]);
}

const asBefore = {
  old: 1,
  own: 1,
  none: 401,
  refreshTokenAsAccess: 401,
  wrongPassword: 401,
  unknownAddress: 401,
  refreshed: 200,
  refreshedUse: 1,
  secondUse: 200,
  oldRefresh: 200,
  oldRefreshUse: 1,
  accessTokenAsRefresh: 401,
};
const withoutOldTokens = { ...asBefore, old: 401, oldRefresh: 401, oldRefreshUse: 401 };

describe('the migration from passport-jwt', () => {
  beforeAll(() => expect(steps.length).toBeGreaterThan(5));

  it.each([
    ['before.module', 'BeforeModule', asBefore],
    ['side-by-side.module', 'SideBySideModule', asBefore],
    ['passport.module', 'OnPassportModule', withoutOldTokens],
    ['closed.module', 'ClosedModule', withoutOldTokens],
    ['app.module', 'AppModule', withoutOldTokens],
  ])(
    'answers tokens of the old application and its own at %s as documented',
    (file, module, expected) => {
      expect(() => run(file, programFor(file, module, expected))).not.toThrow();
    },
    60_000,
  );

  it('confirms an address once, and mounts a ready-made controller under a version', () => {
    const code = `
      import { Module, VersioningType } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      import { FastifyAdapter } from '@nestjs/platform-fastify';
      import { AuthModule } from 'nestjs-latchkey';
      import { ConfirmationController, AppModule } from './app.module.js';
      import { People } from './people.js';
      import { UsersService } from './users.service.js';
      import { versionedTokens } from './versioned-tokens.js';

      class VersionedModule {}
      Module({
        imports: [AuthModule.forRoot({ users: UsersService, controllers: [versionedTokens] })],
        providers: [People, UsersService],
      })(VersionedModule);
      async function start(module) {
        const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false, abortOnError: false });
        await app.enableVersioning({ type: VersioningType.URI }).init();
        await app.getHttpAdapter().getInstance().ready();
        await app.get(People).register('ada@example.com', 'correct horse');
        return app;
      }
      const app = await start(AppModule);
      const person = await app.get(People).findOneBy({ id: 1 });
      person.confirmed = false;
      const answers = [];
      const post = async (url, payload) => answers.push((await app.inject({ method: 'POST', url, payload })).statusCode);
      const token = await app.get(ConfirmationController).tokenFor(person);
      await post('/v1/auth/login', { email: 'ada@example.com', password: 'correct horse' });
      await post('/v1/auth/confirm', { token });
      await post('/v1/auth/confirm', { token });
      await post('/v1/auth/login', { email: 'ada@example.com', password: 'correct horse' });
      await app.close();
      const versioned = await start(VersionedModule);
      const payload = { username: 'ada@example.com', password: 'correct horse' };
      for (const url of ['/v1/auth/token', '/auth/token'])
        answers.push((await versioned.inject({ method: 'POST', url, payload })).statusCode);
      await versioned.close();
      if (answers.join() !== '401,204,400,200,200,404') throw new Error('answers ' + answers);
    `;
    expect(() => run('app.module', code)).not.toThrow();
  }, 60_000);
});
