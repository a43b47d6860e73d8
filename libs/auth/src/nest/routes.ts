// Owns the list of an application's routes, as the boot check, the route audit and OpenAPI need it.
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Target } from './effective-policy.js';

/** One handler of a controller. */
export interface Route {
  /** `Controller.method`, for people. */
  readonly name: string;
  readonly owner: Target;
  readonly handler: Target;
}

/** Where Nest keeps the path of a routed method. */
const NEST_PATH = 'path';

/** Every routed handler of every controller. A method without a route is nobody's business. */
export function routesOf(discovery: DiscoveryService, scanner: MetadataScanner): readonly Route[] {
  return discovery.getControllers().flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype: object = metatype.prototype as object;
    return scanner.getAllMethodNames(prototype).flatMap((method) => {
      const handler: unknown = Reflect.get(prototype, method);
      if (typeof handler !== 'function' || !Reflect.hasMetadata(NEST_PATH, handler)) return [];
      // A class and its method are functions; what they take is of no interest here.
      return [{ name: `${metatype.name}.${method}`, owner: metatype as unknown as Target, handler: handler as Target }];
    });
  });
}
