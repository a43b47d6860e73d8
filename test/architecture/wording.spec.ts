// Words that a reader whose mother tongue is not English stumbles over stay out of sources, tests and guides.
import { describe, expect, it } from '@jest/globals';
import { filesIn, readText } from '../support/repository.js';

/** "somebody" hides who acts; validation is a check; tokens are issued. */
const UNCLEAR =
  /\b(?:some|any|every|no)body\b|\bwhoever\b|\bjudg(?:e[sd]?|ing|e?ment)\b|(?<!x-)\bvouch\w*|\bhand(?:s|ed|ing)? out\b|\bafresh\b|\banew\b|\bcome alive\b|\/\/ Owns\b/i;

/** Decisions and the record of changes stay as they were written; a user may be called 'nobody'. */
const EXEMPT = /^docs\/adr\/|wording\.spec\.ts$/;
const A_NAME = /'nobody'/gi;

const written = [
  ...['libs/auth/src', 'apps/accounts/src', 'apps/courses/src', 'test'].flatMap((folder) => filesIn(folder, '.ts')),
  ...filesIn('docs', '.md'),
  'README.md',
  'CONTRIBUTING.md',
].filter((path) => !EXEMPT.test(path));

describe('sources, tests and guides', () => {
  it('are written in plain words', () => {
    const unclear = written.flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, index) =>
          UNCLEAR.test(line.replaceAll(A_NAME, '')) ? [`${path}:${index + 1} ${line.trim()}`] : [],
        ),
    );
    expect(unclear).toEqual([]);
  });

  it.each(['// Owns the keys.', 'nobody knows', 'Whoever calls it', 'is judged by', 'it vouches for', 'handed out'])(
    'are searched for words such as: %s',
    (text) => {
      expect(UNCLEAR.test(text)).toBe(true);
    },
  );
});
