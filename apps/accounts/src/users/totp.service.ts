import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Secret, TOTP } from 'otpauth';
import type { Repository } from 'typeorm';
import { User } from './user.entity.js';

/** Clocks of phones differ: the step before and the step after are accepted (RFC 6238 section 5.2). */
const WINDOW = 1;

/** Codes of an authenticator app (RFC 6238). */
@Injectable()
export class TotpService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  async isNeeded({ id }: User): Promise<boolean> {
    return (await this.secretOf(id)) !== undefined;
  }

  /** True once for each code: it, and all codes before it, are used up by that. */
  async use({ id }: User, code: string): Promise<boolean> {
    const secret = await this.secretOf(id);
    if (secret === undefined || !/^\d{6}$/.test(code)) return false;
    const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
    const timestamp = Date.now();
    const delta = totp.validate({ token: code, timestamp, window: WINDOW });
    return delta !== null && this.isFirst(id, totp.counter({ timestamp }) + delta);
  }

  /** In one statement, so that of two requests with one code one is too late, on all processes. */
  private async isFirst(id: string, step: number): Promise<boolean> {
    const change = this.users.createQueryBuilder().update().set({ totpLastStep: step });
    const { affected } = await change.where('id = :id AND totp_last_step < :step', { id, step }).execute();
    return affected === 1;
  }

  private async secretOf(id: string): Promise<string | undefined> {
    const query = this.users.createQueryBuilder('user').select('user.id').addSelect('user.totpSecret');
    return (await query.where('user.id = :id', { id }).getOne())?.totpSecret ?? undefined;
  }
}
