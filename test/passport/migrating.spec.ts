import { describe, expect, it } from '@jest/globals';
import { readText } from '../support/repository.js';
import { markdownSnippets, runSnippet } from '../support/snippets.js';

const steps = markdownSnippets('docs/migrating.md', readText('docs/migrating.md'));

/** A program that starts a step, and fails unless `/profile` answers an old token, a new one and none as expected. */
function programFor(file: string, module: string, expected: object): string {
  return `
    import { JwtService } from '@nestjs/jwt';
    import { NestFactory } from '@nestjs/core';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import { TokenService } from 'nestjs-latchkey';
    import { ${module} } from './${file}.js';

    const app = await NestFactory.create(${module}, new FastifyAdapter(), { logger: false, abortOnError: false });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const tokens = ${module === 'BeforeModule' ? 'undefined' : 'app.get(TokenService)'};
    const old = new JwtService({ secret: process.env.JWT_SECRET }).sign({ sub: '7b1c' });
    const fresh = (await tokens?.issue({ id: '7b1c', active: true, passwordVersion: 1 }))?.accessToken;
    const answers = {};
    for (const [name, token] of Object.entries({ old, fresh, none: undefined })) {
      const headers = token === undefined ? {} : { authorization: 'Bearer ' + token };
      const { statusCode, body } = await app.inject({ url: '/profile', headers });
      answers[name] = statusCode === 200 ? JSON.parse(body).id : statusCode;
    }
    await app.close();
    const text = JSON.stringify(answers);
    if (text !== ${JSON.stringify(JSON.stringify(expected))}) throw new Error('answers ' + text);
  `;
}

function answersOf(file: string, module: string, expected: object): void {
  const code = programFor(file, module, expected);
  runSnippet({ place: `docs/migrating.md: ${file}`, fileName: 'check.ts', code, runs: true, earlier: steps });
}

describe('the migration from passport-jwt', () => {
  it.each([
    ['before.module', 'BeforeModule', { old: '7b1c', fresh: 401, none: 401 }],
    ['side-by-side.module', 'SideBySideModule', { old: '7b1c', fresh: '7b1c', none: 401 }],
    ['passport.module', 'OnPassportModule', { old: 401, fresh: '7b1c', none: 401 }],
    ['closed.module', 'ClosedModule', { old: 401, fresh: '7b1c', none: 401 }],
    ['app.module', 'AppModule', { old: 401, fresh: '7b1c', none: 401 }],
  ])(
    'answers old tokens, new ones and none at %s as documented',
    (file, module, expected) => {
      expect(() => answersOf(file, module, expected)).not.toThrow();
    },
    40_000,
  );
});
