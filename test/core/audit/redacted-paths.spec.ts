// The ready list of names, held against Nest's own logger.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { REDACTED_PATHS } from 'nestjs-latchkey/events';

const SECRET = 'correct-horse-battery-staple';

/** What an application may log without thinking, each with one secret in it. */
const LOGGED: readonly (readonly [string, object])[] = [
  ['request headers', { headers: { Authorization: `Bearer ${SECRET}`, accept: '*/*' } }],
  ['a cookie header', { req: { headers: { cookie: `access=${SECRET}` } } }],
  ['parsed cookies', { req: { cookies: { '__Host-access': SECRET } } }],
  ['signed cookies', { req: { signedCookies: { sid: SECRET } } }],
  ['headers as they came', { req: { rawHeaders: ['authorization', `Bearer ${SECRET}`] } }],
  ['the headers of an answer', { res: { headers: { 'set-cookie': [`access=${SECRET}; HttpOnly`] } } }],
  ['the id of a session', { req: { sessionID: SECRET } }],
  ['a CSRF header', { headers: { 'X-CSRF-Token': SECRET } }],
  ['an answer with a CSRF token', { csrfToken: SECRET }],
  ['the body of a sign-in', { body: { username: 'ada', password: SECRET } }],
  ['the body of a refresh', { body: { refresh_token: SECRET } }],
  ['the body of a revocation', { body: { token: SECRET } }],
  ['the answer to a sign-in', { access_token: SECRET, token_type: 'Bearer' }],
  ['a token pair', { pair: { accessToken: SECRET, refreshToken: SECRET, expiresIn: 900 } }],
  ['a principal', { auth: { subject: { id: 'ada' }, claims: { salary: SECRET } } }],
  ['a row of a user table', { user: { id: 'ada', password_hash: SECRET, passwordHash: SECRET } }],
  [
    'the options of the module',
    { options: { issuer: 'https://app.test', keys: { current: { kty: 'EC', d: SECRET } } } },
  ],
  ['the secret of the CSRF defence', { csrf: { secret: SECRET } }],
  ['a failed request to another service', { config: { headers: { AUTHORIZATION: `Bearer ${SECRET}` } } }],
];

function linesOf(log: (logger: ConsoleLogger) => void, json: boolean): string {
  const lines: string[] = [];
  const keep = (line: unknown): boolean => lines.push(String(line)) > 0;
  jest.spyOn(process.stdout, 'write').mockImplementation(keep);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep);
  jest.spyOn(console, 'log').mockImplementation(keep);
  log(new ConsoleLogger({ json, colors: false, redact: [...REDACTED_PATHS] }));
  jest.restoreAllMocks();
  return lines.join('\n');
}

describe.each([
  ['text', false],
  ['JSON', true],
] as const)("REDACTED_PATHS in Nest's logger, as %s", (_, json) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each(LOGGED)('masks the secret in %s', (_, logged) => {
    const lines = linesOf((logger) => logger.log(logged), json);
    expect(lines).toContain('[REDACTED]');
    expect(lines).not.toContain(SECRET);
  });

  it('masks a secret in the cause of an error', () => {
    const error = new Error('The call failed.', { cause: { headers: { authorization: SECRET } } });
    expect(linesOf((logger) => logger.error({ error }), json)).not.toContain(SECRET);
  });

  it('leaves operational fields visible', () => {
    const lines = linesOf(
      (logger) => logger.warn({ kid: 'k1', issuer: 'https://app.test', code: 'token_expired' }),
      json,
    );
    for (const told of ['k1', 'https://app.test', 'token_expired']) expect(lines).toContain(told);
    expect(lines).not.toContain('[REDACTED]');
  });
});
