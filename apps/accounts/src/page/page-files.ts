// The files of the web page, read once: what is not in its folder when the process starts is not served.
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

const FOLDER = new URL('../../public/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** One file, and its media type. */
export interface PageFile {
  readonly text: string;
  readonly type: string;
}

/** A file of the page. @throws {Error} if there is none */
export function pageFile(path: string): PageFile {
  const type = TYPES[extname(path)] ?? 'text/plain';
  return { text: readFileSync(new URL(path, FOLDER), 'utf8'), type: `${type}; charset=utf-8` };
}

/** The files of a folder of the page, by name. */
export function pageFolder(name: string): ReadonlyMap<string, PageFile> {
  const names = readdirSync(new URL(`${name}/`, FOLDER));
  return new Map(names.map((each) => [each, pageFile(`${name}/${each}`)]));
}
