// Rows of Markdown tables that name tests, and what is wrong with the names: for docs/attacks.md and docs/seeds.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './repository.js';

/** A test by its file and the text of its title, as it is written in the source. */
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

/** The tests that do not exist, each as a sentence. */
export function brokenCitations(citations: readonly Citation[]): string[] {
  return citations.flatMap(({ file, title }) => {
    if (!existsSync(join(root, file))) return [`no file ${file}`];
    return literalsOf(file).has(title) ? [] : [`${file} has no "${title}"`];
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
