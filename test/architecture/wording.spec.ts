// Words that a reader whose mother tongue is not English stumbles over stay out of the published sources.
import { describe, expect, it } from '@jest/globals';
import { readText, typeScriptFiles } from '../support/repository.js';

/** "somebody" hides who acts; validation is a check; tokens are issued. */
const UNCLEAR =
  /\b(?:some|any|every|no)body\b|\bwhoever\b|\bjudg(?:e[sd]?|ing|e?ment)\b|(?<!x-)\bvouch\w*|\bhand(?:s|ed|ing)? out\b|\bafresh\b|\banew\b|\bcome alive\b|\/\/ Owns\b/i;

describe('the sources of the library', () => {
  it('are written in plain words', () => {
    const unclear = typeScriptFiles('libs/auth/src').flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, index) => (UNCLEAR.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
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
