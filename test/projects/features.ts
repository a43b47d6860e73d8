// What a new user adds to a fresh project: the user source of docs/start.md, and token controller, a first user, and a spec of their own.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../support/repository.js';
import { markdownSnippets } from '../support/snippets.js';

export const NAME = 'ada';
export const PASSWORD = 'correct horse battery staple';

/** The packages that the guide asks for beside the library. */
export const COMPANIONS = ['@node-rs/argon2', 'class-validator', 'class-transformer'];

const FILES = ['users.service.ts', 'tokens.module.ts'];

/** Runs under Jest and Vitest, whose templates both make these names global. */
const SPEC = `
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { AuthTestingModule, TokenFactory, type FixedClock } from 'nestjs-latchkey/testing';
import { AppModule } from './app.module.js';
import { UsersService } from './users.service.js';

describe('signing in', () => {
  let app: INestApplication;
  let clock: FixedClock;

  beforeAll(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    clock = AuthTestingModule.override(builder);
    app = (await builder.compile()).createNestApplication();
    await app.init();
    await app.get(UsersService).register('${NAME}', '${PASSWORD}');
  });
  afterAll(() => app.close());

  const get = (token: string) => request(app.getHttpServer()).get('/').set('authorization', \`Bearer \${token}\`);

  it('opens a route for a quarter of an hour', async () => {
    const credentials = { username: '${NAME}', password: '${PASSWORD}' };
    const { body } = await request(app.getHttpServer()).post('/auth/token').send(credentials).expect(200);
    await get(body.access_token).expect(200);
    clock.advance('16m');
    await get(body.access_token).expect(401);
  });

  it('lets no bad token in', async () => {
    const refused = await TokenFactory.of(app).refused('${NAME}');
    expect(refused.length).toBeGreaterThan(5);
    for (const { token } of refused) await get(token).expect(401);
  });
});
`;

/** Writes them into the sources of a project. */
export function switchOn(folder: string, isModule: boolean): void {
  const write = (name: string, code: string): void => {
    writeFileSync(join(folder, 'src', name), isModule ? code : withoutExtensions(code));
  };
  const edit = (name: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, 'src', name), 'utf8');
    if (!text.includes(from)) throw new Error(`${name} of the template has no ${from}`);
    writeFileSync(join(folder, 'src', name), text.replace(from, isModule ? to : withoutExtensions(to)));
  };
  const snippets = markdownSnippets('docs/start.md', readText('docs/start.md'));
  for (const name of FILES) {
    const snippet = snippets.find(({ fileName }) => fileName === name);
    if (snippet === undefined) throw new Error(`docs/start.md has no ${name}`);
    write(name, snippet.code);
  }
  write('sign-in.spec.ts', SPEC);
  edit('app.module.ts', 'imports: []', 'imports: [TokensModule]');
  edit('app.module.ts', '@Module(', `import { TokensModule } from './tokens.module.js';\n\n@Module(`);
  edit('main.ts', 'async function', `import { UsersService } from './users.service.js';\n\nasync function`);
  edit(
    'main.ts',
    '  await app.listen',
    `  await app.get(UsersService).register('${NAME}', '${PASSWORD}');\n  await app.listen`,
  );
}

/** As the sources of a CommonJS template name each other. */
function withoutExtensions(code: string): string {
  return code.replace(/(from '\.[^']*)\.js'/g, `$1'`);
}

/** As Node wants them in a project of ES modules. */
export function withExtensions(code: string): string {
  return code.replace(/(from '\.[^']*?)(?:\.js)?'/g, `$1.js'`);
}
