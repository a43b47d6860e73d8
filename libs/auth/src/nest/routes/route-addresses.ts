// The addresses of the ready-made routes: where the refresh cookie has to be sent, and where an endpoint that metadata names is.
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { BROWSER_ROUTE, type BrowserRoute } from '../options/mountable-controller.js';
import { configurationOf, type ConfigurationName } from '../options/named-tokens.js';
import { addressOf, decoratedPaths, type ApplicationFacts, type RouteAddress } from './route-paths.js';
import { routesOf, type Route } from './routes.js';

/** What is asked. */
export interface RouteAddressesParts {
  readonly discovery: Pick<DiscoveryService, 'getControllers'>;
  readonly application: ApplicationFacts;
  readonly configuration: ConfigurationName;
}

/** Finds routes of the running application. Before it is initialised, the global prefix and the versions may still change. */
export class RouteAddresses {
  private readonly scanner = new MetadataScanner();
  private readonly places = new WeakMap<object, string>();
  private readonly placesByAddress = new Map<string, string>();

  constructor(private readonly parts: RouteAddressesParts) {}

  /** The address of a route. */
  of(route: Route): RouteAddress {
    return addressOf(route, this.parts.application);
  }

  /** `GET /courses/:id`; `undefined` for what is not the handler of a route. */
  ofHandler(owner: unknown, handler: unknown): string | undefined {
    const route = this.routes().find(
      (each) => (each.owner as unknown) === owner && (each.handler as unknown) === handler,
    );
    if (route === undefined) return undefined;
    const { method, paths } = this.of(route);
    return `${method} ${paths.join(', ')}`;
  }

  /** The path that a route of a controller is mounted at; `decorated` as the controller itself writes it. */
  mounted(controller: unknown, decorated: string): string | undefined {
    const route = this.routes().find(
      (each) => (each.owner as unknown) === controller && decoratedPaths(each).includes(decorated),
    );
    return route === undefined ? undefined : this.of(route).paths[0];
  }

  /**
   * Where a controller is mounted: a text that tells it from every other one, also from its own class in another module. The same text in
   * every process.
   * @param controller the instance; one that is made for each request stands for all of its class
   * @param decorated the route that tells them apart, as the controller itself writes it
   */
  placeOf(controller: object, decorated: string): string {
    const all = this.parts.discovery.getControllers();
    const own = all.filter(({ instance }) => (instance as unknown) === controller);
    const key = own.length === 0 ? controller.constructor : controller;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const mounted = own.length > 0 ? own : all.filter(({ metatype }) => metatype === controller.constructor);
    const addresses = routesOf({ getControllers: () => mounted }, this.scanner)
      .filter((route) => decoratedPaths(route).includes(decorated))
      .map((route) => this.of(route));
    const place = JSON.stringify(addresses.map(({ paths, version }) => [paths, version ?? null]));
    this.places.set(key, place);
    return place;
  }

  /**
   * As {@link placeOf}, by the address of that route. It is a text of the application's code, so that few are asked for.
   * @param address as a client writes it: `/auth/cookie/continue`
   * @returns `undefined` if nothing is posted there
   */
  placeAt(address: string): string | undefined {
    const known = this.placesByAddress.get(address);
    if (known !== undefined) return known;
    const found = this.routes().map((route) => this.of(route));
    const route = found.find(({ method, paths }) => method === 'POST' && paths.includes(address));
    if (route === undefined) return undefined;
    const place = JSON.stringify([[route.paths, route.version ?? null]]);
    this.placesByAddress.set(address, place);
    return place;
  }

  /** The global prefix with a leading slash; empty if there is none. */
  get prefix(): string {
    const prefix = this.parts.application.config.getGlobalPrefix().replaceAll(/^\/+|\/+$/g, '');
    return prefix === '' ? '' : `/${prefix}`;
  }

  /** Every path at which tokens in cookies are set, replaced or cleared: there the refresh cookie has to be sent. */
  refreshRoutes(): readonly string[] {
    const paths = this.routes()
      .filter((route) => takesRefreshCookie(route) && configurationOf(route.owner) === this.parts.configuration)
      .flatMap((route) => this.of(route).paths);
    return [...new Set(paths)];
  }

  private routes(): readonly Route[] {
    return routesOf(this.parts.discovery, this.scanner);
  }
}

function takesRefreshCookie({ handler }: Route): boolean {
  // Ready-made controllers alone write it.
  const route = Reflect.getMetadata(BROWSER_ROUTE, handler) as BrowserRoute | undefined;
  return route !== undefined && route.sets.some((kind) => kind === 'tokens' || kind === 'no-tokens');
}

/** The longest path that all of them lie below. */
export function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').slice(1, -1));
  const length = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return `/${(length === -1 ? first : first.slice(0, length)).join('/')}`;
}

/**
 * Whether a browser sends a cookie of that path with a request to the route. A proxy in front may take a path off, which then stands
 * before the route's: `/app/api/auth/cookie` for a route below `/api/auth/cookie`.
 */
export function isSentTo(cookiePath: string, route: string): boolean {
  const path = cookiePath.replace(/\/+$/, '');
  if (path === '') return true;
  const parents = route.split('/').map((_, index, parts) => parts.slice(0, parts.length - index).join('/'));
  return parents.some((parent) => parent !== '' && (path === parent || path.endsWith(parent)));
}
