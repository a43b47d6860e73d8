// Drives everything that the library does, well and badly, and keeps what was secret in it and how it was refused.
import { TokenFactory } from 'nestjs-latchkey/testing';
import { CookieJar, type Sending } from './cookie-jar.js';
import { PASSWORD, secrets, type SecretsApp } from './secrets-app.js';
import { readAnswer, sendLines, type RawAnswer } from './raw-http.js';

export interface Refused {
  readonly request: string;
  readonly answer: RawAnswer;
}

export class SecretsFlows {
  readonly refusals: Refused[] = [];
  /** The number of responses by status, so that a test can check that the flows took place. */
  readonly statuses = new Map<number, number>();

  constructor(private readonly app: SecretsApp) {}

  async driveAll(): Promise<void> {
    await this.tokens();
    await this.badSignIns();
    await this.badTokens();
    await this.badRequests();
    await this.cookies();
    await this.sessions();
    await this.foreign();
    await this.outages();
    await this.keys();
  }

  private async tokens(): Promise<void> {
    const first = await this.signIn();
    const staff = await this.signIn('grace');
    await this.get('/doors', first.access);
    await this.get('/doors/scoped', first.access);
    await this.get('/doors/machines', first.access);
    await this.get('/doors/broken', first.access);
    await this.get('/auth/devices', first.access);
    for (const token of [first.access, first.refresh, staff.access]) {
      await this.post('/auth/token/verify', { token });
      await this.post('/auth/token/introspect', { token }, { authorization: `Bearer ${staff.access}` });
    }
    const second = await this.refresh(first.refresh);
    await this.refresh(first.refresh);
    this.app.clock.advance('1m');
    await this.refresh(first.refresh);
    await this.refresh(second?.refresh ?? '');
    await this.get('/doors', first.access);
    await this.post('/auth/token/revoke', { token: staff.access });
    await this.get('/doors', staff.access);
    await this.post('/auth/token/revoke', { token: staff.refresh });
    await this.refresh(staff.refresh);
    const third = await this.signIn();
    await this.send('/auth/devices', { method: 'DELETE', headers: { authorization: `Bearer ${third.access}` } });
    this.app.clock.advance('20m');
    await this.get('/doors', third.access);
  }

  private async badSignIns(): Promise<void> {
    const wrong = secrets.make('wrong-password');
    const bodies: readonly unknown[] = [
      { username: 'ada', password: wrong },
      // Users type their password into the field of the user name.
      { username: PASSWORD, password: wrong },
      { username: 'lin', password: PASSWORD },
      { username: 'ada', password: { [wrong]: PASSWORD } },
      { username: [PASSWORD], password: wrong },
      { username: 'ada', password: PASSWORD.repeat(100) },
      { [PASSWORD]: wrong },
      PASSWORD,
      [PASSWORD, wrong],
    ];
    for (const body of bodies) await this.post('/auth/token', body);
    for (const path of ['/auth/cookie/login', '/auth/session/login'])
      for (const body of bodies) await this.browse(new CookieJar(this.app), path, { method: 'POST', csrf: true, body });
    const unreadable = [
      `{"username":"ada","password":"${PASSWORD}"`,
      `username=ada&password=${PASSWORD}`,
      `\u0000${PASSWORD}`,
    ];
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
      for (const body of unreadable)
        await this.send('/auth/token', { method: 'POST', headers: { 'content-type': type }, body });
  }

