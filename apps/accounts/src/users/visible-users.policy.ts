import { Injectable } from '@nestjs/common';
import type { Principal } from 'nestjs-latchkey';
import { ScopePolicy } from 'nestjs-latchkey/policies';
import type { SelectQueryBuilder } from 'typeorm';
import type { User } from './user.entity.js';

/** Which users exist for a caller: all for staff, only themselves for other users. */
@Injectable()
export class VisibleUsers extends ScopePolicy<SelectQueryBuilder<User>> {
  override scope(users: SelectQueryBuilder<User>, caller: Principal | undefined): SelectQueryBuilder<User> {
    if (caller?.roles.includes('staff') === true) return users;
    // A client, or a subject of another issuer, is not one of these users, whatever its id.
    if (caller?.kind !== 'user' || !caller.own) return users.andWhere('1 = 0');
    return users.andWhere(`${users.alias}.id = :visibleTo`, { visibleTo: caller.subject.id });
  }
}
