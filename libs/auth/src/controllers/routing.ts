// What the ready-made controllers share: how paths are written, and who asks.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** The path of one operation, with a leading slash. */
export function absolute(path: string, operation: string): string {
  return `/${path}/${operation}`.replaceAll(/\/{2,}/g, '/');
}

/** What the client says it is. Not `@Headers()`, which OpenAPI would show as a parameter that must be sent. */
export const UserAgent = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Readonly<Record<string, string | undefined>> }>();
  return headers['user-agent'];
});