  private async badTokens(): Promise<void> {
    const factory = TokenFactory.of(this.app.app);
    const mark = secrets.make('claim-of-a-bad-token');
    const { access } = await this.signIn();
    const made = [
      ...(await factory.refused('ada')).map(({ token }) => token),
      await factory.valid('ada', { claims: { exp: mark } }),
      await factory.valid('ada', { claims: { scope: [mark] } }),
      await factory.valid('eve', { claims: { email: mark } }),
      await factory.valid('ada', { claims: { iss: mark } }),
      await factory.valid('ada', { claims: { sub: undefined, email: mark } }),
      await factory.valid('ada', { header: { jku: `https://${mark}.test`, typ: mark } }),
      await factory.otherKey('ada', { header: { cty: mark } }),
      `${access}.${mark}`,
      `${access.slice(0, -10)}`,
      `${access}${mark.repeat(300)}`,
      mark,
    ];
    for (const token of made) {
      secrets.add('bad token', token);
      await this.get('/doors', token);
      await this.get('/doors/optional', token);
      for (const path of ['verify', 'revoke']) await this.post(`/auth/token/${path}`, { token });
      await this.refresh(token);
      const jar = new CookieJar(this.app);
      jar.plant('__Host-access', token);
      await this.browse(jar, '/doors');
      jar.plant('__Secure-refresh', token, '/auth/cookie');
      await this.browse(jar, '/auth/cookie/refresh', { method: 'POST', csrf: true });
      await this.browse(jar, '/auth/cookie/logout', { method: 'POST', csrf: true });
    }
  }

  private async badRequests(): Promise<void> {
    const { access } = await this.signIn();
    const mark = secrets.make('odd-header');
    const lines = [
      [`Authorization: Bearer ${access}`, `Authorization: Bearer ${mark}`],
      [`Authorization: Basic ${mark}`],
      [`Authorization: ${mark}`],
      [`Authorization: Bearer ${mark} ${access}`],
      [`Authorization: Bearer "${mark}"`],
      [`Cookie: __Host-access=${access}; __Host-access=${mark}`],
      [`Cookie: __Host-access=%00${mark}`],
      [`Cookie: sid=${mark}`],
      [`Cookie: __Host-csrf=${mark}`, `X-CSRF-Token: ${mark}`],
    ];
    for (const headers of lines) {
      for (const first of ['GET /doors HTTP/1.1', `GET /doors?access_token=${access} HTTP/1.1`, 'POST /doors HTTP/1.1'])
        this.keep(first, await sendLines(this.app.url, [first, ...headers, 'Content-Length: 0']));
    }
  }

  private async cookies(): Promise<void> {
    const jar = new CookieJar(this.app);
    const credentials = { username: 'ada', password: PASSWORD };
    await this.browse(jar, '/auth/cookie/login', { method: 'POST', body: credentials });
    await this.browse(jar, '/auth/cookie/login', { method: 'POST', csrf: true, body: credentials });
    await this.browse(jar, '/doors');
    await this.browse(jar, '/doors', { method: 'POST' });
    await this.browse(jar, '/doors', { method: 'POST', headers: { 'x-csrf-token': secrets.make('csrf-header') } });
    await this.browse(jar, '/doors', { method: 'POST', csrf: true, headers: { origin: 'https://evil.test' } });
    await this.browse(jar, '/doors', { method: 'POST', csrf: true });
    const old = jar.copy();
    await this.browse(jar, '/auth/cookie/refresh', { method: 'POST', csrf: true });
    this.app.clock.advance('1m');
    await this.browse(old, '/auth/cookie/refresh', { method: 'POST', csrf: true });
    await this.browse(jar, '/doors');
    await this.browse(jar, '/auth/cookie/logout', { method: 'POST', csrf: true });
  }

  private async sessions(): Promise<void> {
    const jar = new CookieJar(this.app);
    const credentials = { username: 'ada', password: PASSWORD };
    await this.browse(jar, '/auth/session/login', { method: 'POST', body: credentials });
    await this.browse(jar, '/auth/session/login', { method: 'POST', csrf: true, body: credentials });
    await this.browse(jar, '/doors');
    await this.browse(jar, '/doors', { method: 'POST' });
    // A cookie of another user beside a live session.
    const { access } = await this.signIn('grace');
    const torn = jar.copy();
    torn.plant('__Host-access', access);
    await this.browse(torn, '/doors');
    torn.plant('__Host-access', `${access}x`);
    await this.browse(torn, '/doors');
    const left = jar.copy();
    await this.browse(jar, '/auth/session/logout', { method: 'POST', csrf: true });
    await this.browse(left, '/doors');
  }

