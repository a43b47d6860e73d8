// `latchkey doctor`: an application as it is before its first request, and what production would refuse. The application is booted for it,
// with its hooks and its connections; it never listens.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { INestApplicationContext, Type } from '@nestjs/common';
import type { AuditedRoute } from '../policies.js';
import { boot, startRoot, type Booted } from './boot.js';
import {
  atMost,
  type Command,
  type CommandContext,
  type Given,
  optional,
  type Outcome,
  readArguments,
  seconds,
  UsageError,
} from './command.js';
import { reportText, type Report } from './doctor-report.js';
import { auditOf } from './routes.js';

const OPTIONS = { export: { type: 'string' }, json: { type: 'boolean' }, timeout: { type: 'string' } } as const;

/** Boots an application and prints what is found; `refused` if production would refuse to start it. */
export const doctor: Command = async (args, context) => {
  const given = readArguments(args, OPTIONS);
  atMost(given, 1);
  const file = fileOf(given);
  const timeoutMs = seconds(given, 'timeout', '60s') * 1000;
  const exit = watchExit();
  const restore = divertOutput();
  context.progress('booting the application');
  const booted = await boot(() => loaded(file, given), timeoutMs);
  context.progress('asking its stores and reading its routes');
  const report = await reportOf(booted);
  restore();
  const outcome = report.refuses.length === 0 ? 'done' : 'refused';
  exit.reported(outcome);
  await print(report, given, context);
  // What hooks print at the end is no part of the answer either.
  const restoreAgain = divertOutput();
  // Whatever the application left open would keep the process; its hooks had their time.
  await within(5_000, Promise.resolve(booted.app?.close()));
  restoreAgain();
  return outcome;
};

/** An application may end the process, with an exit code of its own: that must not be taken for an answer of the doctor. */
function watchExit(): { reported(outcome: Outcome): void } {
  let outcome: Outcome | undefined;
  process.once('exit', () => {
    if (outcome === undefined && process.exitCode !== 1)
      process.stderr.write('latchkey doctor: the application ended the process before it would listen\n');
    process.exitCode = outcome === 'done' ? 0 : 1;
  });
  return { reported: (given) => void (outcome = given) };
}

/** @throws {UsageError} */
function fileOf({ positionals: [path = ''] }: Given): string {
  if (path === '') throw new UsageError('doctor needs the path of a compiled program or root module: dist/main.js');
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`there is no file ${path}; build the application first`);
  return file;
}

/** Loads a program, which creates its application itself, or a root module, which is created here. */
async function loaded(file: string, given: Given): Promise<void> {
  const exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const name = optional(given, 'export');
  const root = exported[name ?? 'AppModule'];
  if (typeof root === 'function') return startRoot(root as Type<unknown>);
  if (name !== undefined) throw new Error(`${file} exports no ${name}`);
}

/** What the application prints goes where it disturbs no reader of the answer. Returns how to undo it. */
function divertOutput(): () => void {
  const write = process.stdout.write;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return () => (process.stdout.write = write);
}

async function reportOf({ app, root, problems, warnings }: Booted): Promise<Report> {
  const { inspectedApplication } = await import('../nest/internal.js');
  const found = app === undefined ? undefined : await inspectedApplication(app);
  const audited = found?.configurations.length === 0 ? NOT_IMPORTED : await routesOf(app, root);
  return {
    found,
    routes: audited.routes,
    refuses: [...new Set([...problems, ...audited.problems, ...(found?.inProduction.refuses ?? [])])],
    warns: [...new Set([...warningsOf(warnings), ...(found?.inProduction.warns ?? [])])],
  };
}

/** The routes, and what is wrong with them. */
interface Audited {
  readonly routes: readonly AuditedRoute[];
  readonly problems: readonly string[];
}

const NOTHING: Audited = { routes: [], problems: [] };

const NOT_IMPORTED: Audited = {
  routes: [],
  problems: ['the application does not import AuthModule, or its options could not be read'],
};

/** What was said because this is no production is not said there, and what it refuses stands among the refusals. */
function warningsOf(warnings: readonly string[]): readonly string[] {
  return warnings.filter((warning) => !warning.startsWith('Development mode'));
}

/** Of an application that could not be created, its modules still tell. */
async function routesOf(app: INestApplicationContext | undefined, root: Type<unknown> | undefined): Promise<Audited> {
  const { RouteAudit } = await import('../policies.js');
  const { findProvider } = await import('../nest/internal.js');
  try {
    if (app !== undefined) {
      const audit = findProvider<InstanceType<typeof RouteAudit>>(app, RouteAudit);
      return { routes: audit.list(), problems: [] };
    }
    if (root === undefined) return NOTHING;
    const audit = await auditOf(root);
    return { routes: audit.list(), problems: audit.problems() };
  } catch {
    return NOTHING;
  }
}

async function print(report: Report, given: Given, { print, clock }: CommandContext): Promise<void> {
  if (given.values['json'] === true) return print(JSON.stringify(report, null, 2));
  const { routeTable } = await import('../policies.js');
  print(reportText(report, { now: clock.nowSeconds(), routes: routeTable(report.routes).trimEnd() }));
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const tired = new Promise<void>((done) => (patience = setTimeout(done, milliseconds)));
  await Promise.race([work.then(undefined, () => {}), tired]);
  clearTimeout(patience);
}
