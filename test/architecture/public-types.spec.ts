import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { unexportedTypes } from '../support/public-signatures.js';
import { doors } from '../support/repository.js';

const MINUTE_MS = 60_000;

describe('the signatures of the doors', () => {
  it(
    'mention no type that no door exports: export it from its door, or take it out of the signature',
    () => {
      expect(unexportedTypes(doors)).toEqual([]);
    },
    2 * MINUTE_MS,
  );
});

describe('the search for such types', () => {
  const inner = `
    export interface Hidden { readonly member: number }
    export interface Shown { readonly member: string }
    export const table = { a: 1 };
  `;

  /** What is found in a door with that text, by the names of its exports. */
  function foundIn(text: string): Record<string, string> {
    const root = mkdtempSync(join(tmpdir(), 'public-types-'));
    try {
      writeFileSync(join(root, 'inner.ts'), inner);
      writeFileSync(join(root, 'door.ts'), `import { table, type Hidden, type Shown } from './inner.js';\n${text}`);
      const found = unexportedTypes([{ specifier: 'x', entry: 'door' }], { root });
      return Object.fromEntries(found.map(({ mentionedBy, type }) => [mentionedBy.replace('x: ', ''), type]));
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  it.each([
    ['a parameter', 'export declare function f(hidden: Hidden): void;'],
    ['a result that the compiler infers', 'declare const hidden: Hidden; export const f = () => hidden;'],
    ['a type argument', 'export type f = Promise<readonly Hidden[]>;'],
    ['the base of an interface', 'export interface f extends Hidden { readonly more: boolean }'],
    ['a member that subclasses see', 'export class f { protected hidden?: Hidden }'],
    ['a constructor', 'export class f { constructor(_hidden: Hidden) {} }'],
    ['a member of a type by its name', `export type f = Hidden['member'];`],
    ['an import in a type', `export type f = import('./inner.js').Hidden;`],
  ])(
    'finds it in %s',
    (_, text) => {
      expect(foundIn(text)).toEqual({ f: 'Hidden (inner.ts)' });
    },
    MINUTE_MS,
  );

  it(
    'finds the type of a value that no door exports',
    () => {
      expect(foundIn('export type Name = keyof typeof table;')).toEqual({ Name: 'table (inner.ts)' });
    },
    MINUTE_MS,
  );

  it.each([
    ['an exported type', `export type { Shown } from './inner.js'; export declare function f(shown: Shown): void;`],
    ['a private member', 'export class f { private hidden?: Hidden; }'],
    [
      'what is marked as internal',
      'export class f {\n/** @internal */\nconstructor(readonly a: number, _: Hidden) {} }',
    ],
    [
      'the body of a function',
      'export function f(): number { const hidden: Hidden = { member: 1 }; return hidden.member; }',
    ],
    ['a type parameter', 'export declare function f<Hidden>(hidden: Hidden): Hidden;'],
    ['a type of a package', `export type f = import('node:http').IncomingMessage;`],
  ])(
    'lets %s be',
    (_, text) => {
      expect(foundIn(text)).toEqual({});
    },
    MINUTE_MS,
  );
});
