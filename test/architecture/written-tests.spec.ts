// How the tests of a file are found: titles of tests that run, with the rows of their tables.
import { describe, expect, it } from '@jest/globals';
import { testsOfText } from '../support/written-tests.js';

const titles = (text: string) => testsOfText(text).map(({ title, skipped }) => (skipped ? `skipped: ${title}` : title));

describe('the tests of a file', () => {
  it.each([
    ['it', "it('refuses it', () => {})", ['refuses it']],
    ['test', 'test(`refuses it`, () => {})', ['refuses it']],
    ['a table', "it.each([['a']])('refuses %s', () => {})", ['refuses %s']],
    ['a typed table', "it.each<[string]>([['a']])('refuses %s', () => {})", ['refuses %s']],
    ['a suite', "describe('a token', () => { it('is refused', () => {}) })", ['is refused']],
    ['a suite of suites', "describe.each(['x'])('on %s', () => { it('is refused', () => {}) })", ['is refused']],
    ['a suite that needs a server', "requireOrSkip('x', true)('on x', () => { it('works', () => {}) })", ['works']],
    ['another string', "const text = 'refuses it'; expect(text).toBe('refused')", []],
    ['another function', "sit('refuses it', () => {})", []],
    ['it.skip', "it.skip('refuses it', () => {})", ['skipped: refuses it']],
    ['xit', "xit('refuses it', () => {})", ['skipped: refuses it']],
    ['it.todo', "it.todo('refuses it')", ['skipped: refuses it']],
    ['it.failing', "it.failing('refuses it', () => {})", ['skipped: refuses it']],
    ['it.skip.each', "it.skip.each(['a'])('refuses %s', () => {})", ['skipped: refuses %s']],
    ['a skipped suite', "describe.skip('x', () => { it('is refused', () => {}) })", ['skipped: is refused']],
    ['an excluded suite', "xdescribe('x', () => { it('is refused', () => {}) })", ['skipped: is refused']],
  ])('are those of %s', (_, text, expected) => {
    expect(titles(text)).toEqual(expected);
  });

  it.each([
    ['rows of lists', "it.each([['an end', 1], ['a start', 2]])('%s', () => {})"],
    ['rows that are cast', "it.each([['an end', 1], ['a start', 2]] as const)('%s', () => {})"],
    ['a constant', "const rows = [['an end', 1], ['a start', 2]]; it.each(rows)('%s', () => {})"],
    ['constants', "const all = [['a start', 2]]; it.each([['an end', 1], ...all])('%s', () => {})"],
  ])('have the cases of %s, each with its own values', (_, text) => {
    const [found] = testsOfText(text);
    expect(found?.cases.map((row) => [...row])).toEqual([
      ['an end', '1'],
      ['a start', '2'],
    ]);
  });
});
