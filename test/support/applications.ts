// Starts an application on a real adapter and a free port, and talks to it over real HTTP.
import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';

export const ADAPTERS = ['express', 'fastify'] as const;

export type AdapterName = (typeof ADAPTERS)[number];

const nothing = (): void => {};
/** Logs nothing. */
export const SILENT: LoggerService = {
  log: nothing,
  error: nothing,
  warn: nothing,
  debug: nothing,
  verbose: nothing,
  fatal: nothing,
};

export interface StartOptions {
  readonly imports: readonly (DynamicModule | Type<unknown> | Promise<DynamicModule>)[];
  readonly controllers?: readonly Type<unknown>[];
  readonly providers?: readonly (Type<unknown> | { provide: unknown; useValue: unknown })[];
  /** Changes the module before it is compiled: overrides. */
  readonly prepare?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** Changes the application before it listens: middleware, filters. */
  readonly configure?: (app: INestApplication) => unknown;
  /** Receives what the application logs. @defaultValue nothing is logged */
  readonly log?: LoggerService;
}

export interface RunningApplication {
  readonly app: INestApplication;
  readonly url: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function startApplication(adapter: AdapterName, options: StartOptions): Promise<RunningApplication> {
  const { imports, controllers = [], providers = [], prepare = (builder) => builder } = options;
  const metadata = { imports: [...imports], controllers: [...controllers], providers: [...providers] };
  const built = prepare(Test.createTestingModule(metadata as Parameters<typeof Test.createTestingModule>[0]));
  const module = await built.setLogger(options.log ?? SILENT).compile();
  const app =
    adapter === 'fastify' ? module.createNestApplication(new FastifyAdapter()) : module.createNestApplication();
  await options.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    app,
    url,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    close: () => app.close(),
  };
}
