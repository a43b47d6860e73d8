import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AuthError } from 'nestjs-latchkey';
import { LessThan, type Repository } from 'typeorm';
import { KnownAddress } from './known-address.entity.js';

const KEPT_SECONDS = 90 * 24 * 3_600;

/** Who tries to sign in, and from where. */
export interface Attempter {
  /** As `networkOf` writes it. */
  readonly network: string;
  /** As `normaliseUsername` writes it; empty for what cannot be a name. */
  readonly name: string;
}

/** From where each name signed in within the last 90 days. A client from there is a known one. */
@Injectable()
export class KnownAddresses implements OnModuleInit {
  private readonly logger = new Logger(KnownAddresses.name);

  constructor(@InjectRepository(KnownAddress) private readonly rows: Repository<KnownAddress>) {}

  async onModuleInit(): Promise<void> {
    await this.rows.delete({ seenAt: LessThan(nowSeconds() - KEPT_SECONDS) });
  }

  /** How often this name signed in from there. @throws {AuthError} `store_unavailable` */
  async successes(who: Attempter): Promise<number> {
    try {
      return (await this.rows.findOneBy({ digest: digestOf(who) }))?.successes ?? 0;
    } catch (cause) {
      throw new AuthError('store_unavailable', { cause });
    }
  }

  /** Notes a success. What cannot be noted does no harm: the next one is a stranger once more. */
  async note(who: Attempter): Promise<void> {
    try {
      const digest = digestOf(who);
      if (await this.count(digest)) return;
      const row = { digest, successes: 0, seenAt: nowSeconds() };
      await this.rows.createQueryBuilder().insert().values(row).orIgnore().execute();
      await this.count(digest);
    } catch {
      this.logger.warn('A sign-in could not be noted for the next one from its network.');
    }
  }

  private async count(digest: string): Promise<boolean> {
    const update = this.rows.createQueryBuilder().update();
    const set = update.set({ successes: () => 'successes + 1', seenAt: nowSeconds() });
    const { affected } = await set.where({ digest }).execute();
    return affected === 1;
  }
}

function digestOf({ network, name }: Attempter): string {
  return createHash('sha256')
    .update(JSON.stringify([network, name]))
    .digest('base64url');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
