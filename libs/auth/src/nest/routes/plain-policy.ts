// The requirements if no route can state any.
import { NO_PERMISSIONS } from '../../core/users/accounts.js';
import { NONE_OVERRULED, type EffectivePolicy } from './effective-policy.js';

/** An active user, and nothing that a decorator would permit or demand. The caller names the guard. */
export const PLAIN_POLICY: EffectivePolicy = Object.freeze({
  access: 'guarded',
  statedBy: 'default',
  guards: [],
  byDefaultGuard: false,
  overruled: NONE_OVERRULED,
  overruledOnRoute: NONE_OVERRULED,
  optional: false,
  permissions: NO_PERMISSIONS,
  policies: [],
  userFreshness: undefined,
  reason: undefined,
  isStream: false,
});
