// One list of requests for the application before and after: what each is answered with, by name.
import type { INestApplication } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Accounts, hashPassword, Mailbox, Secrets } from './application.js';

export interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

export const PASSWORD = 'correct horse battery staple';

/** A client of a running application. */
export class Client {
  readonly accounts: Accounts;
  readonly mailbox: Mailbox;
  private readonly secrets: Secrets;

  constructor(
    app: INestApplication,
    private readonly url: string,
  ) {
    this.accounts = app.get(Accounts, { strict: false });
    this.mailbox = app.get(Mailbox, { strict: false });
    this.secrets = app.get(Secrets, { strict: false });
  }

  get(path: string, token?: string): Promise<Response> {
    return fetch(this.url + path, { headers: bearer(token) });
  }

  post(path: string, body: object = {}, token?: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    return fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  login(email: string, password = PASSWORD): Promise<Response> {
    return this.post('/v1/auth/email/login', { email, password });
  }

  confirm(token: string | undefined): Promise<Response> {
    return this.post('/v1/auth/email/confirm', { token });
  }

  refresh(refreshToken: string): Promise<Response> {
    return this.post('/v1/auth/refresh', {}, refreshToken);
  }

  /** @param secret another one for a forged token */
  social(sub: string, secret = this.secrets.social): Promise<Response> {
    const claims = { sub, email: `${sub}@social.example` };
    return this.post('/v1/auth/social/login', {
      idToken: new JwtService().sign(claims, { secret, issuer: 'https://social.example' }),
    });
  }

  /** An account as an administrator makes it. */
  async add(email: string, role: 'user' | 'admin' = 'user'): Promise<number> {
    const row = { email, passwordHash: hashPassword(PASSWORD), role, confirmed: true, socialId: null };
    return (await this.accounts.create(row)).id;
  }
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

export async function tokensOf(sent: Promise<Response>): Promise<Tokens> {
  return (await (await sent).json()) as Tokens;
}

/** The answers by the names of the requests: a status, or the body of a 200 with tokens replaced by a word. */
type Answers = Record<string, unknown>;

class Notes {
  readonly answers: Answers = {};

  async take(name: string, sent: Promise<Response>): Promise<Tokens> {
    const answer = await sent;
    const text = await answer.text();
    const body = (answer.status === 200 ? JSON.parse(text) : {}) as Tokens;
    this.answers[name] = answer.status === 200 ? withoutTokens(body) : answer.status;
    if (/passwordHash|[0-9a-f]{32}:/.test(text)) throw new Error(`${name} answers with a hash.`);
    return body;
  }
}

function withoutTokens(body: object): unknown {
  const entries = Object.entries(body).map(([name, value]) => [name, /token/i.test(name) ? typeof value : value]);
  return Array.isArray(body) ? body : Object.fromEntries(entries);
}

/** Signs up, in and out, and notes how each request is answered. */
export async function probe(client: Client): Promise<Answers> {
  const notes = new Notes();
  await signUp(client, notes);
  await refresh(client, notes);
  await social(client, notes);
  await change(client, notes);
  return notes.answers;
}

async function signUp(client: Client, notes: Notes): Promise<void> {
  const email = 'bob@example.com';
  await notes.take('register', client.post('/v1/auth/email/register', { email, password: PASSWORD }));
  await notes.take('sign in before the address is confirmed', client.login(email));
  const link = client.mailbox.sent.at(-1)?.token;
  await notes.take('confirm with another token', client.confirm('another'));
  await notes.take('confirm', client.confirm(link));
  await notes.take('confirm once more', client.confirm(link));
  const { token } = await notes.take('sign in', client.login(email));
  await notes.take('sign in with a wrong password', client.login(email, 'wrong'));
  await notes.take('sign in with an unknown address', client.login('eve@example.com'));
  await notes.take('me', client.get('/v1/auth/me', token));
  await notes.take('me without a token', client.get('/v1/auth/me'));
  await notes.take('me with another token', client.get('/v1/auth/me', 'another.token.here'));
  await notes.take('me with the token of the mail', client.get('/v1/auth/me', link));
  await notes.take('me without the version', client.get('/auth/me', token));
  await notes.take('users as a user', client.get('/v1/users', token));
  await notes.take('users without a token', client.get('/v1/users'));
  await client.add('grace@example.com', 'admin');
  const grace = await tokensOf(client.login('grace@example.com'));
  await notes.take('users as an administrator', client.get('/v1/users', grace.token));
}

async function refresh(client: Client, notes: Notes): Promise<void> {
  const { token, refreshToken } = await tokensOf(client.login('bob@example.com'));
  const next = await notes.take('refresh', client.refresh(refreshToken));
  await notes.take('me after the refresh', client.get('/v1/auth/me', next.token));
  await notes.take('refresh with the same token', client.refresh(refreshToken));
  await notes.take('refresh with the new token', client.refresh(next.refreshToken));
  await notes.take('refresh with an access token', client.refresh(token));
  await notes.take('refresh without a token', client.post('/v1/auth/refresh'));
  await notes.take('me with a refresh token', client.get('/v1/auth/me', next.refreshToken));
}

async function social(client: Client, notes: Notes): Promise<void> {
  await notes.take('social sign-in', client.social('ida'));
  const { token } = await notes.take('social sign-in, again', client.social('ida'));
  await notes.take('me after a social sign-in', client.get('/v1/auth/me', token));
  await notes.take('social sign-in with a forged token', client.social('ida', 'of another user'));
}

async function change(client: Client, notes: Notes): Promise<void> {
  const id = await client.add('lin@example.com');
  const first = await tokensOf(client.login('lin@example.com'));
  const second = await tokensOf(client.login('lin@example.com'));
  await client.accounts.update(id, { role: 'admin' });
  await notes.take('users, promoted since the sign-in', client.get('/v1/users', first.token));
  await client.accounts.update(id, { role: 'user' });
  await notes.take('log out', client.post('/v1/auth/logout', {}, first.token));
  await notes.take('refresh after the log-out', client.refresh(first.refreshToken));
  await notes.take('me after the log-out', client.get('/v1/auth/me', first.token));
  await notes.take('me on another device', client.get('/v1/auth/me', second.token));
  await client.accounts.update(id, { confirmed: false });
  await notes.take('me, deactivated since the sign-in', client.get('/v1/auth/me', second.token));
}
