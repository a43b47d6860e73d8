// `latchkey routes`: the route audit of any application, without starting it. Nest only looks at the modules (its preview mode):
// no provider is made, no database is asked, nothing listens.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Type } from '@nestjs/common';
import { AuthConfigurationError } from '../core/internal.js';
import type { RouteAudit } from '../policies.js';
import { atMost, type Command, optional, readArguments, UsageError } from './command.js';

const OPTIONS = { export: { type: 'string' }, json: { type: 'boolean' } } as const;

/** Prints what every route of a compiled module demands; contradictions among routes are a failure. */
export const routes: Command = async (args, { print }) => {
  const given = readArguments(args, OPTIONS);
  atMost(given, 1);
  const [path = ''] = given.positionals;
  const audit = await auditOf(await moduleAt(path, optional(given, 'export') ?? 'AppModule'));
  const { routeTable } = await import('../policies.js');
  const listed = audit.list();
  print(given.values['json'] === true ? JSON.stringify(listed, null, 2) : routeTable(listed).trimEnd());
  const problems = audit.problems();
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return 'done';
};

/** @throws {UsageError} */
async function moduleAt(path: string, name: string): Promise<Type<unknown>> {
  if (path === '') throw new UsageError('routes needs the path of a compiled module: dist/app.module.js');
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`there is no file ${path}; build the application first`);
  // Of a CommonJS file Node shows the named exports, too.
  const exported = await loaded(
    path,
    () => import(pathToFileURL(file).href) as Promise<Readonly<Record<string, unknown>>>,
  );
  const found = exported[name];
  // Nest itself says what is wrong with a class that is not a module.
  if (typeof found === 'function') return found as Type<unknown>;
  const others = Object.keys(exported).filter((each) => typeof exported[each] === 'function');
  throw new UsageError(
    `${path} exports no ${name}${others.length === 0 ? '' : `; --export may be ${others.join(', ')}`}`,
  );
}

/** @throws {AuthConfigurationError} saying what the application itself could not do */
async function loaded<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuthConfigurationError([`${name} cannot be loaded: ${reason}`]);
  }
}

// What needs Nest is loaded here, so that commands about keys and tokens start without it.
/** What the routes of a module demand, without making a provider. */
export async function auditOf(root: Type<unknown>): Promise<RouteAudit> {
  await import('reflect-metadata');
  const { ModulesContainer, NestFactory } = await import('@nestjs/core');
  const { previewAudit } = await import('../nest/internal.js');
  const options = { preview: true, logger: false, abortOnError: false } as const;
  const app = await loaded(root.name, () => NestFactory.createApplicationContext(root, options));
  return previewAudit(app.get(ModulesContainer));
}
