import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Scoped, SelfOrStaff } from 'nestjs-latchkey';
import type { ScopeCondition } from 'nestjs-latchkey/policies';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import { User } from './user.entity.js';
import { VisibleUsers } from './visible-users.policy.js';

@Controller('users')
export class UsersController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  /** Every user may call it; the scope policy decides who is listed, and the query only narrows it. */
  @Get()
  findAll(
    @Scoped(VisibleUsers) visible: ScopeCondition<SelectQueryBuilder<User>>,
    @Query('username') username?: string,
  ) {
    const query = visible(this.users.createQueryBuilder('user').select(['user.id', 'user.username', 'user.motto']));
    if (typeof username === 'string') query.andWhere('user.username = :username', { username });
    return query.orderBy('user.username').take(100).getMany();
  }

  @SelfOrStaff('id')
  @Get(':id')
  async findOne(@Param('id') id: string) {
    const user = await this.users.findOneBy({ id });
    if (user === null) throw new NotFoundException();
    const { username, motto, active } = user;
    return { id, username, motto, active };
  }
}
