// Checks of what callers of `TokenService.issue` and its siblings pass in.
import { isFilter } from './policies/filters.js';
import type { IssueOptions } from './token-options.js';
import { subjectProblem } from './tokens/subject-id.js';

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

/** @throws {TypeError} for a filter that no route could read: the token would be refused everywhere */
export function assertFilters(filters: readonly string[]): readonly string[] {
  const broken = filters.find((filter) => !isFilter(filter));
  if (broken !== undefined) throw new TypeError(`${JSON.stringify(broken)} is not a filter; write 'kind:value'.`);
  return filters;
}
