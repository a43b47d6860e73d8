// The handshake of sockets: a client that no handler would accept is refused, and an accepted one is followed until its credential ends.
import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Decision } from '../../core/authentication/authenticator.js';
import { NO_PERMISSIONS, type Permissions } from '../../core/users/accounts.js';
import { AuthError } from '../../core/base/errors.js';
import type { Principal } from '../../core/base/principal.js';
import { leave } from '../transport/request-auth.js';
import { recordOf } from '../transport/contexts.js';
import { AuthGuardFor } from '../guards/auth.guards.js';
import { boundTo } from '../configurations/bound-classes.js';
import { configurationOf } from '../options/named-tokens.js';
import { socketOf } from '../transport/connections.js';
import { PLAIN_POLICY } from '../routes/plain-policy.js';
import { brandedGuard, GUARD_SCHEMES, type BrandedGuard, type EffectivePolicy } from '../routes/effective-policy.js';
import { rememberHandshake } from '../transport/handshakes.js';
import { LiveConnections } from '../guards/live-connections.js';
import { gatewaysOf, type Gateway } from './message-handlers.js';
import { RouteAuthenticator } from '../guards/route-authenticator.js';

/** Which gateways a server serves, as far as it says so. */
interface ServerLike {
  /** Of a namespace of socket.io. */
  readonly name?: unknown;
  /** Of a server of `ws`. */
  readonly path?: unknown;
  readonly handleUpgrade?: unknown;
}

/** What a handshake with some gateways demands; the messages that follow are checked each by its own handler. */
interface Entry {
  readonly routes: RouteAuthenticator;
  readonly policy: EffectivePolicy;
  readonly guard: BrandedGuard;
}

/** Checks handshakes. */
@Injectable()
export class SocketHandshakes {
  /** True once an adapter is guarded; see `guardSockets()`. */
  inUse = false;

  private readonly scanner = new MetadataScanner();
  /** By what carried the credential, from the handshake to the open socket. */
  private readonly admitted = new WeakMap<object, Principal>();

  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(LiveConnections) private readonly connections!: LiveConnections;
  @Inject(DiscoveryService) private readonly discovery!: DiscoveryService;

  /** Every gateway of the application. */
  gateways(): readonly Gateway[] {
    return gatewaysOf(this.discovery, this.scanner);
  }

  /**
   * The refusal of a handshake; `undefined` lets the socket in. Never rejects.
   * @param carrier the socket of socket.io, or the request that a socket of `ws` is about to be opened with
   */
  async refusalOf(carrier: object, server: ServerLike): Promise<AuthError | undefined> {
    try {
      const decision = await this.decide(carrier, server);
      if (decision === undefined) return undefined;
      if ('error' in decision) return decision.error;
      if (decision.principal !== undefined) this.admitted.set(carrier, decision.principal);
      return undefined;
    } catch (cause) {
      return cause instanceof AuthError ? cause : new AuthError('store_unavailable', { cause });
    }
  }

  /** Follows a socket that was let in. @param request what a socket of `ws` was opened with */
  opened(socket: object, request: unknown, server: ServerLike): void {
    rememberHandshake(socket, request);
    const carrier = typeof request === 'object' && request !== null ? request : socket;
    const principal = this.admitted.get(carrier);
    if (principal === undefined) return;
    leave(socket, { auth: principal, user: principal.user });
    const recheck = async (): Promise<Decision> => (await this.decide(socket, server)) ?? { principal };
    this.connections.follow(socketOf(socket), principal, recheck);
  }

  /** Enough to be answered by one of the handlers, whichever configuration it belongs to. */
  private async decide(carrier: object, server: ServerLike): Promise<Decision | undefined> {
    let refusal: Decision | undefined;
    for (const { routes, policy, guard } of this.entriesOf(server)) {
      const decision = await routes.decide(recordOf(carrier), policy, guard);
      if (!('error' in decision) && decision.principal !== undefined) return decision;
      // Anonymous clients are accepted only if no configuration refuses, and unavailable counts before invalid.
      refusal = refusal === undefined ? decision : graver(refusal, decision);
    }
    return refusal;
  }

  /** For each configuration the schemes of its handlers together, and anonymous access if one of them allows it. */
  private entriesOf(server: ServerLike): readonly Entry[] {
    const policies = this.gateways()
      .filter((gateway) => serves(server, gateway))
      .flatMap(({ handlers }) => handlers)
      .map(({ handler, owner }) => this.routes.policyFor(handler, owner));
    const optional = policies.some((policy) => policy.access !== 'guarded' || policy.optional);
    const names = new Set(policies.flatMap(({ guards }) => guards.map(configurationOf)));
    return [...names].flatMap((name) => {
      const guarded = policies.filter(({ guards }) => guards.some((guard) => configurationOf(guard) === name));
      const own = guarded.flatMap(({ guards }) => guards.filter((guard) => configurationOf(guard) === name));
      const [first, ...others] = new Set(own.flatMap((each) => each[GUARD_SCHEMES]));
      if (first === undefined) return [];
      const any = AuthGuardFor(first, ...others);
      const guard = brandedGuard(name === undefined ? any : boundTo(name, any));
      if (guard === undefined) return [];
      return [{ routes: this.routes.ownerOf(guard), guard, policy: entryPolicy(optional, guarded) }];
    });
  }
}

function serves({ name, path, handleUpgrade }: ServerLike, gateway: Gateway): boolean {
  if (handleUpgrade === undefined) return gateway.namespace === (typeof name === 'string' ? name : '/');
  return gateway.path === undefined || typeof path !== 'string' || trimmed(path) === trimmed(gateway.path);
}

function graver(one: Decision, other: Decision): Decision {
  if (!('error' in one)) return other;
  return 'error' in other && other.error.isUnavailable && !one.error.isUnavailable ? other : one;
}

function trimmed(path: string): string {
  return path.replaceAll(/^\/+|\/+$/g, '');
}

function entryPolicy(optional: boolean, guarded: readonly EffectivePolicy[]): EffectivePolicy {
  const permitted = (name: keyof Permissions): boolean => guarded.some(({ permissions }) => permissions[name]);
  return {
    ...PLAIN_POLICY,
    optional,
    permissions: {
      ...NO_PERMISSIONS,
      inactive: permitted('inactive'),
      clients: permitted('clients'),
      restrictedClients: permitted('restrictedClients'),
    },
  };
}
