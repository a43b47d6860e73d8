// Boots an application for a look at it: as its `main.ts` does, or from its root module, up to the moment at which it would listen.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { INestApplicationContext, LoggerService, NestApplicationOptions, Type } from '@nestjs/common';
import { AuthConfigurationError } from '../core/internal.js';

/** How far an application came. */
export interface Booted {
  /** `undefined` if it could not be created. */
  readonly app: INestApplicationContext | undefined;
  /** What it is made of, for a look without providers. */
  readonly root: Type<unknown> | undefined;
  /** Why it does not start. */
  readonly problems: readonly string[];
  /** What this library wrote to the log as a warning. */
  readonly warnings: readonly string[];
}

/** What of Nest is replaced for the boot. */
type Factory = Record<'create' | 'createMicroservice', (...given: unknown[]) => Promise<INestApplicationContext>>;

/** Runs what loads an application, and resolves once it would listen, or fails. */
export async function boot(load: () => Promise<unknown>, timeoutMs: number): Promise<Booted> {
  await import('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const log = new WarningLog();
  await log.takeOver();
  return new Promise((resolve) => {
    const seen: { root?: Type<unknown>; app?: INestApplicationContext } = {};
    const finish = (problems: readonly string[]): void => {
      clearTimeout(patience);
      resolve({ app: seen.app, root: seen.root, problems, warnings: log.warnings });
    };
    // It keeps the process running as well, whatever the application waits for.
    const patience = setTimeout(
      () => finish([`the application did not listen within ${timeoutMs / 1000} seconds`]),
      timeoutMs,
    );
    watchFactory(NestFactory as unknown as Factory, seen, finish);
    load().catch((error: unknown) => finish(problemsOf(error)));
  });
}

/** The root module as a program of its own: created on the adapter that is installed, and initialised. */
export async function startRoot(root: Type<unknown>): Promise<void> {
  const { NestFactory } = await import('@nestjs/core');
  const app = await NestFactory.create(root, await installedAdapter());
  await app.listen(0);
}

// As the application itself would find it.
async function installedAdapter() {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  const has = (name: string): boolean => {
    try {
      return resolve(name) !== '';
    } catch {
      return false;
    }
  };
  const [adapter, name] = has('@nestjs/platform-express')
    ? ['@nestjs/platform-express', 'ExpressAdapter']
    : ['@nestjs/platform-fastify', 'FastifyAdapter'];
  const { [name ?? '']: Adapter } = createRequire(join(process.cwd(), 'package.json'))(adapter ?? '');
  return new Adapter();
}

function isAdapter(each: unknown): boolean {
  return typeof each === 'object' && each !== null && 'patch' in each;
}

/** Nest must neither exit nor listen, and what follows the call of `listen` must not run. */
function watchFactory(
  factory: Factory,
  seen: { root?: Type<unknown>; app?: INestApplicationContext },
  finish: (problems: readonly string[]) => void,
): void {
  const never = new Promise<never>(() => {});
  for (const name of ['create', 'createMicroservice'] as const) {
    const create = factory[name].bind(factory);
    factory[name] = async (root, ...given) => {
      try {
        if (typeof root === 'function') seen.root = root as Type<unknown>;
        const app = await create(root, ...tamed(given));
        seen.app = app;
        stopBeforeListening(app, finish);
        return app;
      } catch (error) {
        finish(problemsOf(error));
        return never;
      }
    };
  }
}

/** The options of the application, without an exit of the process and without a log of its own. */
function tamed(given: readonly unknown[]): unknown[] {
  const rules: NestApplicationOptions = { abortOnError: false, bufferLogs: false };
  const adapters = given.filter(isAdapter);
  const options = given.find((each) => typeof each === 'object' && each !== null && !isAdapter(each)) as object;
  const { logger: _, ...kept } = { ...options } as NestApplicationOptions;
  return [...adapters, { ...kept, ...rules }];
}

function stopBeforeListening(app: INestApplicationContext, finish: (problems: readonly string[]) => void): void {
  // A proxy of Nest stands before the application; its class is what is seen behind.
  const prototype = Object.getPrototypeOf(app) as Record<string, unknown>;
  prototype['listen'] = async function initialiseOnly(this: INestApplicationContext) {
    await this.init().then(
      () => finish([]),
      (error: unknown) => finish(problemsOf(error)),
    );
    return new Promise<never>(() => {});
  };
  // Its servers would listen; the application has its handlers without them.
  if ('startAllMicroservices' in prototype) prototype['startAllMicroservices'] = startNone;
}

function startNone(this: unknown): Promise<unknown> {
  return Promise.resolve(this);
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof AuthConfigurationError) return error.problems;
  // Another copy of the package has another class of the same name.
  const problems: unknown = typeof error === 'object' && error !== null && 'problems' in error ? error.problems : [];
  if (Array.isArray(problems) && problems.length > 0) return problems.map(String);
  const reason = error instanceof Error ? error.message : String(error);
  return [`the application does not start: ${reason}`];
}

/** The log of the application for the time of the boot: the warnings of this library are kept, and all else is dropped. */
class WarningLog implements LoggerService {
  readonly warnings: string[] = [];

  async takeOver(): Promise<void> {
    const { Logger } = await import('@nestjs/common');
    Logger.overrideLogger(this);
    // What `main.ts` sets comes later.
    Logger.overrideLogger = () => {};
  }

  log(): void {}

  error(): void {}

  warn(message: unknown, context?: unknown): void {
    if (context === 'AuthModule') this.warnings.push(String(message));
  }
}
