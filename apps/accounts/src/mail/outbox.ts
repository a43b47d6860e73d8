import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { inProduction, mailFolder } from '../environment.js';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** The holder of the link can use it once. */
  readonly link: string;
}

/** In the place of a mail server: mails are files of a folder, or in development lines of the log. Never lines of a log in production. */
@Injectable()
export class Outbox {
  private readonly logger = new Logger(Outbox.name);

  async send(mail: Mail): Promise<void> {
    if (mailFolder !== undefined) {
      const file = join(mailFolder, `${Date.now()}-${randomUUID()}`);
      await writeFile(file, JSON.stringify(mail), { mode: 0o600, flag: 'wx' });
      // So that no reader sees half a mail.
      await rename(file, `${file}.json`);
    } else if (inProduction) this.logger.error('MAIL_DIR is not set: a mail was not sent.');
    else this.logger.log(`To ${mail.to}: ${mail.subject} ${mail.link}`);
  }
}
