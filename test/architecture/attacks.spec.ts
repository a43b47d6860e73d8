// The catalogue of attacks in docs/attacks.md names tests that exist, and every suite of attacks is in it.
import { describe, expect, it } from '@jest/globals';
import { brokenCitations, citationsOf, tableRows } from '../support/citations.js';
import { readText, typeScriptFiles } from '../support/repository.js';

/** What is wrong with the rows of a catalogue; empty if nothing is. */
function problemsOf(document: string): string[] {
  return tableRows(document).flatMap((row) => {
    const [attack, defence, tests = ''] = row;
    const citations = citationsOf(tests);
    if (row.length !== 3 || !attack || !defence || citations.length === 0) return [`not a row: ${row.join(' | ')}`];
    return brokenCitations(citations).map((problem) => `${attack}: ${problem}`);
  });
}

const catalogue = readText('docs/attacks.md');

describe('the catalogue of attacks', () => {
  it('names a file and a title that exist in every row', () => {
    expect(problemsOf(catalogue)).toEqual([]);
    expect(tableRows(catalogue).length).toBeGreaterThan(150);
  });

  it('cites every suite in test/attacks', () => {
    const cited = new Set(
      tableRows(catalogue).flatMap(([, , tests = '']) => citationsOf(tests).map(({ file }) => file)),
    );
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
