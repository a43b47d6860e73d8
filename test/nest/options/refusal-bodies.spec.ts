// The one option that decides shape and language of every refusal in http.
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthModule,
  ERROR_TABLE,
  type AuthModuleOptions,
  type ErrorResponseOptions,
  type Refusal,
} from 'nestjs-latchkey';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ADAPTERS, SILENT, startApplication } from '../../support/applications.js';
import { startRecordingApp, type RecordingApp } from '../../support/recording-app.js';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function start(adapter: 'express' | 'fastify', errors: ErrorResponseOptions): Promise<RecordingApp> {
  const app = await startRecordingApp(adapter, { errors });
  open.push(app);
  return app;
}

const WORDS: Readonly<Record<string, string>> = { unauthenticated: 'Bitte melden Sie sich an.' };

const circle: { self?: object } = {};
circle.self = circle;

const german: ErrorResponseOptions = {
  realm: 'shop',
  body: ({ status, errorCode, message, problems }, { request }) => ({
    ok: false,
    code: errorCode,
    text: request?.headerLines('accept-language')[0] === 'de' ? (WORDS[errorCode] ?? message) : message,
    status,
    problems,
  }),
};

describe.each(ADAPTERS)('errors.body on %s', (adapter) => {
  it('builds the body of guard refusals, in the language of the request', async () => {
    const { fetch } = await start(adapter, german);
    const answer = await fetch('/me', { headers: { 'accept-language': 'de' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="shop"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({
      ok: false,
      code: 'unauthenticated',
      text: 'Bitte melden Sie sich an.',
      status: 401,
    });
  });

  it('builds the body of refusals of ready-made controllers, with our status and headers', async () => {
    const app = await start(adapter, german);
    const wrongShape = await app.post('/auth/token', { username: 'ada' });
    expect(wrongShape.status).toBe(400);
    expect(await wrongShape.json()).toMatchObject({
      ok: false,
      code: 'invalid_request',
      problems: expect.arrayContaining([expect.stringContaining('password')]),
    });
    app.people.down = true;
    const down = await app.post('/auth/token', { username: 'ada', password: 'x' });
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await down.json()).toMatchObject({ ok: false, code: 'users_unavailable', status: 503 });
  });

  it('cannot change the status, or see an exact code that clients must not see', async () => {
    const seen: Refusal[] = [];
    const app = await start(adapter, { body: (refusal) => (seen.push(refusal), { statusCode: 200 }) });
    const { accessToken } = await app.signIn();
    app.people.all.delete('ada');
    const answer = await app.fetch('/me', { headers: { authorization: `Bearer ${accessToken}` } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(seen).toMatchObject([{ status: 401, errorCode: 'token_invalid', error: 'Unauthorized' }]);
    expect(JSON.stringify(seen)).not.toContain('user_not_found');
  });

  it('cannot change the status by an object that an adapter would interpret', async () => {
    const app = await start(adapter, { body: () => new Response('welcome', { status: 200 }) });
    const answer = await app.fetch('/me');
    expect([answer.status, await answer.json()]).toEqual([401, {}]);
  });

  it.each<[string, ErrorResponseOptions['body']]>([
    ['throws', () => JSON.parse('{') as object],
    ['answers later', async () => ({})],
    ['answers with a text', () => 'no' as never],
    ['answers with a list', () => []],
    ['returns what is not JSON', () => ({ at: 1n })],
    ['answers with a circle', () => circle],
    ['answers with nothing to send', () => ({ toJSON: () => undefined })],
  ])('that %s results in the usual body, and a log line', async (_, body) => {
    const app = await start(adapter, { body: body ?? (() => ({})) });
    const answer = await app.fetch('/me');
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ statusCode: 401, errorCode: 'unauthenticated' });
    expect(app.logged.filter((line) => line.includes('errors.body'))).toHaveLength(1);
  });
});

describe('errors.body', () => {
  it('must be a function, or the application does not start', async () => {
    const options = { errors: { body: 'mine' } } as unknown as AuthModuleOptions;
    const boot = startApplication('fastify', { imports: [AuthModule.forRoot(options)], log: SILENT });
    await expect(boot).rejects.toThrow(/errors\.body is 'mine'; accepted is a function/);
  });

  it('removes the usual body from OpenAPI', async () => {
    const { app } = await start('fastify', german);
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, config));
    expect(document.components?.schemas?.['AuthErrorBody']).toEqual({ type: 'object', description: 'A refusal.' });
  });
});

