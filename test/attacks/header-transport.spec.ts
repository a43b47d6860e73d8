// Attacks on the Authorization header, over raw sockets.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule } from 'nestjs-latchkey';
import { ADAPTERS, startApplication } from '../support/applications.js';
import { challengeOf, codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { sendBytes, sendLines, type RawAnswer } from '../support/raw-http.js';

/** U0, UT and BR of the list. */
const NOTHING_SENT = 'Bearer';
const INVALID_TOKEN = /^Bearer error="invalid_token"/;
const INVALID_REQUEST = /^Bearer error="invalid_request"/;

const subjectOf = ({ body }: RawAnswer): unknown => (JSON.parse(body) as { subject: unknown }).subject;

function expectSubject(answer: RawAnswer, subject: string): void {
  expect([answer.status, subjectOf(answer)]).toEqual([200, subject]);
}

/** A body in chunks, with a header line in front of it or a trailer line behind it. */
async function sendChunked(url: string, lines: { header?: string; trailer?: string }): Promise<RawAnswer> {
  const { header = 'X-Nothing: here', trailer = 'X-Nothing: there' } = lines;
  const head = ['POST /me/echo/x HTTP/1.1', 'Host: app.test', 'Transfer-Encoding: chunked', 'Connection: close'];
  const body = ['2', '{}', '0', trailer, '', ''];
  const request = [...head, 'Trailer: Authorization', 'Content-Type: application/json', header, '', ...body];
  const [answer] = await sendBytes(url, request.join('\r\n'));
  if (answer === undefined) throw new Error('No answer came.');
  return answer;
}

describe.each(ADAPTERS)('the Authorization header on %s', (adapter) => {
  let app: RecordingApp;
  let good: string;
  let other: string;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { cookies: {} });
    good = (await app.signIn('ada')).accessToken;
    other = (await app.signIn('grace')).accessToken;
  });
  afterAll(() => app.close());

  const get = (...headers: readonly string[]): Promise<RawAnswer> =>
    sendLines(app.url, ['GET /me HTTP/1.1', ...headers]);

  async function expectNothingSent(send: () => Promise<RawAnswer>): Promise<void> {
    const answer = await expectRefusal(app, send, { secrets: [good] });
    expect([answer.status, challengeOf(answer), codeOf(answer)]).toEqual([401, NOTHING_SENT, 'unauthenticated']);
  }

  async function expectInvalid(send: () => Promise<RawAnswer>, code = 'malformed_header'): Promise<void> {
    const answer = await expectRefusal(app, send, { secrets: [good, other] });
    expect([answer.status, codeOf(answer)]).toEqual([401, code]);
    expect(challengeOf(answer)).toMatch(INVALID_TOKEN);
  }

  it('a request without it is refused with a bare challenge, and a valid one is accepted', async () => {
    await expectNothingSent(() => get());
    expectSubject(await get(`Authorization: Bearer ${good}`), 'ada');
  });

  it.each(['Bearer', 'Bearer ', 'Bearer\t', 'bearer', 'BEARER  '])('%j without a token is malformed', async (value) => {
    await expectInvalid(() => get(`Authorization: ${value}`));
    expectSubject(await get(`Authorization: ${value.trim()} ${good}`), 'ada');
  });

  it.each([' ', '  ', '        '])('%j between scheme and token is accepted', async (spaces) => {
    expectSubject(await get(`Authorization: Bearer${spaces}${good}`), 'ada');
  });

  it.each([
    ['junk behind', () => `Bearer ${good} junk`],
    ['junk before', () => `Bearer junk ${good}`],
    ['two credentials', () => `Bearer ${good}, Bearer ${other}`],
    ['a comma behind', () => `Bearer ${good},`],
    ['a tab between', () => `Bearer\t${good}`],
    ['the scheme twice', () => `Bearer Bearer ${good}`],
  ])('a header with %s is malformed, never truncated to a valid token', async (_, value) => {
    await expectInvalid(() => get(`Authorization: ${value()}`));
  });

  it.each(['Bearer', 'XBearer ', 'Basic ', 'Token ', 'JWT '])('%j is not a bearer credential', async (prefix) => {
    await expectNothingSent(() => get(`Authorization: ${prefix}${good}`));
  });

  it.each(['Bearer:', 'Bearer=', 'Bearer\u00a0', 'Bearer"', 'Bearer/'])(
    '%j is a malformed bearer credential',
    async (prefix) => {
      await expectInvalid(() => get(`Authorization: ${prefix}${good}`));
    },
  );

  it.each([
    ['good and good', () => [good, good]],
    ['good and another good', () => [good, other]],
    ['good and bad', () => [good, 'bad']],
    ['bad and good', () => ['bad', good]],
  ])('two lines, %s, are ambiguous', async (_, tokens) => {
    const lines = tokens().map((token) => `Authorization: Bearer ${token}`);
    const answer = await expectRefusal(app, () => get(...lines), { secrets: [good, other] });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'ambiguous_credentials']);
    expect(challengeOf(answer)).toMatch(INVALID_REQUEST);
  });

  it('another scheme on a second line is ambiguous too, and alone is not a credential', async () => {
    const answer = await expectRefusal(app, () => get(`Authorization: Bearer ${good}`, 'authorization: Basic YTpi'));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'ambiguous_credentials']);
    await expectNothingSent(() => get('Authorization: Basic YTpi'));
  });

  it.each([900, 1000, 1500, 2001])('a second line behind %d others is never overlooked', async (count) => {
    const many = Array.from({ length: count }, () => 'a:');
    const [first, last] = [`Authorization: Bearer ${good}`, `Authorization: Bearer ${other}`];
    const answer = await expectRefusal(app, () => get(first, ...many, last), {
      beforeUs: true,
      secrets: [good, other],
    });
    expect([400, 431]).toContain(answer.status);
  });

  it('many other lines do no harm', async () => {
    const many = Array.from({ length: 100 }, () => 'a: b');
    expectSubject(await get(`Authorization: Bearer ${good}`, ...many), 'ada');
  });

  it('a request smuggled with two content lengths is never served', async () => {
    const smuggled = `GET /me HTTP/1.1\r\nHost: app.test\r\nAuthorization: Bearer ${good}\r\n\r\n`;
    const bytes = [
      'POST /me/echo/x HTTP/1.1',
      'Host: app.test',
      `Content-Length: ${smuggled.length + 5}`,
      'Transfer-Encoding: chunked',
      '',
      `0\r\n\r\n${smuggled}`,
    ].join('\r\n');
    const handled = app.probe.handled;
    const answers = await sendBytes(app.url, bytes);
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(app.probe.handled).toBe(handled);
  });

  it.each([
    ['the query', (token: string) => [`GET /me?access_token=${token} HTTP/1.1`]],
    ['the path', (token: string) => [`GET /me/echo/${token} HTTP/1.1`]],
    ['a header of another name', (token: string) => ['GET /me HTTP/1.1', `X-Access-Token: Bearer ${token}`]],
    ['the proxy header', (token: string) => ['GET /me HTTP/1.1', `Proxy-Authorization: Bearer ${token}`]],
  ])('a token in %s is not read', async (_, request) => {
    await expectNothingSent(() => sendLines(app.url, request(good)));
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', (token: string) => `access_token=${token}`],
    [
      'JSON',
      'application/json',
      (token: string) => JSON.stringify({ access_token: token, authorization: `Bearer ${token}` }),
    ],
  ])('a token in a body of %s is not read', async (_, type, body) => {
    const send = (...headers: readonly string[]): Promise<RawAnswer> => {
      const length = `Content-Length: ${body(good).length}`;
      const lines = ['POST /me/echo/x HTTP/1.1', `Content-Type: ${type}`, length, ...headers];
      return sendLines(app.url, lines, body(good));
    };
    await expectNothingSent(() => send());
    expect((await send(`Authorization: Bearer ${good}`)).status).toBe(200);
  });

  it('a valid header takes precedence over a valid cookie, and the event reports both', async () => {
    app.events.length = 0;
    const answer = await get(`Authorization: Bearer ${good}`, `Cookie: __Host-access=${other}`);
    expectSubject(answer, 'ada');
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: 'attempt', outcome: 'success', conflicting: true }),
    );
  });

  it('an invalid header is final, also beside a valid cookie', async () => {
    await expectInvalid(() => get('Authorization: Bearer bad', `Cookie: __Host-access=${other}`), 'token_malformed');
  });

  it('a header with another scheme leaves the decision to the cookie', async () => {
    expectSubject(await get('Authorization: Basic YTpi', `Cookie: __Host-access=${other}`), 'grace');
  });

  it('a trailer is not read as a header', async () => {
    const line = `Authorization: Bearer ${good}`;
    await expectNothingSent(() => sendChunked(app.url, { trailer: line }));
    expect((await sendChunked(app.url, { header: line })).status).toBe(200);
  });

  it('a token of 9 KiB is refused by the library, a header of 17 KiB by Node', async () => {
    await expectInvalid(() => get(`Authorization: Bearer ${'a'.repeat(9 * 1024)}`), 'token_malformed');
    await expectInvalid(() => get(`Authorization: Bearer ${'a'.repeat(9 * 1024)}.a.a`), 'token_too_large');
    const long = `Authorization: Bearer ${'a'.repeat(17 * 1024)}`;
    expect((await expectRefusal(app, () => get(long), { beforeUs: true })).status).toBe(431);
  });

  it('no state is carried over from one request of a connection to the next', async () => {
    const requests = ['bad', good, 'bad', other].map((token) => [
      'GET /me HTTP/1.1',
      'Host: app.test',
      `Authorization: Bearer ${token}`,
    ]);
    requests.at(-1)?.push('Connection: close');
    const answers = await sendBytes(app.url, requests.map((lines) => `${lines.join('\r\n')}\r\n\r\n`).join(''));
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 401, 200]);
    expect(answers.filter(({ status }) => status === 200).map(subjectOf)).toEqual(['ada', 'grace']);
  });
});

describe.each(ADAPTERS)('the challenge on %s', (adapter) => {
  it('escapes quotes and backslashes in the realm', async () => {
    const app = await startRecordingApp(adapter, { errors: { realm: 'a"b\\c' } });
    const answer = await sendLines(app.url, ['GET /me HTTP/1.1']);
    expect(answer.headers.get('www-authenticate')).toEqual([String.raw`Bearer realm="a\"b\\c"`]);
    await app.close();
  });

  it.each(['a\r\nSet-Cookie: x=y', 'a\nb', 'a\rb', 'a\0b'])('cannot be configured with %j', async (realm) => {
    const start = startApplication(adapter, { imports: [AuthModule.forRoot({ errors: { realm } })] });
    await expect(start).rejects.toThrow('errors.realm');
  });
});
