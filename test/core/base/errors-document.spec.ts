// docs/errors.md and docs/errors: generated, complete, and where messages of development lead.
import { describe, expect, it } from '@jest/globals';
import { familyOf } from '../../../libs/auth/src/core/base/boot-pages.js';
import { DOCUMENTATION, pageOfError } from '../../../libs/auth/src/core/base/documentation.js';
import { ERROR_HELP } from '../../../libs/auth/src/core/base/error-help.js';
import { AuthConfigurationError, ERROR_TABLE, type AuthErrorCode } from '../../../libs/auth/src/core/base/errors.js';
import { bootLessons } from '../../../tools/boot-lessons.js';
import { bootDocument, errorPage, errorsDocument } from '../../../tools/errors-document.js';
import { lessons } from '../../../tools/error-lessons.js';
import { bootSentences } from '../../support/boot-sentences.js';
import { filesIn, readText } from '../../support/repository.js';

const codes = Object.keys(ERROR_TABLE) as AuthErrorCode[];

it('keeps docs/errors.md in step with the error table (npm run build && node tools/errors-document.js)', () => {
  expect(readText('docs/errors.md')).toBe(errorsDocument(ERROR_TABLE));
});

describe('the pages in docs/errors', () => {
  it.each(codes)('are in step for %s (npm run build && node tools/errors-document.js)', (code) => {
    const page = errorPage({ code, entry: ERROR_TABLE[code], help: ERROR_HELP[code] });
    expect(readText(`docs/errors/${code}.md`)).toBe(page);
    expect(pageOfError(code)).toBe(`${DOCUMENTATION}errors/${code}.md`);
  });

  it('are of codes that exist, and one is about what boots refuse', () => {
    const names = filesIn('docs/errors', '.md').map((path) => path.replace(/^.*\//, '').replace('.md', ''));
    expect(names.toSorted()).toEqual([...codes, 'boot'].toSorted());
    expect(Object.keys(lessons).toSorted()).toEqual(codes.toSorted());
    expect(readText('docs/errors/boot.md')).toBe(bootDocument());
  });
});

describe('a problem of the configuration', () => {
  it('leads to a section of docs/errors/boot.md, whatever the sentence', () => {
    const sentences = bootSentences();
    expect(sentences.length).toBeGreaterThan(120);
    const page = readText('docs/errors/boot.md');
    for (const sentence of sentences) expect(page).toContain(`<a id="${familyOf(sentence)}"></a>`);
    // What no family has words for is about the value of an option, and says what is accepted; a clause has its subject before it.
    const CLAUSE = /^(?:is|has|and|accepts|could|text|xx)\b|^\W/;
    const unsorted = sentences.filter((sentence) => familyOf(sentence) === 'values' && !CLAUSE.test(sentence));
    const VALUE =
      /accepted (?:is|are)|\bmust\b|at (?:least|most)|\bneeds?\b|\bis (?:not|empty)|too (?:easy|cheap)|holds a|cannot be|the exact|in braces/;
    expect(unsorted.filter((sentence) => !VALUE.test(sentence))).toEqual([]);
  });

  it.each(Object.entries(bootLessons))('as the example of the section %s leads there', (family, { example }) => {
    expect(familyOf(example)).toBe(family);
  });

  it('ends with the addresses of its sections, each once and not in production', () => {
    const problems = [
      'csrf.secret is required: x',
      'cookies is 3; accepted is a group',
      'access.tll is not an option; x',
    ];
    const { message } = new AuthConfigurationError(problems);
    const base = `${DOCUMENTATION}errors/boot.md`;
    expect(message.endsWith(`\nCause and cure:\n  ${base}#browser\n  ${base}#names`)).toBe(true);
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    expect(new AuthConfigurationError(problems).message).not.toContain('http');
    process.env['NODE_ENV'] = before;
  });
});
