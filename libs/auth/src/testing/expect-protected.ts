// The assertion of a user's own test that every route was considered. It knows no test runner: it throws.
import { AssertionError } from 'node:assert';
import type { INestApplication } from '@nestjs/common';
import { RouteAudit, type AuditedRoute, routeTable } from '../policies.js';
import { findProvider } from '../nest/internal.js';

/** Which routes are meant to be reachable without a credential. */
export interface ExpectProtectedOptions {
  /** Each as `GET /health`, with the path as a client writes it, global prefix and version included, or as `HealthController.check`. @defaultValue none */
  readonly except?: readonly string[];
}

/**
 * Throws if a route can be reached without a credential and is not on the list, and if the list names a route that is
 * protected or does not exist, or by a name that several classes have.
 *
 * @example
 * ```ts
 * import type { INestApplication } from '@nestjs/common';
 * import { expectProtected } from 'nestjs-latchkey/testing';
 *
 * export function noRouteIsForgotten(app: INestApplication): void {
 *   expectProtected(app, { except: ['GET /health', 'POST /auth/token'] });
 * }
 * ```
 */
export function expectProtected(app: INestApplication, { except = [] }: ExpectProtectedOptions = {}): void {
  const audit = findProvider<RouteAudit>(app, RouteAudit);
  const routes = audit.list();
  const shared = audit.sharedNames();
  const reachable = routes.filter(({ access }) => access !== 'guarded');
  const unlisted = reachable.filter((route) => !except.some((name) => namesOf(route).includes(name)));
  const stale = except.filter((name) => !reachable.some((route) => namesOf(route).includes(name)));
  const problems = [
    ...(unlisted.length === 0
      ? []
      : [`Reachable without a credential, and not in \`except\`:\n${routeTable(unlisted)}`]),
    ...except
      .filter((name) => shared.has(name))
      .map((name) => {
        const meant = routes.filter((route) => route.name === name).flatMap((route) => namesOf(route).slice(1));
        return `\`except\` has ${name}, which several classes have: write ${meant.join(', ')} instead, as far as they are meant.`;
      }),
    ...stale.map((name) => `\`except\` has ${name}, which is not a route, or one that is protected.`),
  ];
  if (problems.length > 0) throw new AssertionError({ message: problems.join('\n') });
}

function namesOf({ name, method, paths }: AuditedRoute): readonly string[] {
  return [name, ...paths.map((path) => `${method} ${path}`)];
}
