import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { HashingQueue } from 'nestjs-latchkey';
import { normalisePassword } from './password.js';

/** argon2id, 19 MiB, two passes: what OWASP asks for. @node-rs/argon2 takes argon2id by default. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** A hash as we or a successor would write it. One that asks for more memory or time than this is not even tried. */
const HASH = /^\$argon2id\$v=19\$m=\d{4,5},t=\d,p=\d\$/;

@Injectable()
export class PasswordsService {
  private readonly logger = new Logger(PasswordsService.name);
  /** Few at a time: verifying tokens shares the threads. */
  private readonly queue = new HashingQueue({ concurrency: 2, waiting: 64 });
  private readonly dummy = this.hash(randomBytes(16).toString('hex'));

  hash(password: string): Promise<string> {
    return this.queue.run(() => hash(normalisePassword(password), COST));
  }

  /**
   * Whether the password belongs to the stored hash. Without one, or with one that is broken, the same work is done on a dummy,
   * so that the time tells nothing.
   */
  async matches(stored: string | undefined, password: string): Promise<boolean> {
    const usable = stored !== undefined && HASH.test(stored);
    if (stored !== undefined && !usable)
      this.logger.error('A stored password hash is not one of ours: sign-in refused.');
    const against = usable ? stored : await this.dummy;
    return this.queue.run(() => this.compare(against, normalisePassword(password))).then((same) => same && usable);
  }

  private async compare(stored: string, password: string): Promise<boolean> {
    try {
      return await verify(stored, password);
    } catch {
      this.logger.error('A stored password hash cannot be read: sign-in refused.');
      await verify(await this.dummy, password);
      return false;
    }
  }
}
