// The layer table of docs/architecture.md as a function over one file's text: which imports break it, and who reads time.
import { posix } from 'node:path';
import ts from 'typescript';
import { floors } from '../../tools/floors.js';

interface Ring {
  readonly rings: readonly string[];
  readonly packages: readonly string[];
}

const nestPackages = ['@nestjs/common', '@nestjs/core', 'rxjs', 'reflect-metadata'];

/** What the files of each folder of libs/auth/src may import, besides `node:*` and their own folder. */
const rings: Record<string, Ring> = {
  core: { rings: [], packages: ['jose'] },
  nest: { rings: ['core'], packages: nestPackages },
  controllers: { rings: ['core', 'nest'], packages: [...nestPackages, 'class-validator', 'class-transformer'] },
  typeorm: { rings: ['core'], packages: ['typeorm'] },
  redis: { rings: ['core'], packages: ['ioredis', 'redis'] },
  swagger: { rings: ['core', 'nest'], packages: [...nestPackages, '@nestjs/swagger'] },
  passport: { rings: ['core', 'nest'], packages: [...nestPackages, '@nestjs/passport', 'passport', 'passport-jwt'] },
  opentelemetry: { rings: ['core'], packages: ['@opentelemetry/api'] },
  terminus: { rings: ['core', 'nest'], packages: [...nestPackages, '@nestjs/terminus'] },
  testing: { rings: ['core', 'nest'], packages: nestPackages },
  // One of its commands looks at an application; it loads Nest when it is asked to.
  cli: { rings: ['core', 'nest'], packages: ['jose', ...nestPackages] },
};

/** A door that is a list of names: `index.ts` and the files beside it. */
const list: Ring = { rings: ['core', 'nest'], packages: [] };

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
  return !target.startsWith('libs/');
}

function ringOf(path: string): string {
  return path.slice(source.length).split('/')[0] ?? '';
}

function ringNamed(name: string): Ring | undefined {
  return name.endsWith('.ts') ? list : rings[name];
}

function insideLibrary(path: string, target: string): boolean {
  if (!target.startsWith(source)) return false;
  const [from, to] = [ringOf(path), ringOf(target)];
  return from === to ? onFloor(path, target) : (ringNamed(from)?.rings.includes(to) ?? false);
}

/** A folder of core or nest imports itself and the floors below it. */
function onFloor(path: string, target: string): boolean {
  const [ring, from] = path.slice(source.length).split('/');
  const to = target.slice(source.length).split('/')[1];
  if ((ring !== 'core' && ring !== 'nest') || from === to) return true;
  const [level, other] = [floors[ring].indexOf(from ?? ''), floors[ring].indexOf(to ?? '')];
  return other >= 0 && other < level;
}

function packageAllowed(path: string, name: string): boolean {
  return name.startsWith('node:') || (ringNamed(ringOf(path))?.packages.includes(name) ?? false);
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
