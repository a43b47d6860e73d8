// Turns errors of body parsers into refusals: before Nest's exception layer, so that filters of the application receive the refusal.
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ErrorResponses, type HttpHost } from '../refusals/error-responses.js';
import { inConfiguration } from '../configurations/configurations.js';
import type { ConfigurationName } from '../options/named-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { readyMadeAt, readyMadeRoutes, type ReadyMadeRoute } from '../routes/ready-made-routes.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import { refusalOfParser, type BodyWords } from '../refusals/unreadable-bodies.js';

/** Where a request goes. */
interface Address {
  readonly method: string;
  readonly path: string;
}

/** What Express hands to an error handler, as far as it is read. */
interface ExpressRequest {
  readonly method: string;
  /** Without the path that the application is mounted at. */
  readonly url: string;
}

/** A route of Fastify while it is declared. */
interface FastifyRoute {
  readonly method: string | readonly string[];
  readonly url: string;
  errorHandler?: (error: Error, request: unknown, reply: object) => unknown;
}

/** A Fastify instance, as far as it is used. */
interface Fastify {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): unknown;
  /** The handler that Nest sets, which is its exception layer. */
  readonly errorHandler: (error: Error, request: unknown, reply: object) => unknown;
}

/** Refuses bodies that cannot be read, at the routes that `errors.unreadableBodies` names. */
@Injectable()
export class BodyRefusals implements OnModuleInit {
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost | undefined;
  @Inject(ApplicationConfig) private readonly config!: ApplicationConfig;
  @Inject(ModulesContainer) private readonly modules!: ModulesContainer;
  @Inject(DiscoveryService) private readonly discovery!: DiscoveryService;
  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(ErrorResponses) private readonly answers!: ErrorResponses;

  private routes: readonly ReadyMadeRoute[] = [];

  /** Called before routes are made, when prefix and versions are final: Fastify knows the route before it reads the body. */
  prepare(): void {
    const { config, modules } = this;
    this.routes = readyMadeRoutes(this.discovery, { config, applicationId: modules.applicationId });
    if (this.adapterType !== 'fastify') return;
    const fastify = this.adapters?.httpAdapter.getInstance<Fastify>();
    fastify?.addHook('onRoute', (route) => this.guardRoute(route, fastify));
  }

  /** Routes and parsers are registered by now, and Nest's exception layer is not: Express asks error handlers in that order. */
  onModuleInit(): void {
    if (this.adapterType !== 'express') return;
    // oxlint-disable-next-line max-params -- by its four parameters Express knows an error handler
    this.adapters?.httpAdapter.use((error: Error, request: ExpressRequest, response: object, next: Next) => {
      const refuser = this.refuserAt({ method: request.method, path: request.url });
      next(refuser === undefined ? error : refused(error, { ...refuser, request, response }));
    });
  }

  /** The answers of the configuration that the ready-made route at an address belongs to. */
  readyMade(address: Address): ErrorResponses | undefined {
    return this.answersOf(readyMadeAt(this.routes, address));
  }

  private answersOf(route: ReadyMadeRoute | undefined): ErrorResponses | undefined {
    return route === undefined
      ? undefined
      : (inConfiguration(this.modules, route.configuration, ErrorResponses) ?? this.answers);
  }

  private refuserAt(address: Address): Refuser | undefined {
    const route = readyMadeAt(this.routes, address);
    const ofAll = this.settings.errors.unreadableBodies === 'all' ? this.answers : undefined;
    const answers = this.answersOf(route) ?? ofAll;
    if (answers === undefined) return undefined;
    return { answers, words: route?.oauthErrors === true ? { oauthError: 'invalid_request' } : {} };
  }

  /** An error handler of the application's own at a route stays. */
  private guardRoute(route: FastifyRoute, fastify: Fastify): void {
    const [method = ''] = typeof route.method === 'string' ? [route.method] : route.method;
    const refuser = route.errorHandler === undefined ? this.refuserAt({ method, path: route.url }) : undefined;
    if (refuser === undefined) return;
    // Not thrown on: Fastify would drop the content type that is set here.
    route.errorHandler = (error, request, response) =>
      fastify.errorHandler(refused(error, { ...refuser, request, response }), request, response);
  }

  private get adapterType(): string | undefined {
    // An application context has no adapter, or one without a type.
    const adapter: { getType?(): string } | undefined = this.adapters?.httpAdapter;
    return adapter?.getType?.();
  }
}

/** What is wrong with the option in a configuration. */
export function bodyProblems({ errors }: Pick<AuthSettings, 'errors'>, name: ConfigurationName): readonly string[] {
  if (name === undefined || errors.unreadableBodies === 'ready-made') return [];
  return [
    `errors.unreadableBodies concerns every route: state it in the configuration without a name, and not in '${name}'`,
  ];
}

type Next = (error: unknown) => void;

/** How bodies are refused at a route. */
interface Refuser {
  readonly answers: ErrorResponses;
  readonly words: BodyWords;
}

interface Exchange extends Refuser {
  readonly request: unknown;
  readonly response: object;
}

function refused(error: Error, { answers, words, request, response }: Exchange): Error {
  const refusal = refusalOfParser(error, words);
  return refusal === undefined ? error : answers.prepared(refusal, hostOf(request, response));
}

function hostOf(request: unknown, response: unknown): HttpHost {
  // A host is as good as what it is asked for: the caller names the types.
  const host = {
    getRequest: <T>() => request as T,
    getResponse: <T>() => response as T,
    getNext: <T>() => undefined as T,
  };
  return { switchToHttp: () => host };
}
