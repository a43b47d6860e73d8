import { Inject, Injectable, Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { AuthError, Clock, HashingQueue, OneTimeTokens } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import { PasswordChanges } from 'nestjs-latchkey/browser';
import { AttemptLimiter, OneTimeStore } from 'nestjs-latchkey/stores';
import type { Environment } from '../environment.js';
import { Outbox } from '../mail/outbox.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

const PURPOSE = 'password-reset';
const LINK_SECONDS = 20 * 60;

/** A forgotten password: a link by mail, and a new password for the link. */
@Injectable()
export class PasswordResetService {
  private readonly logger = new Logger(PasswordResetService.name);
  /** Few at a time; what does not fit is dropped, and asked for again. */
  private readonly queue = new HashingQueue({ concurrency: 2, waiting: 100 });
  /**
   * Unknown clients cannot fill the mailbox of a user. A window is no longer than a link is good: a user who gets no more mails has a link that
   * is good until the next window, no matter who asked for it.
   */
  private readonly mails: AttemptLimiter;

  constructor(
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly oneTime: OneTimeTokens,
    private readonly changes: PasswordChanges,
    private readonly outbox: Outbox,
    private readonly config: ConfigService<Environment, true>,
    @Inject(OneTimeStore) store: OneTimeStore,
    @Inject(Clock) clock: Clock,
  ) {
    this.mails = new AttemptLimiter(store, clock, { name: 'reset mails', limit: 5, windowSeconds: LINK_SECONDS });
  }

  /** Returns at once: neither the answer nor its time tells whether there is such a user. */
  request(typed: string): void {
    this.queue
      .run(() => this.mail(typed))
      .catch((error: unknown) => {
        const reason = error instanceof AuthError ? error.code : 'the mail could not be sent';
        this.logger.warn(`A password reset was asked for in vain: ${reason}.`);
      });
  }

  /**
   * Gives the user of a link a new password, and ends all their logins. Whatever fails before that leaves the link as good as before.
   * @throws {AuthError} `invalid_request` for a password that is too short or too long, `one_time_token_invalid`, and 503
   */
  async redeem(token: string, password: string): Promise<User> {
    const problem = this.passwords.problemOf(password);
    if (problem !== undefined) throw new AuthError('invalid_request', { problems: [problem] });
    let passwordHash = '';
    const prepare = async (): Promise<void> => {
      passwordHash = await this.passwords.hash(password);
    };
    const { user, subject } = await this.oneTime.redeem(token, PURPOSE, { prepare });
    if (user === undefined) throw new AuthError('users_unavailable');
    // What the link was checked against may have changed while the password was hashed.
    if (!(await this.users.changePasswordHash(user, passwordHash))) throw new AuthError('one_time_token_invalid');
    await this.changes.changed(subject);
    return user;
  }

  private async mail(typed: string): Promise<void> {
    const user = await this.users.findByUsername(typed);
    if (user?.active !== true || !(await this.mails.take(user.id)).allowed) return;
    const { token } = await this.oneTime.issue(user, { purpose: PURPOSE, ttl: LINK_SECONDS });
    // Behind the #, so that no server and no log on the way sees it.
    const link = `${this.config.get('PUBLIC_URL', { infer: true })}/#password-reset=${token}`;
    await this.outbox.send({ to: user.username, subject: 'Choose a new password', link });
  }
}
