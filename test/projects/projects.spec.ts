// Fresh projects of the CLIs of Nest with the packed library in them: installed, switched on as the README says, built, tested and
// signed in to. `npm run test:projects` tries every template, package manager, builder and Node; `npm test` two of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packInto } from '../support/npm-package.js';
import { FreshProject, type Ended, type PackageManager } from './fresh-project.js';
import { templates, type Builder, type Template } from './templates.js';

const STEP_MS = 400_000;
const isEverything = process.env['LATCHKEY_PROJECTS'] === 'all';

const packed = mkdtempSync(join(tmpdir(), 'latchkey-tarball-'));
const tarball = packInto(packed);
afterAll(() => rmSync(packed, { recursive: true, force: true }));

/** Every template with both package managers; otherwise the two that people start with. */
const projects: readonly (readonly [string, PackageManager, Template])[] = templates.flatMap((template) => {
  const all = (['npm', 'pnpm'] as const).map((manager) => [template.title, manager, template] as const);
  if (isEverything) return all;
  return all.filter(
    ([, manager]) =>
      manager === { 'Nest 11, CommonJS, Jest': 'npm', 'Nest 12, ES modules, Vitest': 'pnpm' }[template.title],
  );
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
