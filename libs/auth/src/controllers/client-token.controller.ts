// The token endpoint for clients that act for themselves (RFC 6749 §4.4). What is decided is core/clients.
import { Body, Controller, Inject, type OnModuleDestroy, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  ASSERTION_ALGORITHMS,
  AuthConfigurationError,
  AuthError,
  ClientAssertions,
  ClientAuthentication,
  ClientTokens,
  clientKeyFetch,
  group,
  readOptions,
  value,
  type AskedClientToken,
  type Authentication,
  type ClientAuthMethod,
  type ClientSource,
  type ClientTokenResponse,
} from '../core/internal.js';
import type { AuthModuleStructure, MountableController } from '../index.js';
import type { KeyFetchOptions } from '../issuers.js';
import {
  AUTH_SETTINGS,
  AUTH_STRUCTURE,
  AUTHENTICATION,
  FaultLog,
  HttpExchange,
  RouteAddresses,
  type AuthSettings,
  type Exchange,
} from '../nest/internal.js';
import { ClientTokenBody, presentedClient, tokenRequest } from './client-token-request.js';
import { objectOf, TEXT, type Answer } from './open-api.js';
import { isClass, pathOption } from './shared-options.js';
import { oauthBodyPipe, TakesBody } from './sign-in-body.js';
import { OpenRoute } from './token-routes.js';

/** What can be asked of {@link clientTokenController}. */
export interface ClientTokenControllerOptions {
  /** The class of your `ClientSource`, wherever it is provided. */
  readonly clients: Type<ClientSource>;
  /** Where the route is, without a leading slash. @defaultValue 'auth/client-token' */
  readonly path?: string;
  /** How clients may prove who they are. @defaultValue all: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] */
  readonly methods?: readonly ClientAuthMethod[];
  /** How keys at a `jwksUri` of a client are fetched. @defaultValue as those of a provider on the internet */
  readonly keyFetch?: Omit<KeyFetchOptions, 'eager'>;
}

const METHODS: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];

export const clientTokenControllerOptions = group<ClientTokenControllerOptions>()({
  summary: 'the token endpoint for clients that act for themselves',
  options: {
    clients: value<Type<ClientSource>>({
      accepts: 'the class of your ClientSource',
      holds: isClass,
      shows: 'kind',
      refused: 'Clients',
      required: 'the class of your ClientSource',
      summary: 'the class of your `ClientSource`, wherever it is provided',
    }),
    path: pathOption('auth/client-token'),
    methods: value<readonly ClientAuthMethod[]>({
      accepts: `a list out of ${METHODS.join(', ')}`,
      holds: (given: unknown) =>
        Array.isArray(given) && given.length > 0 && given.every((each) => METHODS.includes(each as ClientAuthMethod)),
      refused: ['none'],
      default: METHODS,
      summary: 'how clients may prove who they are',
    }),
    keyFetch: clientKeyFetch,
  },
});

/** The one grant of this endpoint. */
const GRANT = 'client_credentials';

const CLIENT_TOKEN: Answer = {
  status: 200,
  description: 'An access token for the client.',
  madeBy: ['issue'],
  schema: objectOf({
    access_token: TEXT,
    token_type: { type: 'string', enum: ['Bearer'] },
    expires_in: { type: 'integer', description: 'Life of the access token in seconds.' },
    scope: { type: 'string', description: 'What was granted, with spaces between.' },
  }),
  refusals: [400, 401, 503],
  oauthErrors: true,
};

/** What the token endpoint does. Extend the class that {@link clientTokenController} made, so that the route comes along. */
export abstract class ClientTokenController implements OnModuleInit, OnModuleDestroy {
  @Inject(AUTHENTICATION) private readonly core!: Authentication;
  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(AUTH_STRUCTURE) private readonly structure!: AuthModuleStructure;
  @Inject(FaultLog) private readonly faults!: FaultLog;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;
  @Inject(ModuleRef) private readonly modules!: ModuleRef;
  protected abstract readonly options: Required<Omit<ClientTokenControllerOptions, 'keyFetch'>> & {
    readonly keyFetch: Omit<KeyFetchOptions, 'eager'> | undefined;
  };
  private clientTokens: ClientTokens | undefined;
  private assertions: ClientAssertions | undefined;

  /** @throws {AuthConfigurationError} without the ClientSource, without a store for assertions, and for a path that is taken */
  onModuleInit(): void {
    const source = this.findSource();
    const problems = [
      ...(source === undefined
        ? [`clientTokenController: no module provides ${this.options.clients.name}, which is the ClientSource`]
        : []),
      ...this.storeProblems(),
      ...this.pathProblems(),
    ];
    if (source === undefined || problems.length > 0) throw new AuthConfigurationError(problems);
    this.assertions = this.madeAssertions();
    const clients = new ClientAuthentication(source, this.options.methods, this.assertions);
    const { tokens, eventSink } = this.core;
    const { issuer, audience } = this.settings.tokens;
    this.clientTokens = new ClientTokens({ tokens, clients, issuer, audience, eventSink });
  }

