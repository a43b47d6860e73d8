// The mails that a sample app puts into its folder, one file each.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from './database-server.js';

export interface SentMail {
  readonly to: string;
  readonly link: string;
}

export class MailFolder {
  readonly path = join(temporaryFolder('mails'), 'outbox');

  constructor() {
    mkdirSync(this.path);
  }

  /** All so far, oldest first. */
  all(): SentMail[] {
    return readdirSync(this.path)
      .filter((file) => file.endsWith('.json'))
      .toSorted()
      .map((file) => JSON.parse(readFileSync(join(this.path, file), 'utf8')) as SentMail);
  }

  /** Asks for a mail, and waits for it. */
  async after(ask: () => Promise<unknown>): Promise<SentMail> {
    const before = this.all().length;
    await ask();
    for (let tries = 0; tries < 100 && this.all().length === before; tries += 1) await wait(50);
    const mail = this.all().at(-1);
    if (mail === undefined || this.all().length === before) throw new Error('No mail came.');
    return mail;
  }
}
