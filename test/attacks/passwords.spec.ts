// Password hashes and user names of the sample application. The test writes to its database directly.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hash } from '@node-rs/argon2';
import { DataSource } from 'typeorm';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

const PASSWORD = 'correct horse battery staple';

describe.each(ADAPTERS)('the passwords of accounts on %s', (adapter) => {
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  }, 60_000);
  afterAll(() => app.remove());

  const attempt = async (username: string, password: string): Promise<number> =>
    (await app.post('/auth/token', { username, password })).status;

  /** A user with any value in the column of the hash; resolves with the name. */
  async function addUser(passwordHash: string): Promise<string> {
    const username = `user-${randomUUID()}`;
    const database = await new DataSource({
      type: 'better-sqlite3',
      database: join(app.folder, 'accounts.sqlite'),
      timeout: 5_000,
    }).initialize();
    const sql = `INSERT INTO users (id, username, password_hash, roles, scopes) VALUES (?, ?, ?, '', '')`;
    await database.query(sql, [randomUUID(), username, passwordHash]);
    await database.destroy();
    return username;
  }

  it.each([
    ['differ behind the 72nd byte', `${'a'.repeat(72)}b`, `${'a'.repeat(72)}c`],
    ['differ behind a NUL', 'begin\0one', 'begin\0two'],
    ['differ by what follows a NUL', 'begin', 'begin\0'],
    ['differ by a space at the end', 'begin', 'begin '],
    ['differ in case', 'Begin', 'begin'],
  ])('treats two passwords that %s as different', async (_, right, wrong) => {
    const username = await addUser(await hash(right));
    expect([await attempt(username, wrong), await attempt(username, right)]).toEqual([401, 200]);
  });

  it.each([
    ['one letter typed as one character or as two', 'caf\u00e9 au lait', 'cafe\u0301 au lait'],
    ['a no-break space', 'two words here', 'two\u00a0words here'],
    [
      'Hangul as syllables or as letters',
      '\ud55c\uae00 \ud55c\uae00',
      '\u1112\u1161\u11ab\u1100\u1173\u11af \ud55c\uae00',
    ],
  ])('accepts one password in both Unicode forms: %s', async (_, stored, typed) => {
    const username = await addUser(await hash(stored));
    expect([await attempt(username, stored), await attempt(username, typed)]).toEqual([200, 200]);
  });

  it('keeps compatibility characters distinct, so that no password becomes easier', async () => {
    const username = await addUser(await hash('ﬁle № 9'));
    expect([await attempt(username, 'file No 9'), await attempt(username, 'ﬁle № 9')]).toEqual([401, 200]);
  });

  it.each(['ADA', ' ada ', 'Ada', 'ａｄａ', '\tada\n'])('%j is the same user name as ada', async (username) => {
    const answer = await app.post('/auth/token', { username, password: PASSWORD });
    const { access_token } = (await answer.json()) as { access_token: string };
    const me = await app.fetch('/me', { headers: { authorization: `Bearer ${access_token}` } });
    expect(await me.json()).toMatchObject({ username: 'ada' });
  });

  it.each([
    ['a zero-width space', 'a\u200bda'],
    ['a Cyrillic letter', '\u0430da'],
    ['a combining mark', 'ada\u0301'],
    ['a direction mark', '\u202eada'],
    ['a soft hyphen', 'a\u00adda'],
    ['a NUL', 'ada\0'],
    ['a wildcard', 'ad%'],
    ['a second statement', "ada' OR '1'='1"],
    ['a Turkish letter', 'l\u0131n'],
  ])('a name with %s is not a user', async (_, username) => {
    expect(await attempt(username, PASSWORD)).toBe(401);
  });

  it.each([
    ['empty', ''],
    ['plain text', PASSWORD],
    ['of another scheme', '$2b$12$KIXQ8Jt1wE5Wl2Nn6v0v7O1xv8q0l1b3Zt0l6b9y3s5a7c9e1g3i5'],
    ['cut off', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ'],
    ['of a weaker sibling', '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'],
    ['asking for all memory', '$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA'],
  ])('a stored hash that is %s refuses the sign-in, and only the log says why', async (_, stored) => {
    const username = await addUser(stored);
    const written = app.log().length;
    const answer = await app.post('/auth/token', { username, password: PASSWORD });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ errorCode: 'invalid_credentials' }),
    ]);
    const logged = app.log().slice(written);
    expect(logged).toContain('password hash');
    expect(logged).not.toContain(PASSWORD);
    if (stored !== '') expect(logged).not.toContain(stored);
    expect(await attempt('ada', PASSWORD)).toBe(200);
  });
});
