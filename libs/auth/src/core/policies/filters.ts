// Resource filters: claims like `content_org:acme` that limit a token to some resources, and the policy that holds them against
// what a request asks for.
import { AuthError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import { describePolicy, type Policy, type PolicyContext } from './policies.js';
import type { Claims, Principal } from '../base/principal.js';
import { unacceptable } from '../tokens/refusals.js';

/** One filter of a token. */
export interface ResourceFilter {
  readonly kind: string;
  readonly value: string;
}

/** What the request asks for, by the name that filters use. `undefined` if unknown: the request is then refused. */
export type FilterExtractor = (context: PolicyContext) => string | undefined | Promise<string | undefined>;

/** How {@link hasFilter} compares. */
export interface FilterOptions {
  /** A token without any filter of this kind passes. @defaultValue false */
  readonly optional?: boolean | undefined;
  /** The value that `me` represents. Without it `me` matches nothing. */
  readonly selfValue?: ((principal: Principal) => string | undefined) | undefined;
  /** Applied to both sides. @defaultValue lower case, in one Unicode form */
  readonly normalise?: ((text: string) => string) | undefined;
}

const SELF = 'me';
const FILTER = /^([^:\s]+):([^:]+)$/;
const FILTERS = "must be a list of strings like 'kind:value'";

/**
 * One of the token's filters of that kind must fit what the request asks for; otherwise 403 `filter_mismatch`. A filter that
 * cannot be read makes the token one that is not good: 401 `invalid_claims`.
 *
 * @example
 * ```ts
 * import { hasFilter } from 'nestjs-latchkey/policies';
 *
 * export const ofThatOrganization = hasFilter('content_org', ({ request }) => request.param('org'));
 * ```
 * @throws {TypeError} without a kind or an extractor, and for an option that is not of the type named
 */
export function hasFilter(kind: string, extract: FilterExtractor, options: FilterOptions = {}): Policy {
  assertFilter(kind, extract, options);
  const policy: Policy = async (context) => {
    const filters = filtersOf(context.principal.claims).filter((each) => each.kind === kind);
    if (filters.length === 0 && options.optional === true) return true;
    const asked = await extract(context);
    // `not()` does not invert this refusal: it is unknown what was asked for.
    if (typeof asked !== 'string' || asked.trim() === '') throw new AuthError('forbidden');
    if (filters.some((filter) => fits(filter, { asked, principal: context.principal, options }))) return true;
    throw new AuthError('filter_mismatch');
  };
  return describePolicy(`filter(${kind})`, policy);
}

/**
 * The `filters` of a token, each `kind:value`.
 * @throws {AuthError} `invalid_claims` if it is anything but a list of such texts
 */
export function filtersOf({ filters = [] }: Claims): readonly ResourceFilter[] {
  if (!Array.isArray(filters)) throw unacceptable('filters', FILTERS);
  return filters.map((text: unknown) => {
    const [, kind, value] = (typeof text === 'string' ? FILTER.exec(text) : null) ?? [];
    if (kind === undefined || value === undefined) throw unacceptable('filters', FILTERS);
    return { kind, value };
  });
}

function assertFilter(kind: unknown, extract: unknown, options: unknown): void {
  const isKind = typeof kind === 'string' && /^[^:\s]+$/.test(kind);
  if (isKind && typeof extract === 'function' && areFilterOptions(options)) return;
  throw new TypeError(
    "@RequireFilter() and hasFilter() take a kind without colons and spaces ('content_org'), a function that says what the request " +
      `asks for, and { optional: true }, selfValue and normalise as options; given was ${shown([kind, extract, options])}.`,
  );
}

function areFilterOptions(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  const { optional = false, selfValue, normalise } = options as { readonly [Name in keyof FilterOptions]: unknown };
  const areFunctions = [selfValue, normalise].every((each) => each === undefined || typeof each === 'function');
  return typeof optional === 'boolean' && areFunctions;
}

/** True for a text that {@link filtersOf} can read. */
export function isFilter(text: unknown): boolean {
  return typeof text === 'string' && FILTER.test(text);
}

function fits(
  { value }: ResourceFilter,
  { asked, principal, options }: { asked: string; principal: Principal; options: FilterOptions },
): boolean {
  const { selfValue, normalise = caseless } = options;
  const allowed = value === SELF ? selfValue?.(principal) : value;
  if (allowed === undefined || allowed.trim() === '') return false;
  return normalise(allowed) === normalise(asked);
}

function caseless(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
