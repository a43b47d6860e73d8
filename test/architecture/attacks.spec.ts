// The catalogue of attacks in docs/attacks.md names tests that exist, and every suite of attacks is in it.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from '@jest/globals';
import { readText, root, typeScriptFiles } from '../support/repository.js';

interface Citation {
  readonly file: string;
  readonly title: string;
}

/** The cells of the rows of all tables, without their head. */
function rowsOf(document: string): string[][] {
  const lines = document.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Attack |'));
  return lines.map((line) => line.slice(2, -2).split(/ \| /));
}

/** Reads `file`: "title", "title"<br>`file`: "title". */
function citationsOf(cell: string): Citation[] {
  return cell.split('<br>').flatMap((part) => {
    const [, file = '', titles = ''] = /^`([^`]+)`: (".+")$/.exec(part) ?? [];
    const found = titles === '' ? [] : titles.slice(1, -1).split('", "');
    return found.map((title) => ({ file: `test/${file}`, title: title.replaceAll('\\|', '|') }));
  });
}

const literals = new Map<string, Set<string>>();

/** Every string literal of a file, which its titles and the names of its table rows are. */
function literalsOf(file: string): Set<string> {
  const known = literals.get(file);
  if (known !== undefined) return known;
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ESNext));
  literals.set(file, found);
  return found;
}

/** What is wrong with the rows of a catalogue; empty if nothing is. */
function problemsOf(document: string): string[] {
  return rowsOf(document).flatMap((row) => {
    const [attack, defence, tests = ''] = row;
    const citations = citationsOf(tests);
    if (row.length !== 3 || !attack || !defence || citations.length === 0) return [`not a row: ${row.join(' | ')}`];
    return citations.flatMap(({ file, title }) => {
      if (!existsSync(join(root, file))) return [`${attack}: no file ${file}`];
      return literalsOf(file).has(title) ? [] : [`${attack}: ${file} has no "${title}"`];
    });
  });
}

const catalogue = readText('docs/attacks.md');

describe('the catalogue of attacks', () => {
  it('names a file and a title that exist in every row', () => {
    expect(problemsOf(catalogue)).toEqual([]);
    expect(rowsOf(catalogue).length).toBeGreaterThan(150);
  });

  it('cites every suite in test/attacks', () => {
    const cited = new Set(rowsOf(catalogue).flatMap(([, , tests = '']) => citationsOf(tests).map(({ file }) => file)));
    expect(typeScriptFiles('test/attacks').filter((file) => !cited.has(file))).toEqual([]);
  });

  it.each([
    ['a file that does not exist', '`attacks/none.spec.ts`: "is refused"', 'no file test/attacks/none.spec.ts'],
    ['a title that does not exist', '`attacks/csrf.spec.ts`: "is accepted"', 'has no "is accepted"'],
    ['a second title that does not exist', '`attacks/csrf.spec.ts`: "need no CSRF token", "is accepted"', 'has no'],
    ['no title', '`attacks/csrf.spec.ts`', 'not a row'],
    ['no test', '', 'not a row'],
  ])('finds a row with %s', (_, cell, problem) => {
    expect(problemsOf(`| Attack | Defence | Test |\n|---|---|---|\n| a forged request | a token | ${cell} |`)).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});
