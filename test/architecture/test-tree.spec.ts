// The tests lie as the sources do, and speak in sentences.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readText, root, typeScriptFiles } from '../support/repository.js';

/** Suites that cross folders of the sources, and what specs share. */
const CROSSING = new Set([
  'architecture',
  'attacks',
  'browser',
  'contexts',
  'flows',
  'migrations',
  'neighbours',
  'projects',
  'stores',
  'support',
  'types',
]);

const foldersOf = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** An id such as `X-01`, of a list that readers do not have. */
const CATALOGUE_ID = /\b(?:(?:EDX|DMR|BLOG|LMS|SJ|MON|JWKS)-[A-Z]?\d+|[A-T]-\d{2})\b/;

describe('the tree of the tests', () => {
  it('has a folder of the sources for each of its own', () => {
    const sources = new Set(foldersOf('libs/auth/src'));
    expect(foldersOf('test').filter((name) => !sources.has(name) && !CROSSING.has(name))).toEqual([]);
  });

  it.each(['core', 'nest'])('has the floors of %s', (ring) => {
    const floors = new Set([...foldersOf(`libs/auth/src/${ring}`), 'support']);
    expect(foldersOf(`test/${ring}`).filter((name) => !floors.has(name))).toEqual([]);
    const loose = typeScriptFiles(`test/${ring}`).filter((path) => path.split('/').length < 4);
    expect(loose).toEqual([]);
  });
});

describe('titles and comments', () => {
  it('carry no id of a catalogue', () => {
    const files = [...typeScriptFiles('test'), ...typeScriptFiles('libs/auth/src')];
    const carrying = files.filter((path) => !path.endsWith('test-tree.spec.ts') && CATALOGUE_ID.test(readText(path)));
    expect(carrying).toEqual([]);
  });

  it.each(['refuses it (K-11)', 'EDX-F8: refuses it', '// see DMR-S8'])('are searched for ids: %s', (text) => {
    expect(CATALOGUE_ID.test(text)).toBe(true);
  });
});
