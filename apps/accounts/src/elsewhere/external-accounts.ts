import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Subject } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import type { Repository } from 'typeorm';
import { User } from '../users/user.entity.js';
import { ExternalAccount } from './external-account.entity.js';

/** Finds users by their account at an identity provider. Who comes for the first time becomes a new user. */
@Injectable()
export class ExternalAccounts {
  constructor(
    @InjectRepository(ExternalAccount) private readonly accounts: Repository<ExternalAccount>,
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: Passwords,
  ) {}

  /** The user whose account that is, active or not. */
  async userOf(subject: Subject): Promise<User | null> {
    const digest = digestOf(subject);
    const known = await this.accounts.findOneBy({ digest });
    return this.users.findOneBy({ id: known?.userId ?? (await this.create(digest, subject)) });
  }

  /** Each step can be repeated: of two callbacks at once the second changes nothing, and one that was cut off is completed by the next. */
  private async create(digest: string, { issuer, id: subject }: Subject): Promise<string> {
    const userId = uuidOf(digest);
    const username = `guest-${randomBytes(6).toString('hex')}`;
    // A password that is not known to anyone.
    const passwordHash = await this.passwords.hash(randomBytes(32).toString('base64url'));
    const user = { id: userId, username, passwordHash, active: true, version: 1, roles: [], scopes: [], motto: '' };
    await this.users.createQueryBuilder().insert().values(user).orIgnore().execute();
    await this.accounts.createQueryBuilder().insert().values({ digest, issuer, subject, userId }).orIgnore().execute();
    return userId;
  }
}

/** The first 128 bits, written as the ids of users are. */
function uuidOf(digest: string): string {
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function digestOf({ issuer, id }: Subject): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, id]))
    .digest('hex');
}
