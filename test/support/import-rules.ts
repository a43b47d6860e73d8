// The layer table of docs/architecture.md as a function over one file's text: which imports break it, and who reads time.
import { posix } from 'node:path';
import ts from 'typescript';
import { doors, floors, lists, packages } from '../../tools/floors.js';

const source = 'libs/auth/src/';

/** Lists what in the file at `path` (relative to the repository) breaks the import rules; empty when nothing does. */
export function importViolations(path: string, text: string): string[] {
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return imports.filter((name) => !allowed(path, name)).map((name) => `${path} imports ${name}`);
}

function allowed(path: string, name: string): boolean {
  const target = name.startsWith('.') ? posix.join(posix.dirname(path), name) : undefined;
  if (path.startsWith(source)) return target ? insideLibrary(path, target) : packageAllowed(path, name);
  if (target === undefined) return !name.startsWith(source);
  if (path.startsWith('test/core/') && target.startsWith(`${source}core/`)) return true;
  if (
    declarationTests.test(path) &&
    /^libs\/auth\/src\/(core\/base\/|nest\/options\/|controllers\/documented)/.test(target)
  )
    return true;
  return !target.startsWith('libs/');
}

/** The declarations of options are not exported, and a test walks all of them. */
const declarationTests = /^test\/(?:nest\/options\/schema\/|types\/cases\/options\.ts$)/;

/** The first folder below the sources, or the file that lies there. */
function placeOf(path: string): string {
  return path.slice(source.length).split('/')[0] ?? '';
}

type Ring = keyof typeof floors;

const isRing = (place: string): place is Ring => place === 'core' || place === 'nest';
const reaches = (on: Ring, ring: Ring): boolean => on === 'nest' || ring === 'core';

/** What `core/internal.ts` and `nest/internal.ts` list, doors alone may import. */
const isInternal = (path: string): boolean => /^libs\/auth\/src\/(core|nest)\/internal\.[jt]s$/.test(path);

function insideLibrary(path: string, target: string): boolean {
  if (!target.startsWith(source)) return false;
  const [from, to] = [placeOf(path), placeOf(target)];
  if (isRing(from)) return fromRing(from, path, target);
  const list = lists[from.replace(/\.ts$/, '')];
  if (list !== undefined) return isRing(to) && reaches(list, to) && !isInternal(target);
  const door = doors[from];
  return from === to || (door !== undefined && (door.above?.includes(to) === true || fromDoor(door.on, to, target)));
}

function fromRing(ring: Ring, path: string, target: string): boolean {
  const to = placeOf(target);
  if (isInternal(target)) return false;
  if (isInternal(path)) return to === ring;
  return to === ring ? onFloor(path, target) : ring === 'nest' && to === 'core';
}

/** A door imports lists of names, and of both rings what is listed for it. */
function fromDoor(on: Ring, to: string, target: string): boolean {
  if (isRing(to)) return reaches(on, to) && isInternal(target);
  const list = lists[to.replace(/\.js$/, '')];
  return list !== undefined && reaches(on, list);
}

/** A folder of core or nest imports itself and the floors below it. */
function onFloor(path: string, target: string): boolean {
  const [ring = '', from] = path.slice(source.length).split('/');
  const to = target.slice(source.length).split('/')[1];
  if (!isRing(ring) || from === to) return true;
  const [level, other] = [floors[ring].indexOf(from ?? ''), floors[ring].indexOf(to ?? '')];
  return other >= 0 && other < level;
}

function packageAllowed(path: string, name: string): boolean {
  const place = placeOf(path);
  return name.startsWith('node:') || packagesOf(place).includes(name);
}

function packagesOf(place: string): readonly string[] {
  if (isRing(place)) return packages[place];
  const door = doors[place];
  if (door === undefined) return [];
  return [...(door.on === 'nest' ? packages.nest : []), ...door.packages];
}

/** The names that a file imports or passes on from modules whose specifier matches, also by a destructured `await import()`. */
export function namesFrom(text: string, specifier: RegExp): string[] {
  const lists = /\{([^{}]*)\}\s*(?:from\s*|=\s*await import\()'([^']+)'/g;
  return [...text.matchAll(lists)]
    .filter(([, , from = '']) => specifier.test(from))
    .flatMap(([, names = '']) => names.split(',').map((name) => name.trim().replace(/^type | as .*$/g, '')))
    .filter((name) => name !== '');
}

const timeReads = /^(Date\.now|performance\.now|process\.hrtime)$/;

/** Lists where the file at `path` reads the time, which only core/base/clock.ts may do. */
export function timeViolations(path: string, text: string): string[] {
  if (path === `${source}core/base/clock.ts`) return [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (readsTime(node))
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} reads the time`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function readsTime(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return timeReads.test(node.getText());
  const isDate = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'Date';
  return isDate && (ts.isCallExpression(node) || !node.arguments?.length);
}

/** Lists barrels: an `export *` anywhere, or an index.ts that is not a door's. */
export function barrelViolations(path: string, text: string): string[] {
  const inner = path.endsWith('/index.ts') && path.slice(source.length).split('/').length > 2;
  const innerRing = path === `${source}core/index.ts` || path === `${source}nest/index.ts`;
  const found = inner || innerRing ? [`${path} is a barrel`] : [];
  if (/^export \*/m.test(text)) found.push(`${path} exports *`);
  return found;
}

/** Groups of files that reach themselves by their imports, types included; each in the order of the alphabet. */
export function importCycles(files: ReadonlyMap<string, string>): string[][] {
  const imports = new Map([...files].map(([path, text]) => [path, importedFiles(path, text)]));
  const reached = new Map([...files.keys()].map((path) => [path, reachedFrom(path, imports)]));
  const cycles = [...files.keys()]
    .filter((path) => reached.get(path)?.has(path) === true)
    .map((path) => [...files.keys()].filter((other) => meet(path, other, reached)).sort());
  return [...new Map(cycles.map((cycle) => [cycle.join(), cycle])).values()];
}

function meet(one: string, other: string, reached: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  return reached.get(one)?.has(other) === true && reached.get(other)?.has(one) === true;
}

function importedFiles(path: string, text: string): string[] {
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return names
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts'));
}

function reachedFrom(start: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...(imports.get(start) ?? [])];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...(imports.get(path) ?? []));
  }
  return reached;
}
