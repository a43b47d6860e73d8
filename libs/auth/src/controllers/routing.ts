// What the ready-made controllers share: how paths are written, and who asks.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { signInFactsOf } from '../nest/internal.js';
import type { SignInFacts } from '../sign-in.js';

/** The path of one operation, with a leading slash. */
export function absolute(path: string, operation: string): string {
  return `/${path}/${operation}`.replaceAll(/\/{2,}/g, '/');
}

/** The path of a mounted controller, which distinguishes it from others of its kind. */
export function pathOf(controller: object): string {
  return JSON.stringify(Reflect.getMetadata('path', controller.constructor));
}

/** What is known of the request. Not `@Headers()`, which OpenAPI would show as a parameter that must be sent. */
export const RequestFacts = createParamDecorator((_: unknown, context: ExecutionContext): SignInFacts =>
  signInFactsOf(context.switchToHttp().getRequest()),
);
