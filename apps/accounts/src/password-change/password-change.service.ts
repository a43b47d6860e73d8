import { Inject, Injectable } from '@nestjs/common';
import { AuthError, Clock, TokenService } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import { PasswordChanges, type ChangedPasswordOptions, type KeptLogin } from 'nestjs-latchkey/browser';
import { AttemptLimiter, OneTimeStore } from 'nestjs-latchkey/stores';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

interface Change extends Pick<ChangedPasswordOptions, 'keep'> {
  readonly password: string;
  readonly newPassword: string;
}

/** A password that its user changes. */
@Injectable()
export class PasswordChangeService {
  /** Who holds a stolen session cannot find the password here. */
  private readonly tries: AttemptLimiter;

  constructor(
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly changes: PasswordChanges,
    private readonly tokens: TokenService,
    @Inject(OneTimeStore) store: OneTimeStore,
    @Inject(Clock) clock: Clock,
  ) {
    this.tries = new AttemptLimiter(store, clock, { name: 'password changes', limit: 5, windowSeconds: 15 * 60 });
  }

  /** @throws {AuthError} `too_many_requests`, `invalid_request` for a wrong or unusable password, and 503 */
  async change({ id, username }: User, { password, newPassword, keep }: Change): Promise<KeptLogin> {
    const problem = this.passwords.problemOf(newPassword);
    if (problem !== undefined) throw new AuthError('invalid_request', { problems: [problem] });
    const verdict = await this.tries.take(id);
    if (!verdict.allowed) throw new AuthError('too_many_requests', { retryAfterSeconds: verdict.retryAfterSeconds });
    const user = await this.users.findByUsername(username);
    const { matches } = await this.passwords.verify(user?.passwordHash, password);
    if (user === undefined || !matches) throw new AuthError('invalid_request', { problems: ['password is not right'] });
    const passwordHash = await this.passwords.hash(newPassword);
    // Of two changes at once the second is refused: it was made by someone who did not know the first.
    if (!(await this.users.changePasswordHash(user, passwordHash)))
      throw new AuthError('invalid_request', { problems: ['password is not right'] });
    return this.changes.changed(this.tokens.subjectOf(user), { keep });
  }
}
