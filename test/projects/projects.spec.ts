// Fresh projects of the CLIs of Nest with the packed library in them: installed, switched on as the README says, built, tested and
// signed in to. `npm run test:projects` tries every template, package manager, builder and Node; `npm test` the one that most people have.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packInto } from '../support/npm-package.js';
import { manifest } from '../support/repository.js';
import { FreshProject, type Ended, type PackageManager } from './fresh-project.js';
import { typedLines } from './newcomer.js';
import { templates, type Builder, type Template } from './templates.js';

const STEP_MS = 400_000;
const isEverything = process.env['LATCHKEY_PROJECTS'] === 'all';

const packed = mkdtempSync(join(tmpdir(), 'latchkey-tarball-'));
const tarball = packInto(packed);
afterAll(() => rmSync(packed, { recursive: true, force: true }));

const MOST_USED = 'Nest 11, CommonJS, Jest';

/** Every template with both package managers; otherwise the one that most people have: Nest 12 is in `architecture/matrix.spec.ts` too. */
const projects: readonly (readonly [string, PackageManager, Template])[] = templates.flatMap((template) => {
  const all = (['npm', 'pnpm'] as const).map((manager) => [template.title, manager, template] as const);
  if (isEverything) return all;
  return all.filter(([title, manager]) => title === MOST_USED && manager === 'npm');
});

/** What each builder needs beside the CLI. */
const PACKAGES: Readonly<Record<Builder, readonly string[]>> = {
  swc: ['@swc/cli', '@swc/core'],
  webpack: [
    'webpack',
    'webpack-node-externals',
    'ts-loader',
    'tsconfig-paths-webpack-plugin',
    'fork-ts-checker-webpack-plugin',
  ],
  rspack: ['@rspack/core', 'webpack-node-externals', 'tsconfig-paths-webpack-plugin'],
};

/** As a user has it before they begin; the template has no .gitignore without `nest new`. */
const COMMIT =
  'printf "node_modules\\ndist\\n*.tsbuildinfo\\n" > .gitignore && git init -q && git add -A && git -c user.name=ada -c user.email=ada@school.example commit -qm first';

/** The output is shown where a command fails. */
function expectSuccess({ status, output }: Ended): void {
  expect(status === 0 ? '' : output).toBe('');
}

describe.each(projects)('%s, with %s', (_, manager, template) => {
  const project = new FreshProject(template, manager);
  const nodesToTest = isEverything ? template.testedOn : template.testedOn.slice(0, 1);
  const nodesToStart = isEverything ? template.nodes : template.nodes.slice(0, 2);

  beforeAll(() => expectSuccess(project.make()), STEP_MS);
  afterAll(() => project.remove());

  if (isEverything || template.title === MOST_USED) {
    const lines = typedLines(manager);
    let written = '';
    let undo = '';

    it(
      'comes from an empty folder to a signed-in request with less than 20 lines typed',
      async () => {
        expect(Object.values(lines).join('\n').split('\n').length).toBeLessThan(20);
        const from = performance.now();
        expectSuccess(project.type(lines.install.replace('nestjs-latchkey', tarball)));
        expectSuccess(project.type(COMMIT));
        const setUp = project.type(lines.setUp);
        expectSuccess(setUp);
        undo = setUp.output;
        written = project.uncommitted();
        const { ended, log } = await project.typeBeside(lines.start, (url) => {
          const { signIn, ask } = typedLines(manager, url);
          return [`${signIn}\n${ask}`, ask];
        });
        const answers = ended.map(({ output }) => output);
        expect([...answers, log]).toEqual([
          'Hello World!',
          expect.stringContaining('"statusCode":401'),
          expect.any(String),
        ]);
        const seconds = Math.round((performance.now() - from) / 1000);
        const count = Object.values(lines).length;
        process.stdout.write(
          `${template.title}, ${manager}: signed in after ${count} lines, ${seconds} s without \`nest new\`\n`,
        );
      },
      STEP_MS,
    );

    if (nodesToTest.length > 0)
      it(
        'passes the test that is generated',
        () => {
          const ended = project.type(`${manager} run test:e2e ${manager === 'npm' ? '-- ' : ''}auth`);
          expectSuccess(ended);
          expect(ended.output).toMatch(/Tests:? +2 passed/);
        },
        STEP_MS,
      );

    it(
      'is told by the doctor what production would refuse',
      () => {
        const { status, output } = project.type('npx latchkey doctor dist/main.js');
        expect(status).toBe(1);
        expect(output).toContain('users is UsersService, which is refused with NODE_ENV=production');
        expect(output).toMatch(/^GET +\/ +guarded by default +bearer /m);
      },
      STEP_MS,
    );

    it('is undone by git with the lines that are printed', () => {
      const [, printed = ''] = /To undo it:\n((?: {2}git .*\n)+)/.exec(undo) ?? [];
      expectSuccess(project.type(printed));
      expect(project.type('git status --short').output).toBe('');
    });

    // The manifest says where the CLI of Nest finds it.
    if ('schematics' in manifest)
      it(
        'is set up in the same way by the CLI of Nest',
        () => {
          expectSuccess(project.type('CI=false npx nest add nestjs-latchkey --skip-install'));
          expect(project.uncommitted()).toBe(written);
          expectSuccess(project.type('git checkout -q . && git clean -fdq'));
        },
        STEP_MS,
      );
  }

  it(
    'installs the library beside what is there',
    () => {
      const ended = project.install(tarball);
      expectSuccess(ended);
      // pnpm names whose peers are not met; the template of Nest 12 has some of its own.
      expect(ended.output).not.toMatch(/ERESOLVE|─ nestjs-latchkey/);
    },
    STEP_MS,
  );

  it(
    'builds with authentication switched on',
    () => {
      project.switchOn();
      expectSuccess(project.build());
    },
    STEP_MS,
  );

  it.each(nodesToStart)(
    'signs in on Node %s, and no more once the token is revoked',
    async (node) => {
      expect(await project.signIn(node)).toEqual({ answers: [401, 200, 200, 401], errors: '' });
    },
    STEP_MS,
  );

  if (nodesToTest.length > 0)
    it.each(nodesToTest)(
      'passes its own tests and one that signs in, on Node %s',
      (node) => {
        const ended = project.test(node, 'test');
        expectSuccess(ended);
        expect(ended.output).toMatch(/Tests:? +3 passed/);
      },
      STEP_MS,
    );

  if (nodesToTest.length > 0)
    it(
      'fails the end-to-end test of the template, whose route needs authentication now, and nothing else',
      () => {
        const { status, output } = project.test(template.nodes[0], 'test:e2e');
        expect(status).not.toBe(0);
        expect(output).toContain('expected 200 "OK", got 401 "Unauthorized"');
        expect(output).toMatch(/Tests:? +1 failed/);
      },
      STEP_MS,
    );

  if (isEverything && template.builders.length > 0)
    it.each(template.builders)(
      'builds with %s as well',
      async (builder) => {
        expectSuccess(project.add(...PACKAGES[builder]));
        expectSuccess(project.build(builder));
        expect(await project.signIn(template.nodes[0])).toEqual({ answers: [401, 200, 200, 401], errors: '' });
      },
      STEP_MS,
    );
});
