// The list of an application's routes, as the boot check, the route audit and OpenAPI need it.
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { ClassOrMethod } from './effective-policy.js';

/** One handler of a controller. */
export interface Route {
  /** `Controller.method`, for messages. */
  readonly name: string;
  readonly owner: ClassOrMethod;
  readonly handler: ClassOrMethod;
  /** The module that the controller belongs to. */
  readonly module?: ClassOrMethod | undefined;
}

/** Lists the controllers of an application. */
type Controllers = Pick<DiscoveryService, 'getControllers'>;

/** Where Nest keeps the path of a routed method. */
const NEST_PATH = 'path';

/** Where @nestjs/microservices keeps the pattern of a message handler. */
const NEST_PATTERN = 'microservices:pattern';

/** Every routed handler of every controller. Methods without a route are skipped. */
export function routesOf(discovery: Controllers, scanner: MetadataScanner): readonly Route[] {
  return handlersWith(NEST_PATH, discovery, scanner);
}

/** Every handler of a controller that answers messages: `@MessagePattern()`, `@EventPattern()`. */
export function messageHandlersOf(discovery: Controllers, scanner: MetadataScanner): readonly Route[] {
  return handlersWith(NEST_PATTERN, discovery, scanner);
}

function handlersWith(key: string, discovery: Controllers, scanner: MetadataScanner): readonly Route[] {
  return discovery.getControllers().flatMap(({ metatype, host }) => {
    if (typeof metatype !== 'function') return [];
    const prototype: object = metatype.prototype as object;
    return scanner.getAllMethodNames(prototype).flatMap((method) => {
      const handler: unknown = Reflect.get(prototype, method);
      if (typeof handler !== 'function' || !Reflect.hasMetadata(key, handler)) return [];
      // A class and its method are functions; what they take is of no interest here.
      const owner = metatype as unknown as ClassOrMethod;
      const module = host?.metatype as unknown as ClassOrMethod | undefined;
      return [{ name: `${metatype.name}.${method}`, owner, handler: handler as ClassOrMethod, module }];
    });
  });
}
