// `latchkey init`: sets authentication up in the project of the current folder. It overwrites nothing, and git undoes it.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AuthConfigurationError } from '../core/internal.js';
import { atMost, type Command, type CommandContext, optional, readArguments, UsageError } from './command.js';
import { afterwards, undoing } from './setup/carry-out.js';
import { setUpPlan, type Change, type Plan } from './setup/plan.js';
import { ORMS, type Orm, type ProjectFiles } from './setup/project.js';

const OPTIONS = {
  defaults: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'skip-install': { type: 'boolean' },
  'source-root': { type: 'string' },
  orm: { type: 'string' },
} as const;

/** Writes what the plan says, and says what was written. */
export const init: Command = async (args, context) => {
  const given = readArguments(args, OPTIONS);
  atMost(given, 0);
  const chosen = { sourceRoot: optional(given, 'source-root'), orm: ormOf(optional(given, 'orm')) };
  const plan = setUpPlan(filesIn(process.cwd()), chosen);
  if (plan.problems.length > 0) throw new AuthConfigurationError(plan.problems);
  for (const { kind, path } of plan.changes) context.print(`${kind.toUpperCase()} ${path}`);
  if (given.values['dry-run'] === true) return finished(plan, context);
  if (given.values['defaults'] !== true && !(await agreed())) return 'refused';
  assertSame(plan, setUpPlan(filesIn(process.cwd()), chosen));
  carryOut(plan, context, given.values['skip-install'] !== true);
  return finished(plan, context);
};

/** @throws {AuthConfigurationError} if files changed while the question was open: the plan would undo that */
function assertSame(plan: Plan, now: Plan): void {
  if (JSON.stringify(plan) === JSON.stringify(now)) return;
  throw new AuthConfigurationError(['files of the project were changed meanwhile; nothing was written, start again']);
}

function carryOut(plan: Plan, context: CommandContext, installs: boolean): void {
  for (const change of plan.changes) write(change);
  const isInstalled = installs && plan.changes.some(({ path }) => path === 'package.json');
  if (isInstalled) install(plan, context);
  for (const line of ['', ...undoing(plan, isInstalled)]) context.print(line);
}

function finished(plan: Plan, { print }: CommandContext): 'done' {
  for (const line of afterwards(plan)) print(line);
  return 'done';
}

/** @throws {UsageError} */
function ormOf(text: string | undefined): Orm | undefined {
  const found = ORMS.find((orm) => orm === text);
  if (text !== undefined && found === undefined)
    throw new UsageError(`--orm is ${text}; accepted are ${ORMS.join(', ')}`);
  return found;
}

/** The one question. @throws {UsageError} where there is nothing to ask it at */
async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('there is no terminal to ask at; --defaults writes the files without a question');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Write these files? [Y/n] ');
  terminal.close();
  return /^(y|yes)?$/i.test(answer.trim());
}

function filesIn(root: string): ProjectFiles {
  return {
    read: (path) => {
      const file = join(root, path);
      if (existsSync(file)) return readFileSync(file, 'utf8');
      // A link to nothing is there: what is written would be its target.
      return lstatSync(file, { throwIfNoEntry: false }) === undefined ? undefined : '';
    },
    list: (folder) => {
      const path = join(root, folder);
      if (!existsSync(path)) return [];
      const found = readdirSync(path, { recursive: true, encoding: 'utf8' });
      return found
        .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
        .filter((file) => !file.includes('/node_modules/'));
    },
  };
}

function write({ path, text, kind }: Change): void {
  const folder = dirname(path);
  if (folder !== '.') mkdirSync(folder, { recursive: true });
  writeFileSync(path, text, { flag: kind === 'create' ? 'wx' : 'w' });
}

/** Installs the packages that were added. What it prints goes to standard error, as all that is no answer. */
function install({ manager }: Plan, { print, progress }: CommandContext): void {
  progress(`installing the packages with ${manager}`);
  // In CI pnpm would refuse to change the versions that it wrote down.
  const args = manager === 'pnpm' ? ['install', '--no-frozen-lockfile'] : ['install'];
  const { status } = spawnSync(manager, args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) print(`\nThe packages were not installed: run ${manager} install`);
}
