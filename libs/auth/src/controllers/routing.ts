// What the ready-made controllers share: how paths are written, and who asks.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { signInFactsOf, type RouteAddresses } from '../nest/internal.js';
import type { SignInFacts } from '../sign-in.js';

/** The route for further steps, below the path of its controller. */
export const STEP_ROUTE = 'continue';

/** The path of one operation, with a leading slash. */
export function absolute(path: string, operation: string): string {
  return `/${path}/${operation}`.replaceAll(/\/{2,}/g, '/');
}

/** Where the further steps of a mounted controller are: a continuation that began there is refused everywhere else. */
export function stepsOf(controller: object, addresses: RouteAddresses): string {
  // Written by @Controller(): a path, or several.
  const paths = [Reflect.getMetadata('path', controller.constructor) as string | readonly string[]].flat();
  return addresses.placeOf(controller, absolute(paths[0] ?? '', STEP_ROUTE));
}

/** What is known of the request. Not `@Headers()`, which OpenAPI would show as a parameter that must be sent. */
export const RequestFacts = createParamDecorator((_: unknown, context: ExecutionContext): SignInFacts =>
  signInFactsOf(context.switchToHttp().getRequest()),
);