const authorized = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe.each(ADAPTERS)("errors.detail: 'generic' on %s", (adapter) => {
  it('gives every refused credential the same body, and keeps the exact code for events', async () => {
    const app = await start(adapter, { detail: 'generic' });
    const { accessToken, refreshToken } = await app.signIn();
    app.people.all.delete('ada');
    const tokens = ['x', refreshToken, accessToken];
    const answers = await Promise.all(tokens.map((token) => app.fetch('/me', authorized(token))));
    answers.push(await app.fetch('/me'), await app.post('/auth/token', { username: 'ada', password: 'x' }));
    for (const answer of answers) {
      expect(await answer.json()).toEqual({
        statusCode: 401,
        message: 'Sign in to use this resource.',
        error: 'Unauthorized',
        errorCode: 'unauthenticated',
      });
    }
    const codes = app.events.flatMap((event) => ('code' in event ? [event.code] : []));
    expect(codes).toEqual(
      expect.arrayContaining(['token_malformed', 'wrong_token_type', 'user_not_found', 'invalid_credentials']),
    );
  });

  it('keeps the challenge of the protocol, without a description of the reason', async () => {
    const app = await start(adapter, { detail: 'generic' });
    const { headers } = await app.fetch('/me', authorized('x'));
    expect(headers.get('www-authenticate')).toBe('Bearer realm="api", error="invalid_token"');
  });

  it('holds for every status, in problem details and for a body of the application', async () => {
    const problem = await start(adapter, { detail: 'generic', format: 'problem' });
    problem.people.down = true;
    const down = await problem.post('/auth/token', { username: 'ada', password: 'x' });
    expect(await down.json()).toMatchObject({ status: 503, errorCode: 'scheme_unavailable' });
    const seen: Refusal[] = [];
    const own = await start(adapter, { detail: 'generic', body: (refusal) => (seen.push(refusal), {}) });
    await own.fetch('/me', authorized('x'));
    await own.post('/auth/token', { username: 'ada' });
    expect(seen).toMatchObject([
      { errorCode: 'unauthenticated', message: 'Sign in to use this resource.' },
      { errorCode: 'invalid_request', problems: expect.arrayContaining([expect.stringContaining('password')]) },
    ]);
  });

  it('is what the OpenAPI document says', async () => {
    const { app } = await start(adapter, { detail: 'generic' });
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    const schema = document.components?.schemas?.['AuthErrorBody'] as unknown as {
      properties: { errorCode: { enum: string[] } };
    };
    const codes = schema.properties.errorCode.enum;
    const statuses = codes.map((code) => ERROR_TABLE[code as keyof typeof ERROR_TABLE].status);
    expect(statuses).toEqual([400, 401, 403, 413, 415, 429, 500, 503]);
  });
});

describe.each(ADAPTERS)('errors.challenges: false on %s', (adapter) => {
  it('leaves WWW-Authenticate out of answers and document, and nothing else', async () => {
    const app = await start(adapter, { challenges: false });
    for (const init of [{}, authorized('x')]) {
      const answer = await app.fetch('/me', init);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBeNull();
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    const document = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, new DocumentBuilder().build()));
    expect(JSON.stringify(document)).not.toContain('WWW-Authenticate');
    expect(JSON.stringify(document)).toContain('Retry-After');
  });
});
