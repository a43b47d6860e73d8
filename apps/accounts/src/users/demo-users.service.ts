import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Passwords } from 'nestjs-latchkey/passwords';
import type { Repository } from 'typeorm';
import { inProduction } from '../environment.js';
import { User } from './user.entity.js';

const DEMO_USERS = [
  { username: 'ada', password: 'correct horse battery staple' },
  { username: 'grace', password: 'amazing grace 1906', roles: ['staff'], scopes: ['grades:write'] },
  { username: 'lin', password: 'inactive but known', active: false },
  // The secret that examples of authenticator apps use.
  { username: 'mary', password: 'connexion of the sciences', totpSecret: 'JBSWY3DPEHPK3PXP' },
];

const DEFAULTS = { totpSecret: null, active: true, version: 1, roles: [], scopes: [], motto: '' };

/** Fills an empty table with the users that the documentation speaks of. Never in production. */
@Injectable()
export class DemoUsersService implements OnModuleInit {
  private readonly logger = new Logger('DemoUsers');

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: Passwords,
  ) {}

  async onModuleInit(): Promise<void> {
    if (inProduction) return;
    if (!(await this.users.exists())) await this.create();
    const [ada] = DEMO_USERS;
    this.logger.log(`Sign in as '${ada?.username}' with the password '${ada?.password}'.`);
  }

  private async create(): Promise<void> {
    const rows = DEMO_USERS.map(async ({ password, ...user }) => ({
      ...DEFAULTS,
      ...user,
      id: randomUUID(),
      passwordHash: await this.passwords.hash(password),
    }));
    // Another process may be at the same work: names are unique, and the first one wins.
    await this.users
      .createQueryBuilder()
      .insert()
      .values(await Promise.all(rows))
      .orIgnore()
      .execute();
  }
}
