import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions } from '../support/compiler.js';
import { type Door, doors, library } from '../support/repository.js';

const program = ts.createProgram(
  doors.map(({ entry }) => join(library, 'src', `${entry}.ts`)),
  compilerOptions,
);

function exportsOf(door: Door): string[] {
  const file = program.getSourceFile(join(library, 'src', `${door.entry}.ts`));
  if (file === undefined) throw new Error(`the exports map names ${door.specifier}, which has no source`);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(file);
  const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
  return symbols.map((symbol) => `${kind(checker, symbol)} ${symbol.name}`).sort();
}

function kind(checker: ts.TypeChecker, symbol: ts.Symbol): 'type' | 'value' {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
  const isTypeOnly = symbol.declarations?.some((node) => ts.isExportSpecifier(node) && isTypeExport(node)) ?? false;
  return !isTypeOnly && (target.flags & ts.SymbolFlags.Value) !== 0 ? 'value' : 'type';
}

function isTypeExport(node: ts.ExportSpecifier): boolean {
  return node.isTypeOnly || node.parent.parent.isTypeOnly;
}

const named = doors.map((door) => [door.specifier, door] as const);

// A wider or narrower surface is a line of the snapshot in review: `npm test -- test/architecture/surface -u`.
it.each(named)('%s exports these names and no others', (_, door) => {
  expect(`\n${exportsOf(door).join('\n')}\n`).toMatchSnapshot();
});

describe('the front door', () => {
  const [front] = doors;
  const names = front === undefined ? [] : exportsOf(front);
  const count = (kind: string) => names.filter((name) => name.startsWith(kind)).length;

  it('has at most 45 values', () => {
    expect(front?.specifier).toBe('nestjs-latchkey');
    expect(count('value')).toBeGreaterThan(0);
    expect(count('value')).toBeLessThanOrEqual(45);
  });

  it('has at most 60 types', () => {
    expect(count('type')).toBeGreaterThan(0);
    expect(count('type')).toBeLessThanOrEqual(60);
  });
});

it('exports each name from one door', () => {
  const places = new Map<string, string[]>();
  for (const door of doors) {
    for (const name of exportsOf(door)) places.set(name, [...(places.get(name) ?? []), door.specifier]);
  }
  expect([...places].filter(([, found]) => found.length > 1)).toEqual([]);
});
