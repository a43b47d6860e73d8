// Rows of Markdown tables that name tests, and what is wrong with the names: for docs/attacks.md and docs/seeds.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readText, root, typeScriptFiles } from './repository.js';
import { testsOf, type WrittenTest } from './written-tests.js';

/** A test by its file and its title: as it is written in the source, or with a case of its table filled in. */
export interface Citation {
  readonly file: string;
  readonly title: string;
}

/** The cells of the rows of all tables, without their heads. */
export function tableRows(document: string): string[][] {
  const lines = document.split('\n');
  return lines
    .filter((line, index) => line.startsWith('| ') && lines[index + 1]?.startsWith('|---') !== true)
    .map((line) => line.slice(2, -2).split(/ \| /));
}

/** Reads `file`: "title", "title"<br>`file`: "title". Parts that are written otherwise are left out. */
export function citationsOf(cell: string): Citation[] {
  return cell.split('<br>').flatMap((part) => {
    const [, file = '', titles = ''] = /^`([^`]+)`: (".+")$/.exec(part) ?? [];
    const found = titles === '' ? [] : titles.slice(1, -1).split('", "');
    return found.map((title) => ({ file: `test/${file}`, title: title.replaceAll('\\|', '|') }));
  });
}

/** The tests that do not exist, or that do not run, each as a sentence. */
export function brokenCitations(citations: readonly Citation[]): string[] {
  return citations.flatMap((citation) => {
    const { file, title } = citation;
    if (!existsSync(join(root, file))) return [`no file ${file}`];
    if (!isRun(file)) return [`${file} is run by no spec`];
    const tests = citedTests(citation);
    if (tests.length === 0) return [`${file} has no "${title}"`];
    return tests.every(({ skipped }) => skipped) ? [`${file} skips "${title}"`] : [];
  });
}

/** The tests that a citation means: usually one; none if it is broken. */
export function citedTests({ file, title }: Citation): readonly WrittenTest[] {
  if (!existsSync(join(root, file))) return [];
  return testsOf(file).filter((test) => test.title === title || isCaseOf(test, title));
}

/** If Jest runs the file, or a spec imports it, as suites that several specs share are. */
function isRun(file: string): boolean {
  if (file.endsWith('.spec.ts')) return true;
  const name = `/${basename(file, '.ts')}.js'`;
  return file.startsWith('test/support/') && typeScriptFiles('test').some((each) => readText(each).includes(name));
}

const PLACEHOLDER = /%[sdifjopc]|\$[A-Za-z_][\w.]*/;

/** If the title is that of the test with strings of its table in the place of `%s` or `$name`. */
function isCaseOf(test: WrittenTest, title: string): boolean {
  const fixed = test.title.split(PLACEHOLDER);
  if (fixed.length === 1) return false;
  const pattern = fixed.map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('(.+?)');
  const filled = new RegExp(`^${pattern}$`, 's').exec(title)?.slice(1) ?? [];
  return filled.length > 0 && test.cases.some((row) => filled.every((value) => row.has(value)));
}
