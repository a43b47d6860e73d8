// Third-party modules that answer requests before Nest has a route, and so before any guard.
import type { ModulesContainer } from '@nestjs/core';

/** By its name, because the package is not a dependency. */
const SERVE_STATIC = 'ServeStaticModule';

/** What an application should know of them when it starts. */
export function staticFileNotices(modules: ModulesContainer): readonly string[] {
  const serves = [...modules.values()].some(({ metatype }) => metatype?.name === SERVE_STATIC);
  return serves
    ? [
        'Files of ServeStaticModule are public: guards check routes, and files are not routes. Serve private files from a controller.',
      ]
    : [];
}
