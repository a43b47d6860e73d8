import { describe, expect, it } from '@jest/globals';
import { filesIn, readText, typeScriptFiles } from '../support/repository.js';
import { exampleSnippets, markdownSnippets, runSnippets, typeErrors, unfencedExamples } from '../support/snippets.js';

/** Everything for users; the records of decisions show code as it was. */
const documents = ['README.md', ...filesIn('docs', '.md').filter((path) => !path.startsWith('docs/adr/'))];
const sources = typeScriptFiles('libs/auth/src');

const ofDocument = (path: string) => markdownSnippets(path, readText(path));
const started = ofDocument('docs/start.md');
/** The first screen and the reference go on from the files of the first guide. */
const goesOn = ['README.md', 'docs/reference.md'];
const inDocuments = documents.flatMap((path) =>
  goesOn.includes(path)
    ? ofDocument(path).map((snippet) => ({ ...snippet, earlier: [...started, ...snippet.earlier] }))
    : ofDocument(path),
);
const inComments = sources.flatMap((path) => exampleSnippets(path, readText(path)));

describe('the snippets of the documentation', () => {
  it('exist in README.md', () => {
    expect(inDocuments.some(({ place }) => place.startsWith('README.md'))).toBe(true);
  });

  it('type-check', () => {
    expect(typeErrors(inDocuments)).toEqual([]);
  }, 120_000);

  const runnable = inDocuments.filter(({ runs }) => runs);
  it.each(documents.filter((path) => runnable.some(({ place }) => place.startsWith(`${path}:`))))(
    'run: %s',
    (path) => {
      expect(() => runSnippets(runnable.filter(({ place }) => place.startsWith(`${path}:`)))).not.toThrow();
    },
    150_000,
  );
});

describe('the smallest real configuration', () => {
  const code = `
    import { NestFactory } from '@nestjs/core';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import { TokensModule } from './tokens.module.js';
    import { UsersService } from './users.service.js';

    const app = await NestFactory.create(TokensModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    await app.init();
    await app.get(UsersService).register('ada', 'cafe\\u0301 au lait at nine');
    const attempts = [
      ['ada', 'caf\\u00e9 au lait at nine'],
      ['ada', 'cafe\\u0301 au lait at nine'],
      ['ada', 'cafe au lait at nine'],
      ['ada', 'password'],
      ['eve', 'caf\\u00e9 au lait at nine'],
    ];
    const answers = [];
    for (const [username, password] of attempts) {
      const { statusCode, body } = await app.inject({ method: 'POST', url: '/auth/token', payload: { username, password } });
      if (/argon2|passwordHash/.test(body)) throw new Error('a hash in ' + body);
      answers.push(statusCode);
    }
    await app.close();
    if (answers.join() !== '200,200,401,401,401') throw new Error('answers ' + answers);
  `;

  it('accepts the password alone, in both Unicode forms', () => {
    const earlier = started;
    expect(() =>
      runSnippets([{ place: 'docs/start.md: wrong password', fileName: 'check.ts', code, runs: true, earlier }]),
    ).not.toThrow();
  }, 40_000);
});

describe('code to paste', () => {
  const everywhere = [...inDocuments, ...inComments];
  const unsafe: readonly (readonly [string, RegExp])[] = [
    ['a secret in it', /(?:secret|secretOrKey|password|apiKey|passphrase)\s*[:=]\s*['"`][^'"`]/i],
    ['an API key in it', /===\s*'k-|\['k-/],
    ['a user as the answer', /return (?:user|person|account);|@CurrentUser\(\)[^)]*\)\s*\{\s*return user/],
    ['a sign-in that looks at no password', /verifyCredentials\(\{ username \}/],
  ];

  it.each(unsafe)('holds no example with %s', (_, pattern) => {
    expect(everywhere.filter(({ code }) => pattern.test(code)).map(({ place }) => place)).toEqual([]);
  });
});

describe('the examples in doc comments', () => {
  it('stand in a fence', () => {
    expect(sources.flatMap((path) => unfencedExamples(path, readText(path)))).toEqual([]);
  });

  it('type-check', () => {
    expect(typeErrors(inComments)).toEqual([]);
  }, 120_000);
});

describe('the check itself', () => {
  const wrong =
    '# x\n\n```ts title="a.ts"\nexport const a: number = 1;\n```\n\n```ts\nimport { a } from "./a.js";\nconst b: string = a;\n```\n';

  it('finds a wrong type and reports its place', () => {
    const found = typeErrors(markdownSnippets('x.md', wrong));
    expect(found).toEqual([expect.stringMatching(/^x\.md:7 .* Type 'number' is not assignable to type 'string'/)]);
  }, 60_000);

  it('finds a snippet that throws', () => {
    const [snippet] = markdownSnippets('x.md', '```ts\nthrow new Error("broken");\n```\n');
    expect(() => snippet && runSnippets([snippet])).toThrow('broken');
  }, 40_000);

  it('finds a snippet that was not run because another ended the process', () => {
    const snippets = markdownSnippets('x.md', '```ts\nprocess.exit(0);\n```\n\n```ts\nexport {};\n```\n');
    expect(() => runSnippets(snippets)).toThrow('x.md:5 failed');
  }, 40_000);

  it('finds an example outside a fence', () => {
    const bare = '/**\n * Does it.\n * @example\n * it();\n */';
    expect(unfencedExamples('x.ts', bare)).toHaveLength(1);
    expect(unfencedExamples('x.ts', bare.replace('it();', '```ts\n * it();\n * ```'))).toEqual([]);
  });
});
