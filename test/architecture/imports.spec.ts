import { describe, expect, it } from '@jest/globals';
import { doorOverrides, doors, floorOverrides, floors, lists, writtenOverrides } from '../../tools/floors.js';
import {
  barrelViolations,
  importCycles,
  importViolations,
  namesFrom,
  timeViolations,
} from '../support/import-rules.js';
import { readText, typeScriptFiles } from '../support/repository.js';

const library = typeScriptFiles('libs/auth/src');
const everything = [...library, ...['apps', 'test'].flatMap(typeScriptFiles)];

describe('the import rules', () => {
  it('hold in every file of the library, the apps and the tests', () => {
    expect(everything.flatMap((path) => importViolations(path, readText(path)))).toEqual([]);
  });

  it.each([
    ['core importing Nest', 'libs/auth/src/core/keys.ts', `import { Injectable } from '@nestjs/common';`],
    ['core importing the nest ring', 'libs/auth/src/core/keys.ts', `import { x } from '../nest/contexts.js';`],
    ['core importing a package by type only', 'libs/auth/src/core/keys.ts', `import type { Request } from 'express';`],
    ['core loading a package at run time', 'libs/auth/src/core/keys.ts', `const x = await import('typeorm');`],
    ['core naming a package in a type', 'libs/auth/src/core/keys.ts', `type X = import('typeorm').DataSource;`],
    ['nest importing an optional peer', 'libs/auth/src/nest/module/auth.module.ts', `import '@nestjs/swagger';`],
    ['nest importing a door', 'libs/auth/src/nest/module/auth.module.ts', `export { x } from '../typeorm/index.js';`],
    [
      'nest reaching into a package',
      'libs/auth/src/nest/guards/auth.guards.ts',
      `import '@nestjs/core/injector/module.js';`,
    ],
    ['the front door importing a door', 'libs/auth/src/index.ts', `export { x } from './typeorm/index.js';`],
    ['a list of names importing another', 'libs/auth/src/keys.ts', `export { x } from './index.js';`],
    ['a list of names with a package', 'libs/auth/src/keys.ts', `import 'jose';`],
    ['core importing a list of names', 'libs/auth/src/core/keys/x.ts', `import { x } from '../../keys.js';`],
    ['a list of core importing nest', 'libs/auth/src/stores.ts', `export { x } from './nest/routes/routes.js';`],
    ['a list of names importing what is for doors', 'libs/auth/src/keys.ts', `export { x } from './core/internal.js';`],
    [
      'nest importing what is for doors',
      'libs/auth/src/nest/routes/x.ts',
      `import { x } from '../../core/internal.js';`,
    ],
    ['core importing what is for doors', 'libs/auth/src/core/keys/x.ts', `import { x } from '../internal.js';`],
    [
      'what is for doors importing another ring',
      'libs/auth/src/nest/internal.ts',
      `export { x } from '../core/base/x.js';`,
    ],
    ['a door importing a file of core', 'libs/auth/src/redis/x.ts', `import { x } from '../core/stores/row.js';`],
    [
      'a door importing a file of nest',
      'libs/auth/src/swagger/x.ts',
      `import type { X } from '../nest/routes/routes.js';`,
    ],
    ['a door loading a file of nest', 'libs/auth/src/cli/x.ts', `await import('../nest/routes/routes.js');`],
    ['a store door importing a list that loads Nest', 'libs/auth/src/redis/x.ts', `import { x } from '../index.js';`],
    ['a door importing the one that stands on it', 'libs/auth/src/sql/a.ts', `import '../typeorm/database.js';`],
    ['a door importing another door', 'libs/auth/src/swagger/index.ts', `import { x } from '../controllers/index.js';`],
    ['a store door importing the nest ring', 'libs/auth/src/typeorm/x.ts', `import { x } from '../nest/internal.js';`],
    ['a door importing the peer of another', 'libs/auth/src/swagger/index.ts', `import 'typeorm';`],
    ['the library importing a test', 'libs/auth/src/testing/index.ts', `import '../../../../test/support/skips.js';`],
    ['an app importing an inner file', 'apps/accounts/src/main.ts', `import '../../../libs/auth/src/core/keys.js';`],
    ['a test importing an inner file', 'test/flows/x.spec.ts', `import '../../libs/auth/src/core/keys/keys.js';`],
    [
      'a core test importing the nest ring',
      'test/core/x.spec.ts',
      `import '../../libs/auth/src/nest/transport/contexts.js';`,
    ],
  ])('catch %s', (_, path, text) => {
    expect(importViolations(path, text)).toHaveLength(1);
  });

  it.each([
    [
      'core importing jose, node and itself',
      'libs/auth/src/core/issuers/a.ts',
      `import 'jose'; import 'node:fs'; import '../tokens/jws.js';`,
    ],
    [
      'nest importing core',
      'libs/auth/src/nest/guards/auth.guards.ts',
      `import '../../core/base/errors.js'; import '@nestjs/common';`,
    ],
    [
      'a door importing core and its peer',
      'libs/auth/src/typeorm/a.ts',
      `import '../core/internal.js'; import '../stores.js'; import 'typeorm';`,
    ],
    [
      'a door importing nest and public names',
      'libs/auth/src/swagger/a.ts',
      `import '../nest/internal.js'; import '../index.js'; import '@nestjs/common';`,
    ],
    ['a core test importing core', 'test/core/x.spec.ts', `import '../../libs/auth/src/core/keys/keys.js';`],
    ['the door that stands on another', 'libs/auth/src/typeorm/a.ts', `import '../sql/login-store.js';`],
    [
      'an app importing a door',
      'apps/accounts/src/main.ts',
      `import 'nestjs-latchkey/typeorm'; import './app.module.js';`,
    ],
  ])('allow %s', (_, path, text) => {
    expect(importViolations(path, text)).toEqual([]);
  });
});

