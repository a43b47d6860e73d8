// Which addresses belong to handlers of ready-made controllers, for errors that come before a route is found or do not say which.
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { configurationOf, type ConfigurationName } from '../options/named-tokens.js';
import { OAUTH_ERRORS, REFUSALS } from '../options/mountable-controller.js';
import { addressOf, type ApplicationFacts } from './route-paths.js';
import { routesOf } from './routes.js';

/** A ready-made route. */
export interface ReadyMadeRoute {
  readonly configuration: ConfigurationName;
  readonly method: string;
  readonly parts: readonly string[];
  /** True if bodies are refused in the words of RFC 6749 section 5.2. */
  readonly oauthErrors: boolean;
}

/** Lists the ready-made routes of every configuration. A handler that a subclass adds or declares again belongs to the application. */
export function readyMadeRoutes(
  discovery: Pick<DiscoveryService, 'getControllers'>,
  application: ApplicationFacts,
): readonly ReadyMadeRoute[] {
  return routesOf(discovery, new MetadataScanner())
    .filter(({ handler }) => Reflect.hasMetadata(REFUSALS, handler))
    .flatMap((route) => {
      const { method, paths } = addressOf(route, application);
      const oauthErrors = Reflect.getMetadata(OAUTH_ERRORS, route.handler) === true;
      const configuration = configurationOf(route.owner);
      return paths.map((path) => ({ configuration, method, parts: partsOf(path), oauthErrors }));
    });
}

/**
 * The ready-made route at an address.
 *
 * @param path as in a request line, a query included; or as a route is declared
 */
export function readyMadeAt(
  routes: readonly ReadyMadeRoute[],
  { method, path }: { readonly method: string; readonly path: string },
): ReadyMadeRoute | undefined {
  const sent = partsOf(path.split(/[?#]/, 1)[0] ?? '');
  return routes.find((route) => route.method === method.toUpperCase() && reaches(route.parts, sent));
}

/** By default both frameworks take a slash at the end, and Express any case. */
function partsOf(path: string): readonly string[] {
  return path.replace(/(?<=.)\/$/, '').split('/');
}

function reaches(declared: readonly string[], sent: readonly string[]): boolean {
  return (
    declared.length === sent.length &&
    declared.every((part, index) => part.startsWith(':') || part.toLowerCase() === sent[index]?.toLowerCase())
  );
}
