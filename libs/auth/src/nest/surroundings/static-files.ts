// Modules of others that answer requests before Nest has a route, and so before any guard.
import type { ModulesContainer } from '@nestjs/core';

/** By its name, because the package is none of ours to load. */
const SERVE_STATIC = 'ServeStaticModule';

/** What an application should know of them when it starts. */
export function staticFileNotices(modules: ModulesContainer): readonly string[] {
  const serves = [...modules.values()].some(({ metatype }) => metatype?.name === SERVE_STATIC);
  return serves
    ? [
        'Files of ServeStaticModule are served to anybody: guards judge routes, and they are none. Serve private files from a controller.',
      ]
    : [];
}
