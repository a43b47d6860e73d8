// The schematic of `nest add nestjs-latchkey`: the plan of the generator, carried out on the tree of the devkit. The devkit is not
// imported: a schematic is a function over a tree.
import { afterwards } from './carry-out.js';
import { setUpPlan, type Plan } from './plan.js';
import type { Orm, ProjectFiles } from './project.js';

/** What is used of the tree of the devkit. */
interface Tree {
  read(path: string): { toString(encoding: 'utf8'): string } | null;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
  getDir(path: string): Directory;
}

interface Directory {
  readonly path: string;
  readonly subfiles: readonly string[];
  readonly subdirs: readonly string[];
  dir(name: string): Directory;
}

/** What is used of the context. */
interface SchematicContext {
  readonly logger: { info(text: string): void };
  addTask(task: { toConfiguration(): object }): unknown;
}

/** What the CLI of Nest hands over, and what may be typed after it. */
export interface SchematicOptions {
  readonly sourceRoot?: string;
  readonly orm?: Orm;
  readonly skipInstall?: boolean;
}

/**
 * Sets authentication up in a project.
 * @throws {Error} if nothing can be done, saying why; then nothing is changed
 */
export function nestAdd({ sourceRoot, orm, skipInstall = false }: SchematicOptions) {
  return (tree: Tree, context: SchematicContext): Tree => {
    const plan = setUpPlan(filesOf(tree), { sourceRoot, orm });
    if (plan.problems.length > 0) throw new Error(plan.problems.join('\n'));
    for (const { kind, path, text } of plan.changes)
      if (kind === 'create') tree.create(path, text);
      else tree.overwrite(path, text);
    if (!skipInstall && plan.changes.some(({ path }) => path === 'package.json')) context.addTask(installation(plan));
    for (const line of afterwards(plan)) context.logger.info(line);
    return tree;
  };
}

function filesOf(tree: Tree): ProjectFiles {
  const list = (directory: Directory): readonly string[] => [
    ...directory.subfiles.map((name) => `${directory.path}/${name}`.replace(/^\/+/, '')),
    ...directory.subdirs.filter((name) => name !== 'node_modules').flatMap((name) => list(directory.dir(name))),
  ];
  return {
    read: (path) => tree.read(path)?.toString('utf8'),
    list: (folder) => list(tree.getDir(folder)),
  };
}

/** The task of the devkit that installs packages. */
function installation({ manager }: Plan) {
  return {
    toConfiguration: () => ({ name: 'node-package', options: { command: 'install', packageManager: manager } }),
  };
}
