// What is wrong with the names of an issuer: with its aliases, and with the tenants that share its keys.
import { TENANT_PLACEHOLDER } from '../keys/issuer-template.js';
import type { TrustOptions } from './trust-options.js';
import { broken, isFunction, isNames, isText, shown } from './sentences.js';

/** Everything that is wrong with `issuer`, `aliases`, `tenants` and `tenantClaim`. */
export function nameProblems(options: TrustOptions, path: string): readonly string[] {
  const { issuer } = options;
  const places = issuer.split(TENANT_PLACEHOLDER).length - 1;
  const hasBraces = /[{}]/.test(issuer.replaceAll(TENANT_PLACEHOLDER, ''));
  return [
    ...broken([
      [
        hasBraces || places > 1,
        `${path}.issuer is ${shown(issuer)}; accepted in braces is ${TENANT_PLACEHOLDER}, once`,
      ],
    ]),
    ...aliasProblems(options, `${path}.aliases`),
    ...(places === 0 ? singleProblems(options, path) : tenantProblems(options, path)),
  ];
}

function aliasProblems({ issuer, aliases = [] }: TrustOptions, path: string): readonly string[] {
  if (!isNames(aliases)) return [`${path} must be a list of exact texts of "iss"`];
  return broken([
    [aliases.includes(issuer), `${path} names the issuer itself`],
    [aliases.some((alias) => /[{}]/.test(alias)), `${path} are exact texts and hold no braces`],
  ]);
}

function singleProblems({ tenants, tenantClaim }: TrustOptions, path: string): readonly string[] {
  return broken([
    [tenants !== undefined, `${path}.tenants needs an issuer that holds ${TENANT_PLACEHOLDER}`],
    [tenantClaim !== undefined, `${path}.tenantClaim needs an issuer that holds ${TENANT_PLACEHOLDER}`],
  ]);
}

function tenantProblems({ aliases = [], tenants, tenantClaim = 'tid' }: TrustOptions, path: string): readonly string[] {
  return broken([
    [aliases.length > 0, `${path}.aliases cannot be given together with ${TENANT_PLACEHOLDER} in issuer`],
    [
      tenants === undefined || !isFunction(tenants),
      `${path}.tenants is required, because issuer holds ${TENANT_PLACEHOLDER}: a function that says whether a tenant is accepted`,
    ],
    [
      tenantClaim !== false && !isText(tenantClaim),
      `${path}.tenantClaim is ${shown(tenantClaim)}; accepted is the name of a claim, or false`,
    ],
  ]);
}
