// What a route asks of a caller, in the words of the core. Guards make it of the effective policy of the route: RouteAuthenticator.demandOf.
import type { Policy } from '../policies/policies.js';
import type { Scheme } from '../schemes/schemes.js';
import type { Permissions, RouteFreshness } from '../users/accounts.js';

/** What a route asks of a caller. */
export interface RouteRequirements {
  /** In order of preference. */
  readonly schemes: readonly Scheme[];
  /** Anonymous access is allowed unless the route has a policy. */
  readonly optional: boolean;
  readonly permissions: Permissions;
  readonly policies: readonly Policy[];
  /** How fresh what is known of the user must be. @defaultValue as the module says */
  readonly userFreshness?: RouteFreshness | undefined;
}
