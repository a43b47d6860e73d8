// The `policies` door: what a principal may do, policies of your own, and what every route demands.
export { RequireAudience } from './nest/routes/policy.decorators.js';
export { RouteAudit } from './nest/routes/route-audit.js';
export { routeTable } from './nest/routes/route-table.js';
export { allOf, anyOf, not } from './core/policies/policies.js';
export {
  claimEquals,
  claimIncludes,
  hasRoles,
  hasScopes,
  isRestricted,
  recentAuth,
  selfOrStaff,
} from './core/policies/built-in-policies.js';
export { authenticatedBy } from './core/policies/authenticated-by.js';
export { hasAudience } from './core/policies/audiences.js';
export { hasFilter } from './core/policies/filters.js';
export { ScopePolicy } from './core/policies/scope-policy.js';

export type { AuditedRoute } from './nest/routes/route-audit.js';
export type { Policies, Policy, PolicyContext, PolicyRequirements } from './core/policies/policies.js';
export type { ClaimValue, ClaimValues } from './core/policies/claim-values.js';
export type { AuthenticationRequirements } from './core/policies/authenticated-by.js';
export type { SelfOrStaffOptions } from './core/policies/built-in-policies.js';
export type { ScopeCondition } from './core/policies/scope-policy.js';
export type { FilterExtractor, FilterOptions } from './core/policies/filters.js';
