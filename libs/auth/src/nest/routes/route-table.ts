// Prints the route audit as a table.
import type { AuditedRoute } from './route-audit.js';

const HEADINGS = ['METHOD', 'PATH', 'ACCESS', 'SCHEMES', 'POLICIES', 'ALSO LETS IN', 'HANDLER', 'REASON'] as const;

/**
 * A table of routes, one line for each path.
 *
 * @example
 * ```ts
 * import type { INestApplicationContext } from '@nestjs/common';
 * import { RouteAudit, routeTable } from 'nestjs-latchkey/policies';
 *
 * export function printRoutes(app: INestApplicationContext): void {
 *   process.stdout.write(routeTable(app.get(RouteAudit).list()));
 * }
 * ```
 */
export function routeTable(routes: readonly AuditedRoute[]): string {
  const rows = [HEADINGS, ...routes.flatMap((route) => route.paths.map((path) => rowOf(route, path)))];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function rowOf(route: AuditedRoute, path: string): readonly string[] {
  const version = route.version === undefined ? '' : ` (v${route.version})`;
  return [
    route.method,
    path + version,
    route.access + (route.statedBy === 'default' ? ' by default' : ''),
    route.schemes.join(', ') || '-',
    route.policies.join(', ') || '-',
    route.allows.join(', ') || '-',
    route.name,
    route.reason ?? '-',
  ];
}