  onModuleDestroy(): void {
    this.assertions?.close();
  }

  /** Answers a request. @throws {AuthError} with the codes of RFC 6749 §5.2; the 503 codes; `misconfigured` */
  protected async issue(exchange: Exchange, body: ClientTokenBody): Promise<ClientTokenResponse> {
    if (this.clientTokens === undefined) throw new AuthError('misconfigured');
    try {
      return await this.clientTokens.issue(() => askedToken(exchange.request, body));
    } catch (error) {
      if (error instanceof AuthError) this.faults.report(error);
      throw error;
    }
  }

  private findSource(): ClientSource | undefined {
    try {
      return this.modules.get(this.options.clients, { strict: false });
    } catch {
      return undefined;
    }
  }

  private storeProblems(): readonly string[] {
    if (!this.options.methods.includes('private_key_jwt') || this.core.stores.oneTime !== undefined) return [];
    return [
      "clientTokenController: the stores have no `oneTime`, which 'private_key_jwt' needs: add it, or leave the method out of `methods`",
    ];
  }

  private pathProblems(): readonly string[] {
    const { path } = this.options;
    const others = (this.structure.controllers ?? []).filter(
      ({ controller }) => controller !== this.constructor && Reflect.getMetadata('path', controller) === path,
    );
    if (others.length === 0) return [];
    return [
      `clientTokenController: another controller is at '${path}', too: give one of them another path, such as tokenController({ path: 'auth/login' })`,
    ];
  }

  private madeAssertions(): ClientAssertions | undefined {
    const { blocklist, clock, stores } = this.core;
    if (stores.oneTime === undefined) return undefined;
    const { tokens, toleranceSeconds } = this.settings;
    const { issuer } = tokens;
    // Of the address nothing is known before all routes are there.
    const audiences = (): readonly string[] => {
      const mounted = this.addresses.mounted(this.constructor, `/${this.options.path}`);
      return mounted === undefined ? [issuer] : [issuer, issuer.replace(/\/+$/, '') + mounted];
    };
    const { oneTime } = stores;
    const { keyFetch } = this.options;
    return new ClientAssertions({ issuer, audiences, toleranceSeconds, clock, oneTime, blocklist, keyFetch });
  }
}

/** @throws {AuthError} as {@link presentedClient}; `unsupported_grant_type` */
function askedToken(request: unknown, body: ClientTokenBody): AskedClientToken {
  const presented = presentedClient(request, body);
  if (body.grant_type !== GRANT)
    throw new AuthError('unsupported_grant_type', { oauthError: 'unsupported_grant_type' });
  return { presented, request: tokenRequest(body) };
}

/** The mounted controller, with its class to extend. */
export interface MountableClientTokenController extends MountableController {
  readonly controller: Type<ClientTokenController>;
}

/**
 * `POST` with `grant_type=client_credentials` answers with an access token for the client itself (RFC 6749 §4.4): no user, no refresh
 * token. Clients prove who they are with a secret, in the header or the body, or with an assertion that they sign (RFC 7523). Metadata
 * then names the `token_endpoint`.
 *
 * @throws {AuthConfigurationError} for options that are not acceptable
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { AuthModule } from 'nestjs-latchkey';
 * import { ClientSource, clientTokenController, newClientSecret, wellKnownController } from 'nestjs-latchkey/controllers';
 *
 * const { hash } = newClientSecret();
 *
 * @Injectable()
 * export class Clients extends ClientSource {
 *   findClient(id: string) {
 *     const client = { id: 'reports', active: true, secretHashes: hash, scopes: ['grades:read'] };
 *     return Promise.resolve(id === client.id ? client : undefined);
 *   }
 * }
 *
 * export const auth = AuthModule.forRoot({
 *   controllers: [clientTokenController({ clients: Clients }), wellKnownController()],
 * });
 * ```
 */
export function clientTokenController(options: ClientTokenControllerOptions): MountableClientTokenController {
  const read = readOptions('clientTokenController', clientTokenControllerOptions, options);

  @Controller(read.path)
  class MountedClientTokenController extends ClientTokenController {
    // How keys are fetched is read again with the address of the client.
    protected readonly options = { ...read, keyFetch: options.keyFetch };

    @TakesBody(ClientTokenBody)
    @OpenRoute('', CLIENT_TOKEN)
    token(@Body(oauthBodyPipe(ClientTokenBody)) body: ClientTokenBody, @HttpExchange() exchange: Exchange) {
      return this.issue(exchange, body);
    }
  }
  // What OpenAPI and logs call it.
  Object.defineProperty(MountedClientTokenController, 'name', { value: 'ClientTokenController' });
  return {
    controller: MountedClientTokenController,
    requires: ['signing'],
    endpoints: { token_endpoint: `/${read.path}` },
    metadata: {
      grant_types_supported: [GRANT],
      token_endpoint_auth_methods_supported: read.methods,
      ...(read.methods.includes('private_key_jwt') && {
        token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      }),
    },
  };
}
