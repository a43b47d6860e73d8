// Requests as the core sees them, without a framework.
import type { AuthRequest } from 'nestjs-latchkey';

export interface RequestParts {
  readonly method?: string;
  /** In order; a name may occur twice. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly cookies?: readonly (readonly [string, string])[];
  readonly raw?: unknown;
}

const valuesOf = (list: readonly (readonly [string, string])[], name: string): string[] =>
  list.filter(([each]) => each === name).map(([, value]) => value);

export function authRequest({ method = 'POST', headers = [], cookies = [], raw }: RequestParts = {}): AuthRequest {
  return {
    method,
    headerLines: (name) =>
      valuesOf(
        headers.map(([each, value]) => [each.toLowerCase(), value] as const),
        name.toLowerCase(),
      ),
    cookieValues: (name) => valuesOf(cookies, name),
    param: () => undefined,
    raw,
  };
}