describe('the files of the library', () => {
  it('import each other in no circle, types included', () => {
    expect(importCycles(new Map(library.map((path) => [path, readText(path)])))).toEqual([]);
  });

  it('are searched for circles', () => {
    const files = new Map([
      ['a/x.ts', `import type { Y } from './y.js';`],
      ['a/y.ts', `export { z } from '../b/z.js';`],
      ['b/z.ts', `import { x } from '../a/x.js';`],
      ['b/w.ts', `import { x } from '../a/x.js';`],
    ]);
    expect(importCycles(files)).toEqual([['a/x.ts', 'a/y.ts', 'b/z.ts']]);
  });
});

describe('the floors', () => {
  it('are the folders of core and nest, all of them', () => {
    for (const ring of ['core', 'nest'] as const) {
      const inside = library.filter((path) => path.startsWith(`libs/auth/src/${ring}/`));
      const folders = new Set(inside.map((path) => path.split('/')[4]));
      expect([...folders].sort()).toEqual([...floors[ring], 'internal.ts'].sort());
    }
  });

  it('have all other folders as doors, and all files beside them as lists of names', () => {
    const places = new Set(library.map((path) => path.split('/')[3]));
    const known = ['core', 'nest', ...Object.keys(doors), ...Object.keys(lists).map((name) => `${name}.ts`)];
    expect([...places].sort()).toEqual(known.sort());
  });

  it('are what the lint configuration holds: renew it with node tools/floors.js --write', () => {
    expect(writtenOverrides()).toEqual([...floorOverrides(), ...doorOverrides()]);
  });

  it.each([
    ['libs/auth/src/core/tokens/a.ts', `import '../issuers/external-issuer.js';`],
    ['libs/auth/src/core/base/a.ts', `import type { X } from '../stores/stores.js';`],
    ['libs/auth/src/core/issuers/presets/a.ts', `import '../../authentication/authenticator.js';`],
    ['libs/auth/src/core/a.ts', `import './base/errors.js';`],
    ['libs/auth/src/nest/options/a.ts', `import '../guards/auth.guards.js';`],
  ])('are not climbed by %s', (path, text) => {
    expect(importViolations(path, text)).toHaveLength(1);
  });

  it.each([
    ['libs/auth/src/core/issuers/presets/a.ts', `import '../trust-options.js'; import '../../base/errors.js';`],
    ['libs/auth/src/nest/browser/a.ts', `import '../../core/browser/csrf.js'; import '../options/settings.js';`],
  ])('are descended by %s', (path, text) => {
    expect(importViolations(path, text)).toEqual([]);
  });
});

describe('what core and nest list for the doors', () => {
  const imported = new Set(
    library
      .filter((path) => doors[path.split('/')[3] ?? ''] !== undefined)
      .flatMap((path) => namesFrom(readText(path), /\/internal\.js$/)),
  );

  it.each(['core', 'nest'])('is imported by a door, name by name: %s', (ring) => {
    const listed = namesFrom(readText(`libs/auth/src/${ring}/internal.ts`), /./);
    expect(listed.length).toBeGreaterThan(10);
    expect(listed.filter((name) => !imported.has(name))).toEqual([]);
  });
});

describe('the time', () => {
  it('is read by core/base/clock.ts alone', () => {
    expect(library.flatMap((path) => timeViolations(path, readText(path)))).toEqual([]);
  });

  it.each(['Date.now()', 'new Date()', 'Date()', 'performance.now()', 'process.hrtime.bigint()', 'const f = Date.now'])(
    'is detected as read by %s',
    (code) => {
      expect(timeViolations('libs/auth/src/core/keys.ts', code)).toHaveLength(1);
    },
  );

  it.each(['new Date(seconds * 1000)', '// Date.now()', `const text = 'new Date()'`])('is not read by %s', (code) => {
    expect(timeViolations('libs/auth/src/core/keys.ts', code)).toEqual([]);
  });
});

describe('barrels', () => {
  it('exist only as the index of a door, written name by name', () => {
    expect(library.flatMap((path) => barrelViolations(path, readText(path)))).toEqual([]);
  });

  it.each([
    ['libs/auth/src/core/index.ts', ''],
    ['libs/auth/src/core/issuers/index.ts', ''],
    ['libs/auth/src/typeorm/index.ts', `export * from './stores.js';`],
  ])('are caught in %s', (path, text) => {
    expect(barrelViolations(path, text)).toHaveLength(1);
  });
});
