// What the generator needs to know of a project, read from its files.
import { posix } from 'node:path';

/** The files of a project, by their path from its root with `/`: a folder on disk, or the tree of a schematic. */
export interface ProjectFiles {
  /** The text of a file; `undefined` if there is none. */
  read(path: string): string | undefined;
  /** The files of a folder and of the folders in it. */
  list(folder: string): readonly string[];
}

/** Where users may be kept. */
export const ORMS = ['typeorm', 'prisma', 'none'] as const;

/** Where users are kept. */
export type Orm = (typeof ORMS)[number];

/** What a project is made of. */
export interface ProjectFacts {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly manager: 'npm' | 'pnpm' | 'yarn' | 'bun';
  /** The file in which the package manager writes versions down; `undefined` if there is none yet. */
  readonly lock: string | undefined;
  /** Below the folder of the project; `.` is that folder. */
  readonly sourceRoot: string;
  /** What a relative import ends with: `.js` in ES modules, otherwise nothing. */
  readonly extension: '.js' | '';
  readonly orm: Orm;
  readonly usesSwagger: boolean;
  /** Where an end-to-end test would run; `undefined` if none is set up. */
  readonly tests: 'test' | undefined;
}

/** Reads them. `undefined` if the folder is no project of Nest. */
export function projectFacts(
  files: ProjectFiles,
  given: { readonly sourceRoot?: string | undefined; readonly orm?: Orm | undefined },
): ProjectFacts | undefined {
  const manifest = objectIn(files, 'package.json');
  const packages = packagesOf(manifest ?? {});
  if (manifest === undefined || !packages.has('@nestjs/core')) return undefined;
  const sourceRoot = folderOf(given.sourceRoot ?? statedRoot(files));
  return {
    manifest,
    ...managerOf(files),
    sourceRoot,
    extension: extensionOf(files.read(posix.join(sourceRoot, 'app.module.ts')), manifest['type'] === 'module'),
    orm: given.orm ?? ormOf(packages),
    usesSwagger: packages.has('@nestjs/swagger'),
    tests: hasTests(files, packages) ? 'test' : undefined,
  };
}

/** One spelling of each folder: paths are made of it, compared, and printed. */
function folderOf(path: string): string {
  return posix.normalize(path.replaceAll('\\', '/')).replace(/(?<=.)\/+$/, '');
}

/** True for a folder that is not below that of the project: what is looked at would not be what is written. */
export function isElsewhere(sourceRoot: string): boolean {
  return /^(\/|[A-Za-z]:|\.\.(\/|$))/.test(sourceRoot);
}

function statedRoot(files: ProjectFiles): string {
  const stated = objectIn(files, 'nest-cli.json')?.['sourceRoot'];
  return typeof stated === 'string' ? stated : 'src';
}

/** All packages that a manifest names. */
export function packagesOf(manifest: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const groups = ['dependencies', 'devDependencies', 'peerDependencies'].map((name) => manifest[name]);
  return new Set(groups.flatMap((group) => Object.keys(typeof group === 'object' && group !== null ? group : {})));
}

function objectIn(files: ProjectFiles, path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(files.read(path) ?? 'null');
    return typeof read === 'object' && read !== null ? (read as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function managerOf(files: ProjectFiles): Pick<ProjectFacts, 'manager' | 'lock'> {
  const locks = {
    'pnpm-lock.yaml': 'pnpm',
    'yarn.lock': 'yarn',
    'bun.lock': 'bun',
    'package-lock.json': 'npm',
  } as const;
  const [lock, manager = 'npm'] = Object.entries(locks).find(([name]) => files.read(name) !== undefined) ?? [];
  return { manager, lock };
}

/** As the root module imports its neighbours; without any, as the manifest demands. */
function extensionOf(module: string | undefined, isModule: boolean): '.js' | '' {
  const [, path] = /from\s+['"](\.[^'"]*)['"]/.exec(module ?? '') ?? [];
  return (path === undefined ? isModule : path.endsWith('.js')) ? '.js' : '';
}

function ormOf(packages: ReadonlySet<string>): Orm {
  if (packages.has('@nestjs/typeorm')) return 'typeorm';
  return packages.has('@prisma/client') ? 'prisma' : 'none';
}

function hasTests(files: ProjectFiles, packages: ReadonlySet<string>): boolean {
  const isSetUp = ['test/jest-e2e.json', 'vitest.config.e2e.ts'].some((path) => files.read(path) !== undefined);
  return isSetUp && packages.has('supertest') && packages.has('@nestjs/testing');
}
