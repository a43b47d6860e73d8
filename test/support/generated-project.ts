// Projects for the generator: as files in memory, set up by the schematic of the package, and on disk, compiled and run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { temporaryFolder } from './database-server.js';
import { root } from './repository.js';

/** The text of each file by its path. */
export type Files = Readonly<Record<string, string>>;

/** What the schematic did. */
export interface SetUp {
  readonly files: Files;
  readonly log: string;
  /** The tasks that the devkit was given. */
  readonly tasks: readonly object[];
}

/** What is used of the schematic. */
interface Schematic {
  nestAdd(options: object): (tree: object, context: object) => unknown;
}

// As schematics/nest-add.cjs requires it, which Jest cannot.
const schematic = pathToFileURL(join(root, 'libs/auth/dist/cli/setup/schematic.js')).href;
const { nestAdd } = (await import(schematic)) as Schematic;

/** Runs the schematic that `nest add` runs, on files in memory. @throws {Error} as the schematic does */
export function setUp(files: Files, options: object = {}): SetUp {
  const after = new Map(Object.entries(files));
  const log: string[] = [];
  const tasks: object[] = [];
  const tree = {
    read: (path: string) => (after.has(path) ? Buffer.from(after.get(path) ?? '') : null),
    create(path: string, text: string) {
      if (after.has(path)) throw new Error(`${path} is overwritten`);
      after.set(path, text);
    },
    overwrite(path: string, text: string) {
      if (!after.has(path)) throw new Error(`${path} is not there`);
      after.set(path, text);
    },
    getDir: (path: string) => directory(`/${path}`, [...after.keys()]),
  };
  const context = {
    logger: { info: (text: string) => void log.push(text) },
    addTask: (task: { toConfiguration(): object }) => void tasks.push(task.toConfiguration()),
  };
  nestAdd(options)(tree, context);
  return { files: Object.fromEntries(after), log: log.join('\n'), tasks };
}

function directory(path: string, files: readonly string[]): object {
  const inside = files
    .filter((file) => `/${file}`.startsWith(`${path}/`))
    .map((file) => `/${file}`.slice(path.length + 1));
  const subdirs = [...new Set(inside.flatMap((file) => (file.includes('/') ? [file.split('/')[0] ?? ''] : [])))];
  return {
    path,
    subfiles: inside.filter((file) => !file.includes('/')),
    subdirs,
    dir: (name: string) => directory(`${path}/${name}`, files),
  };
}

const compiled: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** Compiles the sources, which are ES modules, and runs a program beside them; gives what it printed and how it ended. */
export function run(files: Files, program: string, environment: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder('generated');
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries({
      ...files,
      'package.json': '{"type":"module"}',
      'src/program.ts': program,
    })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      const isSource = path.endsWith('.ts');
      const output = isSource ? ts.transpileModule(text, { compilerOptions: compiled }).outputText : text;
      writeFileSync(join(folder, isSource ? path.replace(/\.ts$/, '.js') : path), output);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, ['src/program.js'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
    });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
