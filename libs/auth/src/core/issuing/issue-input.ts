// Checks of what callers of `TokenService.issue` and its siblings pass in.
import { isFilter } from '../policies/filters.js';
import type { RefreshGrant } from './token-minter.js';
import type { IssueOptions } from './token-options.js';
import { clientIdProblem } from '../tokens/client-id.js';
import { subjectProblem } from '../tokens/subject-id.js';

/** @throws {TypeError} for an id that a verifier would refuse, this service included */
export function assertSubject(id: unknown, name: string): void {
  const problem = subjectProblem(id);
  if (problem !== undefined) throw new TypeError(`${name} ${problem}.`);
}

/** @throws {TypeError} if the audience is not a name or a list of names */
export function audienceIn({ audience }: Pick<IssueOptions, 'audience'>): readonly string[] | undefined {
  if (audience === undefined) return undefined;
  const names: readonly unknown[] = [audience].flat();
  const isNamed = names.length > 0 && names.every((name) => typeof name === 'string' && name.trim() !== '');
  if (!isNamed) throw new TypeError('The audience must be a name or a list of names; leave it out for the default.');
  return names as readonly string[];
}

/** What is kept of a sign-in besides its user. @throws {TypeError} for what could not be signed, or would not be read */
export function signInFacts({ clientId, acr, amr }: IssueOptions): Pick<RefreshGrant, 'clientId' | 'acr' | 'amr'> {
  const problem = clientId === undefined ? undefined : clientIdProblem(clientId);
  if (problem !== undefined) throw new TypeError(`The clientId ${problem}.`);
  if (acr !== undefined && !isFact(acr)) throw new TypeError('The acr must be a text of 1 to 255 characters.');
  if (amr !== undefined && !areFacts(amr))
    throw new TypeError("The amr must be a list of 1 to 16 texts like ['pwd', 'otp'].");
  return { clientId, acr, amr };
}

function isFact(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 255;
}

function areFacts(values: unknown): boolean {
  return Array.isArray(values) && values.length > 0 && values.length <= 16 && values.every(isFact);
}

/** @throws {TypeError} for a filter that no route could read: the token would be refused everywhere */
export function assertFilters(filters: readonly string[]): readonly string[] {
  const broken = filters.find((filter) => !isFilter(filter));
  if (broken !== undefined) throw new TypeError(`${JSON.stringify(broken)} is not a filter; write 'kind:value'.`);
  return filters;
}
