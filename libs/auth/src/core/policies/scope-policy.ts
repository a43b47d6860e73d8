// The second of the three layers of authorization: which rows exist for a caller. The first, who may call, is a policy of the
// route; the third, what the caller asked for, is the application's own and can only narrow.
import type { Principal } from '../base/principal.js';

/**
 * Which rows exist for a caller. Rows outside of it are absent: not forbidden, not counted, not found by id.
 *
 * Extend it, make the class a provider, and take it into handlers with `@Scoped(YourPolicy)`. `Query` is whatever your database
 * layer builds queries with.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import type { Principal } from 'nestjs-latchkey';
 * import { ScopePolicy } from 'nestjs-latchkey/policies';
 * import type { SelectQueryBuilder } from 'typeorm';
 *
 * interface Course {
 *   id: string;
 *   ownerId: string;
 * }
 *
 * @Injectable()
 * export class VisibleCourses extends ScopePolicy<SelectQueryBuilder<Course>> {
 *   override scope(query: SelectQueryBuilder<Course>, caller: Principal | undefined) {
 *     if (caller?.roles.includes('staff') === true) return query;
 *     // Anonymous callers and clients own nothing: without an id there is no row.
 *     if (caller?.kind !== 'user' || !caller.own) return query.andWhere('1 = 0');
 *     return query.andWhere(`${query.alias}.ownerId = :owner`, { owner: caller.subject.id });
 *   }
 * }
 * ```
 */
export abstract class ScopePolicy<Query> {
  /**
   * Narrows a query to the rows that exist for the caller. It only builds; nothing is asked of a database here.
   *
   * @param caller who asks; `undefined` if the route allows anonymous callers
   */
  abstract scope(query: Query, caller: Principal | undefined): Query;
}

/** Narrows a query for the caller of this request. */
export type ScopeCondition<Query> = (query: Query) => Query;
