// The URLs at which other services learn about this issuer: its public keys (RFC 7517 §5) and its metadata (RFC 8414). Both say what
// is, and nothing secret: the set is made of members that are listed by name, and metadata of what is mounted.
import { createHash } from 'node:crypto';
import {
  Controller,
  Get,
  Headers,
  Inject,
  Logger,
  Res,
  VERSION_NEUTRAL,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { duration, group, readOptions, text, wholeSeconds } from '../core/internal.js';
import { OwnKeys } from '../keys.js';
import { type Duration, Public, type AuthModuleStructure, type MountableController } from '../index.js';
import { RouteAddresses, type AuthSettings, AUTH_SETTINGS, AUTH_STRUCTURE } from '../nest/internal.js';

/** What can be asked of {@link wellKnownController}. */
export interface WellKnownControllerOptions {
  /**
   * How long others may use what they read, one second to 24 hours. Publish a new key for at least so long before it signs.
   * @defaultValue '5m'
   */
  readonly maxAge?: Duration;
  /**
   * The address that the routes of this application are under, as the outside sees it.
   * @defaultValue the issuer, followed by the global prefix
   */
  readonly baseUrl?: string;
}

export const wellKnownControllerOptions = group<WellKnownControllerOptions>()({
  summary: 'the public keys and the metadata of this issuer',
  options: {
    maxAge: duration({
      min: 1_000,
      max: 86_400_000,
      accepts: 'one second to 24 hours',
      default: '5m',
      summary: 'how long others may use what they read; publish a new key for at least so long before it signs',
    }),
    baseUrl: text({
      accepts: 'an address',
      check: (given) => (URL.canParse(given) ? undefined : `is '${given.slice(0, 80)}'; accepted is an address`),
      refused: '/api',
      otherwise: 'the issuer, followed by the global prefix',
      summary: 'the address that the routes of this application are under, as the outside sees it',
    }),
  },
  settings: ({ maxAge, baseUrl }) => ({ maxAgeSeconds: wholeSeconds(maxAge), baseUrl }),
});

const FOLDER = '.well-known';
const KEYS = 'jwks.json';
const METADATA = 'oauth-authorization-server';

/** What the well-known routes do. Extend the class that {@link wellKnownController} made, so that the routes come along. */
export abstract class WellKnownController implements OnModuleInit {
  private readonly logger = new Logger('AuthModule');

  @Inject(OwnKeys) private readonly keys!: OwnKeys;
  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(AUTH_STRUCTURE) private readonly structure!: AuthModuleStructure;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;
  protected abstract readonly options: WellKnownControllerOptions;

  /** Says where clients will look in vain; with `baseUrl` a proxy is expected to know. */
  onModuleInit(): void {
    const { issuer } = this.settings.tokens;
    const mounted = this.addresses.mounted(this.constructor, `/${FOLDER}/${METADATA}`);
    if (this.options.baseUrl !== undefined || mounted === undefined || mounted === metadataPath(issuer)) return;
    this.logger.warn(
      `Clients look for the metadata of ${issuer} at ${metadataPath(issuer)} (RFC 8414 section 3), and it is at ${mounted}: ` +
        "leave '.well-known/*path' out of the global prefix, or have the proxy in front lead there and set wellKnownController({ baseUrl }).",
    );
  }

  /** The global prefix of the application, with a leading slash; empty without one. */
  protected get prefix(): string {
    return this.addresses.prefix;
  }

  /** The public keys. */
  protected keySet(): object {
    return this.keys.publicJwks();
  }

  /** The metadata, with the global prefix of the application. Override it to add what you serve yourself: `{ ...super.metadata(prefix), token_endpoint }`. */
  protected metadata(prefix: string): Record<string, unknown> {
    const { issuer } = this.settings.tokens;
    const endpoints = this.endpoints(prefix);
    return {
      issuer,
      ...endpoints,
      // Required by RFC 8414 §2; there is no authorization endpoint, and so nothing to respond with.
      response_types_supported: [],
      grant_types_supported: [],
      ...('revocation_endpoint' in endpoints && { revocation_endpoint_auth_methods_supported: ['none'] }),
      ...('introspection_endpoint' in endpoints && { introspection_endpoint_auth_methods_supported: ['Bearer'] }),
      ...this.stated(),
    };
  }

  /** The lists that mounted controllers have for it, those of one name joined. */
  private stated(): Readonly<Record<string, readonly string[]>> {
    const lists = (this.structure.controllers ?? []).flatMap(({ metadata = {} }) => Object.entries(metadata));
    const names = [...new Set(lists.map(([name]) => name))];
    return Object.fromEntries(
      names.map((name) => [name, [...new Set(lists.filter(([each]) => each === name).flatMap(([, list]) => list))]]),
    );
  }

  /** The addresses of what is mounted, by the name that metadata has for it. */
  private endpoints(prefix: string): Readonly<Record<string, string>> {
    const { baseUrl } = this.options;
    const base = (baseUrl ?? this.settings.tokens.issuer).replace(/\/+$/, '');
    const addressOf = (controller: unknown, path: string): string => {
      const mounted = this.addresses.mounted(controller, path) ?? `${prefix}${path}`;
      // A given address stands in the place of the prefix, too.
      const isBelow = baseUrl !== undefined && prefix !== '' && mounted.startsWith(`${prefix}/`);
      return base + (isBelow ? mounted.slice(prefix.length) : mounted);
    };
    const named = (this.structure.controllers ?? []).flatMap(({ controller, endpoints = {} }) =>
      Object.entries(endpoints).map(([name, path]) => [name, addressOf(controller, path)] as const),
    );
    return Object.fromEntries(named);
  }

  /** Responds with a document that caches may keep, or with 304 if the caller has it already (RFC 9110 §13.1.2). */
  protected answer(
    document: object,
    ifNoneMatch: string | readonly string[] | undefined,
    response: unknown,
  ): object | undefined {
    const { httpAdapter } = this.adapters;
    const tag = `"${createHash('sha256').update(JSON.stringify(document)).digest('base64url').slice(0, 27)}"`;
    httpAdapter.setHeader(response, 'ETag', tag);
    httpAdapter.setHeader(response, 'Cache-Control', `public, max-age=${settingsOf(this.options).maxAgeSeconds}`);
    // Pages of other origins verify tokens too, and what is public may be read by all.
    httpAdapter.setHeader(response, 'Access-Control-Allow-Origin', '*');
    if (!names(ifNoneMatch, tag)) return document;
    httpAdapter.status(response, 304);
    return undefined;
  }
}

/** The mounted controller, with its class to extend. */
export interface MountableWellKnownController extends MountableController {
  readonly controller: Type<WellKnownController>;
}

/**
 * `GET /.well-known/jwks.json` and `GET /.well-known/oauth-authorization-server`, so that other services can verify the tokens
 * that are issued here. `GET /.well-known/openid-configuration` answers with the same metadata, because most clients look there first.
 *
 * @throws AuthConfigurationError for an invalid `maxAge`
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { tokenController, wellKnownController } from 'nestjs-latchkey/controllers';
 *
 * export const auth = AuthModule.forRoot({ controllers: [wellKnownController({ maxAge: '10m' })] });
 * ```
 */
export function wellKnownController(options: WellKnownControllerOptions = {}): MountableWellKnownController {
  settingsOf(options);

  @Controller({ path: FOLDER, version: VERSION_NEUTRAL })
  @Public()
  class MountedWellKnownController extends WellKnownController {
    protected readonly options = options;

    @Get(KEYS)
    jwks(@Headers('if-none-match') known: string | undefined, @Res({ passthrough: true }) response: unknown) {
      return this.answer(this.keySet(), known, response);
    }

    @Get(METADATA)
    server(@Headers('if-none-match') known: string | undefined, @Res({ passthrough: true }) response: unknown) {
      return this.answer(this.metadata(this.prefix), known, response);
    }

    /**
     * The same document at the URL that clients of OpenID Connect try first (RFC 8414 §5). It claims nothing of OpenID Connect: there is
     * none.
     */
    @Get('openid-configuration')
    discovery(@Headers('if-none-match') known: string | undefined, @Res({ passthrough: true }) response: unknown) {
      return this.server(known, response);
    }
  }
  // What OpenAPI and logs call it.
  Object.defineProperty(MountedWellKnownController, 'name', { value: 'WellKnownController' });
  return {
    controller: MountedWellKnownController,
    requires: ['signing'],
    endpoints: { jwks_uri: `/${FOLDER}/${KEYS}` },
  };
}

/** The path of the issuer comes after the well-known one. */
function metadataPath(issuer: string): string {
  return `/${FOLDER}/${METADATA}${new URL(issuer).pathname.replace(/\/+$/, '')}`;
}

/** @throws {AuthConfigurationError} with everything that is wrong */
function settingsOf(options: WellKnownControllerOptions) {
  return readOptions('wellKnownController', wellKnownControllerOptions, options);
}

function names(header: string | readonly string[] | undefined, tag: string): boolean {
  const tags = [header ?? []].flat().flatMap((line) => line.split(','));
  return tags.some((each) => ['*', tag].includes(each.trim().replace(/^W\//, '')));
}
