// Paths of this repository, and the doors of the package.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageDoors } from '../../tools/doors.js';

export const root = join(import.meta.dirname, '../..');
export const library = join(root, 'libs/auth');

/** Reads a file of the repository as a string. */
export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Lists the TypeScript files below a folder, as paths relative to the repository with forward slashes. */
export function typeScriptFiles(folder: string): string[] {
  return filesIn(folder, '.ts');
}

/** Lists the files below a folder whose names end so, as paths relative to the repository with forward slashes. */
export function filesIn(folder: string, ending: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .sort();
}

export interface Manifest {
  readonly files: readonly string[];
  readonly version: string;
  readonly types: string;
  readonly typesVersions: unknown;
  readonly exports: Record<string, unknown>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

export const manifest = JSON.parse(readText('libs/auth/package.json')) as Manifest;

/** A door of the package: `nestjs-latchkey` itself or `nestjs-latchkey/<name>`. */
export interface Door {
  readonly specifier: string;
  /** The entry below `src` and, compiled, below `dist`, without extension. */
  readonly entry: string;
}

export const doors: readonly Door[] = packageDoors().map(({ path, entry }) => ({
  specifier: `nestjs-latchkey${path.slice(1)}`,
  entry,
}));

/** The peers that a user may leave out. */
export const optionalPeers = Object.keys(manifest.peerDependencies).filter(
  (name) => manifest.peerDependenciesMeta[name]?.optional === true,
);

/** The optional peers that each door loads or mentions; a door that is not here needs none. */
export const peersOf: Readonly<Record<string, readonly string[]>> = {
  'nestjs-latchkey/controllers': ['class-validator', 'class-transformer'],
  'nestjs-latchkey/typeorm': ['typeorm'],
  'nestjs-latchkey/swagger': ['@nestjs/swagger'],
  'nestjs-latchkey/opentelemetry': ['@opentelemetry/api'],
  'nestjs-latchkey/terminus': ['@nestjs/terminus'],
  'nestjs-latchkey/passport': ['@nestjs/passport', 'passport', 'passport-jwt'],
  'nestjs-latchkey/passwords': ['@node-rs/argon2'],
};