  private async foreign(): Promise<void> {
    const { issuer, clock } = this.app;
    const mark = secrets.make('foreign-claim');
    const token = await issuer.tokens.valid('eve', { claims: { email: mark } });
    secrets.add('foreign token', token);
    await this.get('/doors/machines', token);
    await this.get('/doors/machines', await issuer.tokens.tampered('eve', { claims: { email: mark } }));
    for (const failure of ['unavailable', 'malformed', 'disconnected'] as const) {
      issuer.fail(failure);
      clock.advance('2m');
      await this.get('/doors/machines', token);
    }
    issuer.recover();
    await issuer.rotate();
    clock.advance('2m');
    await this.get('/doors/machines', token);
  }

  private async outages(): Promise<void> {
    const { people, store, clock } = this.app;
    const pair = await this.signIn();
    const jar = new CookieJar(this.app);
    await this.browse(jar, '/auth/session/login', {
      method: 'POST',
      csrf: true,
      body: { username: 'ada', password: PASSWORD },
    });
    for (const part of [people, store]) {
      part.down = true;
      for (let again = 0; again < 3; again += 1) {
        await this.get('/doors', pair.access);
        await this.refresh(pair.refresh);
        await this.browse(jar, '/doors');
        await this.post('/auth/token', { username: 'ada', password: PASSWORD });
        await this.post('/auth/token/revoke', { token: pair.access });
        await this.post('/auth/token/verify', { token: pair.access });
      }
      part.down = false;
      clock.advance('5s');
    }
  }

  private async keys(): Promise<void> {
    const { keys, ownKeys } = this.app;
    const mark = secrets.make('broken-key');
    const broken: readonly (() => never)[] = [
      () => {
        throw new Error(`The vault said ${mark}.`);
      },
      // What comes from outside has any shape.
      () => ({ current: `-----BEGIN PRIVATE KEY-----\n${mark}\n-----END PRIVATE KEY-----` }) as never,
      () => ({ current: { kty: 'EC', crv: 'P-256', x: mark, y: mark, d: mark } }) as never,
      () => ({ current: mark }) as never,
    ];
    for (const next of broken) {
      keys.next = next;
      await ownKeys.reload();
    }
    keys.next = undefined;
    await ownKeys.reload();
  }

  private async signIn(username = 'ada'): Promise<{ readonly access: string; readonly refresh: string }> {
    const pair = await this.post('/auth/token', { username, password: PASSWORD });
    if (pair === undefined) throw new Error(`${username} could not sign in.`);
    return pair;
  }

  private refresh(token: string) {
    return this.post('/auth/token/refresh', { refresh_token: token });
  }

  private get(path: string, token: string): Promise<unknown> {
    return this.send(path, { headers: { authorization: `Bearer ${token}` } });
  }

  private post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const json = { 'content-type': 'application/json', ...headers };
    return this.send(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  }

  /** Sends, and keeps what came back: new tokens among the secrets, a refusal among the refusals. */
  private async send(path: string, init: RequestInit) {
    const answer = await readAnswer(await this.app.fetch(path, init));
    this.keep(`${init.method ?? 'GET'} ${path}`, answer);
    const { access_token: access, refresh_token: refresh } = membersOf(answer.body);
    if (access === undefined || refresh === undefined) return undefined;
    secrets.add('access token', access);
    secrets.add('refresh token', refresh);
    return { access, refresh };
  }

  private async browse(jar: CookieJar, path: string, sending: Sending = {}): Promise<void> {
    const answer = await readAnswer(await jar.send(path, sending));
    this.keep(`${sending.method ?? 'GET'} ${path}`, answer);
    for (const [name, { value }] of jar.cookies) secrets.add(`cookie ${name}`, value);
  }

  private keep(request: string, answer: RawAnswer): void {
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status >= 400) this.refusals.push({ request, answer });
  }
}

function membersOf(body: string): Readonly<Record<string, string>> {
  try {
    return { ...(JSON.parse(body) as Record<string, string>) };
  } catch {
    return {};
  }
}
