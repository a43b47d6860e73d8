// The token endpoint of clients in the document: the flow that gives a client its token, as an alternative to the bearer token itself.
import type { INestApplicationContext } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { AuthModuleStructure } from '../index.js';
import { AUTH_STRUCTURE, findProvider, RouteAddresses } from '../nest/internal.js';
import type { Requirement } from './marks.js';

/** The name of the flow among the security schemes. */
const FLOW = 'clientCredentials';

/** What the document says of an operation, as far as it is needed here. */
interface Secured {
  security?: Requirement[] | undefined;
}

/** Collects the operations that clients may call, and writes the flow into them. */
export class ClientCredentials {
  private readonly noted: { readonly operation: Secured; readonly scopes: readonly string[] }[] = [];

  /** @param tokenUrl where the endpoint is; `undefined` if none is mounted */
  constructor(private readonly tokenUrl: string | undefined) {}

  /** Asks the application, which need not be initialised. */
  static of(app: INestApplicationContext): ClientCredentials {
    const { controllers = [] } = findProvider<AuthModuleStructure>(app, AUTH_STRUCTURE);
    const mounted = controllers.find(({ metadata }) =>
      metadata?.['grant_types_supported']?.includes('client_credentials'),
    );
    const path = mounted?.endpoints?.['token_endpoint'];
    if (mounted === undefined || path === undefined) return new ClientCredentials(undefined);
    const addresses = findProvider<RouteAddresses>(app, RouteAddresses);
    return new ClientCredentials(addresses.mounted(mounted.controller, path) ?? path);
  }

  /** Notes an operation that clients may call, with the scopes that it requires. */
  note(operation: Secured, scopes: readonly string[]): void {
    this.noted.push({ operation, scopes });
  }

  /** Writes the scheme, and beside each requirement of a bearer token one of the flow. */
  writeInto(components: NonNullable<OpenAPIObject['components']>): void {
    const { tokenUrl } = this;
    if (tokenUrl === undefined) return;
    const schemes = (components.securitySchemes ??= {});
    const isBearer = (name: string): boolean => {
      const scheme = schemes[name];
      return scheme !== undefined && 'type' in scheme && scheme.type === 'http' && scheme.scheme === 'bearer';
    };
    for (const { operation, scopes } of this.noted) {
      const viaFlow = (operation.security ?? []).flatMap((requirement) => {
        const names = Object.keys(requirement);
        if (!names.some(isBearer)) return [];
        const others = Object.entries(requirement).filter(([name]) => !isBearer(name));
        return [{ ...Object.fromEntries(others), [FLOW]: [...scopes] }];
      });
      operation.security = [...(operation.security ?? []), ...viaFlow];
    }
    const named = this.noted.flatMap(({ scopes }) => scopes.map((scope) => [scope, ''] as const));
    schemes[FLOW] = {
      type: 'oauth2',
      description: 'A client that acts for itself (RFC 6749 section 4.4).',
      flows: { clientCredentials: { tokenUrl, scopes: Object.fromEntries(named) } },
    };
  }
}
