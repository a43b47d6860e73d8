import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';
import type { Repository } from 'typeorm';
import { PasswordsService } from './passwords.service.js';
import { User } from './user.entity.js';
import { normaliseUsername } from './username.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Injectable()
export class UsersService extends UserSource<User> {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: PasswordsService,
  ) {
    super();
  }

  async findBySubject({ id }: Subject): Promise<User | undefined> {
    if (!UUID.test(id)) return undefined;
    return (await this.users.findOneBy({ id })) ?? undefined;
  }

  describe({ id, active, version, roles, scopes }: User): UserDescription {
    return { id, active, stamp: String(version), roles, scopes };
  }

  override async verifyCredentials({ username, password }: SignInCredentials): Promise<User | undefined> {
    const user = await this.findByUsername(username);
    const matches = await this.passwords.matches(user?.passwordHash, password);
    return matches ? user : undefined;
  }

  private async findByUsername(text: string): Promise<User | undefined> {
    const username = normaliseUsername(text);
    if (username === undefined) return undefined;
    const query = this.users.createQueryBuilder('user').addSelect('user.passwordHash');
    return (await query.where('user.username = :username', { username }).getOne()) ?? undefined;
  }
}
