// The translation of what a route demands into OpenAPI's `security`: a list of alternatives, each of which is all that must be
// sent together. Guards are ANDed and a guard's schemes are alternatives, so the list is their product.
import { isSafeMethod } from '../core/internal.js';
import type { SchemeDescription } from '../schemes.js';
import type { Policy } from '../policies.js';
import type { EffectivePolicy } from '../nest/internal.js';
import type { Requirement } from './marks.js';

/** What the requirements of an operation follow from. */
export interface Demanded {
  readonly policy: EffectivePolicy;
  /** For each guard that decides, how each of its schemes is shown. */
  readonly guards: readonly (readonly SchemeDescription[])[];
  /** Of the operation, in any case. */
  readonly method: string;
  /** Whether the document's version allows scopes for every kind of security scheme: since 3.1. */
  readonly withScopes: boolean;
}

/** The alternatives of a guarded operation. */
export function requirementsOf(demanded: Demanded): readonly Requirement[] {
  const { policy, guards, method } = demanded;
  const scopes = demanded.withScopes ? scopesOf(policy) : [];
  const isUnsafe = !isSafeMethod(method.toUpperCase());
  const alternatives = guards.map((schemes) => schemes.map((scheme) => requirementOf(scheme, isUnsafe, scopes)));
  const minimal = withoutSupersets(productOf(alternatives));
  return isOpenToNobody(policy) ? [...minimal, {}] : minimal;
}

/** All of one list and all of another: the requirements of a route besides those that the application wrote for other guards. */
export function productOf(lists: readonly (readonly Requirement[])[]): readonly Requirement[] {
  return lists.reduce<readonly Requirement[]>(
    (made, list) => made.flatMap((one) => list.map((other) => ({ ...one, ...other }))),
    [{}],
  );
}

/** An optional route allows anonymous callers, unless it has a policy. */
export function isOpenToNobody({ optional, policies }: EffectivePolicy): boolean {
  return optional && policies.length === 0;
}

/** Every scope that a policy of the route names. Policies accumulate, and so do these. */
export function scopesOf({ policies }: EffectivePolicy): readonly string[] {
  return [...new Set(policies.flatMap(namedScopes))];
}

/** A policy may say by data what it demands; one that is only a function says nothing. */
function namedScopes({ requires }: Policy): readonly string[] {
  return requires?.scopes ?? [];
}

function requirementOf(
  { always, unsafe = {} }: SchemeDescription,
  isUnsafe: boolean,
  scopes: readonly string[],
): Requirement {
  const credential = Object.keys(always).map((name): [string, string[]] => [name, [...scopes]]);
  const intent = isUnsafe ? Object.keys(unsafe).map((name): [string, string[]] => [name, []]) : [];
  return Object.fromEntries([...credential, ...intent]);
}

/** What asks for more than another alternative is never needed, and of two that ask for the same the first is enough. */
function withoutSupersets(alternatives: readonly Requirement[]): readonly Requirement[] {
  return alternatives.filter(
    (one, index) =>
      !alternatives.some((other, at) => other !== one && includes(one, other) && (!includes(other, one) || at < index)),
  );
}

function includes(whole: Requirement, part: Requirement): boolean {
  return Object.keys(part).every((name) => name in whole);
}
