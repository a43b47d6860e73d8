// The list of handlers that are not http routes: of gateways and of resolvers. Metadata keys are Nest's, known by name because the
// packages are optional.
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { ClassOrMethod } from '../routes/effective-policy.js';
import type { Route } from '../routes/routes.js';

const NEST_GATEWAY = 'websockets:is_gateway';
const NEST_GATEWAY_OPTIONS = 'websockets:gateway_options';
const NEST_GATEWAY_PORT = 'websockets:port';
const NEST_SUBSCRIBED = 'websockets:message_mapping';
const NEST_RESOLVED = 'graphql:resolver_type';

/** A gateway, and what decides about its sockets. */
export interface Gateway {
  readonly name: string;
  /** Of socket.io; with a leading slash. */
  readonly namespace: string;
  /** Of its own server; 0 for that of the application. */
  readonly port: number;
  /** Of `ws`; `undefined` if the gateway takes every path of its server. */
  readonly path: string | undefined;
  /** Its message handlers; one that only sends is checked by itself. */
  readonly handlers: readonly Route[];
}

/** Every gateway of the application. */
export function gatewaysOf(discovery: DiscoveryService, scanner: MetadataScanner): readonly Gateway[] {
  return classesOf(discovery)
    .filter((owner) => Reflect.hasMetadata(NEST_GATEWAY, owner))
    .map((owner) => {
      const handlers = handlersOf(owner, NEST_SUBSCRIBED, scanner);
      const { namespace, path } = (Reflect.getMetadata(NEST_GATEWAY_OPTIONS, owner) ?? {}) as GatewayOptions;
      return {
        name: owner.name,
        namespace: `/${String(namespace ?? '').replace(/^\//, '')}`,
        port: Number(Reflect.getMetadata(NEST_GATEWAY_PORT, owner) ?? 0),
        path: typeof path === 'string' ? path : undefined,
        handlers: handlers.length > 0 ? handlers : [{ name: owner.name, owner, handler: owner }],
      };
    });
}

interface GatewayOptions {
  readonly namespace?: unknown;
  readonly path?: unknown;
}

/** Every query, mutation and subscription of the application. */
export function resolversOf(discovery: DiscoveryService, scanner: MetadataScanner): readonly Route[] {
  return classesOf(discovery).flatMap((owner) => handlersOf(owner, NEST_RESOLVED, scanner));
}

function classesOf(discovery: DiscoveryService): readonly ClassOrMethod[] {
  const classes = discovery.getProviders().map(({ metatype }) => metatype as unknown);
  // A class is a function; what it takes is of no interest here. Factories have no prototype of their own.
  return [...new Set(classes)].filter((each): each is ClassOrMethod => typeof each === 'function' && isClass(each));
}

function isClass(value: Function): boolean {
  return typeof value.prototype === 'object' && value.prototype !== null;
}

function handlersOf(owner: ClassOrMethod, key: string, scanner: MetadataScanner): readonly Route[] {
  const prototype = owner.prototype as object;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const handler: unknown = Reflect.get(prototype, method);
    if (typeof handler !== 'function' || !Reflect.hasMetadata(key, handler)) return [];
    return [{ name: `${owner.name}.${method}`, owner, handler: handler as ClassOrMethod }];
  });
}
