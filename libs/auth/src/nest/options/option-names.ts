// Owns the spelling of options: every name that exists, and the nearest one to a name that does not.
import { nearest } from '../../core/spelling.js';

/** Every option of the values by its group; the empty group is the top. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': [
    'issuer',
    'audience',
    'exclusiveAudience',
    'keys',
    'algorithm',
    'access',
    'refresh',
    'trust',
    'header',
    'cookies',
    'csrf',
    'session',
    'loginUrl',
    'revocation',
    'limits',
    'clockTolerance',
    'errors',
  ],
  access: ['ttl', 'maxTtl', 'claimsFor', 'subjectClaim'],
  refresh: ['idle', 'absolute', 'grace'],
  header: ['name', 'schemes', 'sentBy', 'extractor', 'openapi'],
  cookies: ['mode', 'names', 'external', 'sameSite', 'domain', 'refreshPath', 'secure', 'forgiving', 'persistent'],
  'cookies.names': ['access', 'refresh', 'csrf'],
  csrf: ['trustedOrigins', 'headerName', 'secret', 'dangerouslyDisable'],
  session: ['mismatch'],
  revocation: ['freshness', 'onStoreError', 'timeout', 'pruneEvery'],
  errors: ['format', 'body', 'realm'],
};

/** Options that stand beside the factory, because they must be known before it runs. */
export const STRUCTURE = [
  'name',
  'isGlobal',
  'defaultGuard',
  'users',
  'foreignUsers',
  'stores',
  'audit',
  'controllers',
  'schemes',
  'routes',
  'strictRoutes',
  'auditRoutes',
  'clock',
] as const;

/** A sentence for every name that is not an option, with the nearest one that is. */
export function unknownOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(KNOWN).flatMap((group) => {
    const given = group.split('.').filter(Boolean).reduce<unknown>(memberOf, options);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
    return Object.keys(given).flatMap((name) => problemWith(group, name));
  });
}

function problemWith(group: string, name: string): readonly string[] {
  const known = KNOWN[group] ?? [];
  if (known.includes(name)) return [];
  const path = group === '' ? name : `${group}.${name}`;
  if (group === '' && STRUCTURE.some((each) => each === name)) {
    return [`${name} must stand beside the factory, not come from it: it decides which providers exist`];
  }
  const near = nearest(name, known);
  return [
    `${path} is not an option${near === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${near}?`}`,
  ];
}

function memberOf(value: unknown, name: string): unknown {
  // Own members only: options are plain data.
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
