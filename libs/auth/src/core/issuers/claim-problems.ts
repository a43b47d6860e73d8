// What is wrong with the rules that an application states about the claims of an issuer.
import { isClaimValue } from '../policies/claim-values.js';
import { isRecord } from '../base/members.js';
import { broken, type Given, isText, shown } from './sentences.js';
import type { TrustOptions } from './trust-options.js';

/** Everything that is wrong with the claims of an entry and their values; empty if nothing is. */
export function claimProblems(options: TrustOptions, path: string): readonly string[] {
  const { requiredClaims = [], accessTokenClaims = [], audience, exclusiveAudience } = options;
  return [
    ...broken([
      [!isNames(requiredClaims), `${path}.requiredClaims must be a list of names`],
      [!isNames(accessTokenClaims), `${path}.accessTokenClaims must be a list of names`],
      [
        exclusiveAudience === true && [audience].flat().length !== 1,
        `${path}.exclusiveAudience needs one audience, and there are several`,
      ],
      [exclusiveAudience === true && audience === false, `${path}.exclusiveAudience needs an audience`],
    ]),
    ...nameProblems({ ...options.claims }, `${path}.claims`),
    ...valueProblems(options.exactClaims, `${path}.exactClaims`, {
      accepts: 'a text, or a list of texts',
      isOne: isText,
    }),
    ...valueProblems(options.claimEquals, `${path}.claimEquals`, VALUES),
    ...valueProblems(options.claimIncludes, `${path}.claimIncludes`, VALUES),
  ];
}

const VALUES = { accepts: 'a text, a number, true or false, or a list of them', isOne: isClaimValue } as const;

function valueProblems(
  given: unknown,
  path: string,
  { accepts, isOne }: { readonly accepts: string; readonly isOne: (value: unknown) => boolean },
): readonly string[] {
  if (given === undefined) return [];
  if (!isRecord(given)) return [`${path} must be an object of claims and values`];
  return Object.entries(given)
    .filter(([, value]) => !areValues(value, isOne))
    .map(([name, value]) => `${path}.${name} is ${shown(value)}; accepted is ${accepts}`);
}

function areValues(given: unknown, isOne: (value: unknown) => boolean): boolean {
  return Array.isArray(given) ? given.length > 0 && given.every(isOne) : isOne(given);
}

function nameProblems(claims: Given, path: string): readonly string[] {
  const { subject, scopes, roles, id, session, audience } = claims;
  return broken([
    [!isOptional(subject) && typeof subject !== 'function', `${path}.subject must be a claim or a function`],
    [
      !isTextClaims(scopes),
      `${path}.scopes must name claims: 'scope', { spaceSeparated: 'scp' }, a list, or a function`,
    ],
    [!isTextClaims(roles), `${path}.roles must name claims: 'roles', 'realm_access.roles', a list, or a function`],
    [!isOptional(id) && id !== false, `${path}.id must be a claim or false`],
    [!isOptional(session) && session !== false, `${path}.session must be a claim or false`],
    [!isOptional(audience), `${path}.audience must be a claim`],
  ]);
}

function isOptional(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isTextClaims(given: unknown): boolean {
  if (given === undefined || typeof given === 'function') return true;
  return [given].flat().every((one) => isText(one) || (isRecord(one) && isText(one['spaceSeparated'])));
}

function isNames(given: readonly unknown[]): boolean {
  return Array.isArray(given) && given.every(isText);
}
