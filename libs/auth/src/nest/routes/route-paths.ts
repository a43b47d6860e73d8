// The addresses of routes in the running application: with its global prefix and what is left out of it, versions, and RouterModule.
// Everything that names or compares an address asks here.
import { RequestMethod, VersioningType, type VersioningOptions } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { Route } from './routes.js';

/** What a client sends to reach a route. */
export interface RouteAddress {
  /** `GET`, `ALL`, or `MESSAGE` for a handler of messages. */
  readonly method: string;
  /** Every path of the route, as a client writes it: with the global prefix, and the version if it stands in the path. */
  readonly paths: readonly string[];
  /** If versions are not part of the path: those that the route answers to. */
  readonly version: string | undefined;
}

/** What the application says of itself. The prefix and the versions are set after it was made, and before it is initialised. */
export interface ApplicationFacts {
  readonly config: ApplicationConfig;
  /** Under which RouterModule keeps the path of a module. */
  readonly applicationId: string;
}

/** Where Nest keeps what its decorators were given. */
const NEST = { path: 'path', method: 'method', version: '__version__', module: '__module_path__' } as const;

/** The address of a route, as Nest mounts it. */
export function addressOf(route: Route, application: ApplicationFacts): RouteAddress {
  const { config } = application;
  const versioning = config.getVersioning();
  const versions = versionsOf(route, versioning);
  const method = read(NEST.method, route.handler);
  return {
    method: typeof method === 'number' ? (RequestMethod[method] ?? 'ALL') : 'GET',
    paths: mountedPaths(route, application, typeof method === 'number' ? (method as RequestMethod) : RequestMethod.GET),
    version: versioning?.type === VersioningType.URI ? undefined : named(versions),
  };
}

/** The path of a route as its decorators write it, joined: what ready-made controllers know of themselves. */
export function decoratedPaths({ owner, handler }: Route): readonly string[] {
  return textsOf(read(NEST.path, owner)).flatMap((outer) =>
    textsOf(read(NEST.path, handler)).map((inner) => joined([outer, inner])),
  );
}

/** What a handler of messages listens to. */
export function patternOf({ handler }: Route): RouteAddress {
  const pattern = read('microservices:pattern', handler);
  const patterns = (Array.isArray(pattern) ? pattern : [pattern]).map((each: unknown) =>
    typeof each === 'string' ? each : JSON.stringify(each),
  );
  return { method: 'MESSAGE', paths: patterns, version: undefined };
}

/** Prefix, version, module, controller, handler: the order in which Nest joins them. */
function mountedPaths(route: Route, { config, applicationId }: ApplicationFacts, method: RequestMethod): string[] {
  const modulePath = route.module === undefined ? '' : modulePathOf(route.module, applicationId);
  const versions = versionsOf(route, config.getVersioning()).map((each) => inPath(each, config.getVersioning()));
  const paths = decoratedPaths(route).flatMap((decorated) => {
    const path = joined([modulePath, decorated]);
    const prefix = isLeftOut(path, method, config) ? '' : config.getGlobalPrefix();
    return versions.map((version) => joined([prefix, version, path]));
  });
  return [...new Set(paths)];
}

/** Exclusions from the prefix are compared with the path without its version. */
function isLeftOut(path: string, method: RequestMethod, config: ApplicationConfig): boolean {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  return exclude.some(
    ({ requestMethod, pathRegex }) =>
      (requestMethod === RequestMethod.ALL || requestMethod === method) && pathRegex.test(path),
  );
}

/** What stands in the path for a version: nothing for VERSION_NEUTRAL, and for every other type of versioning. */
function inPath(version: unknown, versioning: VersioningOptions | undefined): string {
  if (versioning?.type !== VersioningType.URI || typeof version !== 'string') return '';
  return `${versioning.prefix === false ? '' : (versioning.prefix ?? 'v')}${version}`;
}

/** Of the handler, or of its controller, or the default; a route may have several. */
function versionsOf({ owner, handler }: Route, versioning: VersioningOptions | undefined): readonly unknown[] {
  const version = read(NEST.version, handler) ?? read(NEST.version, owner) ?? versioning?.defaultVersion;
  return Array.isArray(version) ? version : [version];
}

/** VERSION_NEUTRAL is a symbol, for which there is nothing to show. */
function named(versions: readonly unknown[]): string | undefined {
  const texts = versions.filter((version) => typeof version === 'string');
  return texts.length === 0 ? undefined : texts.join(', ');
}

function modulePathOf(module: object, applicationId: string): string {
  const path = read(NEST.module + applicationId, module) ?? read(NEST.module, module);
  return typeof path === 'string' ? path : '';
}

function read(key: string, target: object): unknown {
  return Reflect.getMetadata(key, target) as unknown;
}

function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map((each: unknown) => (typeof each === 'string' ? each : ''));
}

function joined(parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}
