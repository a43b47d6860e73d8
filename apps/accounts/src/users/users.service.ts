import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import {
  challenge,
  proven,
  type SignInAnswer,
  type SignInFacts,
  type SignInStep,
  type StepCredentials,
} from 'nestjs-latchkey/sign-in';
import type { Repository } from 'typeorm';
import { KnownAddresses } from '../throttling/known-addresses.js';
import { networkOf } from '../throttling/network.js';
import { TotpService } from './totp.service.js';
import { User } from './user.entity.js';
import { normaliseUsername } from './username.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Injectable()
export class UsersService extends UserSource<User> {
  private readonly logger = new Logger(UsersService.name);

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: Passwords,
    private readonly totp: TotpService,
    private readonly known: KnownAddresses,
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

  override async verifyCredentials({ username, password }: SignInCredentials): Promise<SignInAnswer<User>> {
    const user = await this.findByUsername(username);
    const { matches, newHash } = await this.passwords.verify(user?.passwordHash, password);
    // The library refuses inactive users; here, so that they cost no more questions to the database than a wrong password.
    if (!matches || user === undefined || !user.active) return undefined;
    if (newHash !== undefined) await this.keepDearerHash(user.id, { old: user.passwordHash ?? '', new: newHash });
    const isTotpNeeded = await this.totp.isNeeded(user);
    return isTotpNeeded ? challenge({ kind: 'totp', user, amr: ['pwd'] }) : proven({ user, amr: ['pwd'] });
  }

  /** A sign-in in two steps succeeds here, so its network is noted here: the route of the password answers 401 to every such user. */
  override async completeChallenge(
    { user }: SignInStep<User>,
    { code }: StepCredentials,
    { address }: SignInFacts,
  ): Promise<SignInAnswer<User>> {
    if (!(await this.totp.use(user, code))) return undefined;
    if (address !== undefined) await this.known.note({ network: networkOf(address), name: user.username });
    return proven({ user, amr: ['otp', 'mfa'] });
  }

  /** Takes the text as it was typed. */
  async findByUsername(text: string): Promise<User | undefined> {
    const username = normaliseUsername(text);
    if (username === undefined) return undefined;
    const query = this.users.createQueryBuilder('user').addSelect('user.passwordHash');
    return (await query.where('user.username = :username', { username }).getOne()) ?? undefined;
  }

  /**
   * Gives a user another password, hashed already: with the version, everything that was issued before ends, reset links included.
   * False if the user was changed since they were read: a newer password stays.
   */
  async changePasswordHash({ id, version }: User, passwordHash: string): Promise<boolean> {
    const change = this.users.createQueryBuilder().update();
    const { affected } = await change
      .set({ passwordHash, version: () => 'version + 1' })
      .where({ id, version })
      .execute();
    return affected === 1;
  }

  /** The password is the same, so nothing ends. A password that was changed meanwhile stays, and a failure can wait for the next sign-in. */
  private async keepDearerHash(id: string, hashes: { readonly old: string; readonly new: string }): Promise<void> {
    try {
      await this.users.update({ id, passwordHash: hashes.old }, { passwordHash: hashes.new });
    } catch {
      this.logger.warn('A dearer password hash could not be stored.');
    }
  }
}
