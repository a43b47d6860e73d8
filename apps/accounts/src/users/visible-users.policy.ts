import { Injectable } from '@nestjs/common';
import type { Principal } from 'nestjs-latchkey';
import { ScopePolicy } from 'nestjs-latchkey/policies';
import type { SelectQueryBuilder } from 'typeorm';
import type { User } from './user.entity.js';

/** Which users exist for a caller: all of them for staff, oneself for everybody else. */
@Injectable()
export class VisibleUsers extends ScopePolicy<SelectQueryBuilder<User>> {
  override scope(users: SelectQueryBuilder<User>, caller: Principal | undefined): SelectQueryBuilder<User> {
    if (caller?.roles.includes('staff') === true) return users;
    // A machine, or a subject of another issuer, is none of these users, whatever its id.
    if (caller?.kind !== 'user' || !caller.own) return users.andWhere('1 = 0');
    return users.andWhere(`${users.alias}.id = :visibleTo`, { visibleTo: caller.subject.id });
  }
}
