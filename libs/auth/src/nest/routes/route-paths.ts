// Owns how a route is called from outside, as far as its decorators say: methods, paths and versions. A global prefix is set on the
// application after it was made, and is not among them.
import { RequestMethod } from '@nestjs/common';
import type { Route } from './routes.js';

/** What a client sends to reach a route. */
export interface RouteAddress {
  /** `GET`, `ALL`, or `MESSAGE` for a handler of messages. */
  readonly method: string;
  /** Every path of the route, without global prefix. */
  readonly paths: readonly string[];
  readonly version: string | undefined;
}

/** Where Nest keeps what its decorators were given. */
const NEST = { path: 'path', method: 'method', version: '__version__', module: '__module_path__' } as const;

/** @param applicationId the id under which RouterModule keeps the path of a module */
export function addressOf({ owner, handler, module }: Route, applicationId: string): RouteAddress {
  const method = read(NEST.method, handler);
  const prefix = module === undefined ? '' : textOf(read(NEST.module + applicationId, module));
  const paths = listOf(read(NEST.path, owner)).flatMap((outer) =>
    listOf(read(NEST.path, handler)).map((inner) => joined([prefix, outer, inner])),
  );
  const versions = listOf(read(NEST.version, handler) ?? read(NEST.version, owner));
  return {
    method: typeof method === 'number' ? (RequestMethod[method] ?? 'ALL') : 'GET',
    paths,
    version: versions.every((version) => version === '') ? undefined : versions.join(', '),
  };
}

/** What a handler of messages listens to. */
export function patternOf({ handler }: Route): RouteAddress {
  const patterns = listOf(read('microservices:pattern', handler), JSON.stringify);
  return { method: 'MESSAGE', paths: patterns, version: undefined };
}

function read(key: string, target: object): unknown {
  return Reflect.getMetadata(key, target) as unknown;
}

function listOf(value: unknown, write: (value: unknown) => string = textOf): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map((each: unknown) =>
    typeof each === 'string' ? each : write(each),
  );
}

function textOf(value: unknown): string {
  // Versions may be symbols (VERSION_NEUTRAL), for which there is nothing to show.
  return typeof value === 'string' ? value : '';
}

function joined(parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}
