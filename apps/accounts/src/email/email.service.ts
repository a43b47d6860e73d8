import { Inject, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InjectRepository } from '@nestjs/typeorm';
import { AuthError, Clock, OneTimeTokens, type Json } from 'nestjs-latchkey';
import { AttemptLimiter, OneTimeStore } from 'nestjs-latchkey/stores';
import { IsNull, type Repository } from 'typeorm';
import type { Environment } from '../environment.js';
import { Outbox } from '../mail/outbox.js';
import { User } from '../users/user.entity.js';

const PURPOSE = 'confirm-email';
const LINK_SECONDS = 60 * 60;

/** What the link carries: the address that it was mailed to, and the one that it takes the place of. */
type Change = Readonly<Record<'to' | 'from', string | null>>;

/** The address of a user: theirs once they used the link that was mailed to it. */
@Injectable()
export class EmailService {
  private readonly mails: AttemptLimiter;

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly oneTime: OneTimeTokens,
    private readonly outbox: Outbox,
    private readonly config: ConfigService<Environment, true>,
    @Inject(OneTimeStore) store: OneTimeStore,
    @Inject(Clock) clock: Clock,
  ) {
    this.mails = new AttemptLimiter(store, clock, {
      name: 'confirmation mails',
      limit: 5,
      windowSeconds: LINK_SECONDS,
    });
  }

  /** @throws {AuthError} `too_many_requests`: a user cannot fill the mailboxes of strangers */
  async ask(user: User, email: string): Promise<void> {
    const verdict = await this.mails.take(user.id);
    if (!verdict.allowed) throw new AuthError('too_many_requests', { retryAfterSeconds: verdict.retryAfterSeconds });
    const data: Change = { to: email, from: user.email };
    const { token } = await this.oneTime.issue(user, { purpose: PURPOSE, ttl: LINK_SECONDS, data });
    // Behind the #, so that no server and no log on the way sees it.
    const link = `${this.config.get('PUBLIC_URL', { infer: true })}/#${PURPOSE}=${token}`;
    await this.outbox.send({ to: email, subject: 'Confirm your address', link });
  }

  /**
   * Takes the address that the link was mailed to. Once one link was used, all that were asked for before are of no use.
   * @throws {AuthError} `one_time_token_invalid`, and 503
   */
  async confirm(token: string): Promise<void> {
    const { subject, data } = await this.oneTime.redeem(token, PURPOSE);
    const { to, from } = changeIn(data);
    const { affected } = await this.users.update({ id: subject.id, email: from ?? IsNull() }, { email: to });
    if (affected !== 1) throw new AuthError('one_time_token_invalid');
  }
}

/** We signed it, so it is what {@link EmailService.ask} wrote. */
function changeIn(data: Json | undefined): Change {
  return data as Change;
}
