// The documented responses of the ready-made cookie, session and CSRF routes are those that the routes send.
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, type AdapterName, type RunningApplication } from '../support/applications.js';
import { PASSWORD, SESSION_COOKIE, startBrowserApp, type BrowserAppOptions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';

const ADA = { username: 'ada', password: PASSWORD };
const ERROR = { schema: { $ref: '#/components/schemas/AuthErrorBody' } };

interface Operation {
  readonly parameters: readonly object[];
  readonly security: readonly object[];
  readonly responses: Readonly<
    Record<string, { headers?: Record<string, { description: string }>; content?: Record<string, unknown> }>
  >;
}

async function documentOf(
  adapter: AdapterName,
  options: BrowserAppOptions = {},
): Promise<readonly [OpenAPIObject, RunningApplication]> {
  const running = await startBrowserApp(adapter, options);
  const config = new DocumentBuilder().setTitle('Test').setOpenAPIVersion('3.1.0').build();
  const create = (): OpenAPIObject => SwaggerModule.createDocument(running.app, config);
  const document = describeAuth(running.app, create, { sessionCookieName: SESSION_COOKIE });
  // As a client reads it.
  return [JSON.parse(JSON.stringify(document)) as OpenAPIObject, running];
}

function operation({ paths }: OpenAPIObject, method: string, path: string): Operation {
  const item = paths[path] as unknown as Readonly<Record<string, Operation>> | undefined;
  const found = item?.[method];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document.`);
  return found;
}

/** The cookies that the document names for the answer. */
function documentedCookies({ responses }: Operation, status: number): readonly string[] {
  const { description = '' } = responses[status]?.headers?.['Set-Cookie'] ?? {};
  return [...description.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).toSorted();
}

const cookiesOf = (answer: Response): readonly string[] =>
  answer.headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf('=')))
    .toSorted();

const PATHS = /^\/auth\/(cookie|session|csrf)/;

describe.each(ADAPTERS)('the routes for browsers in the OpenAPI document on %s', (adapter) => {
  let document: OpenAPIObject;
  let running: RunningApplication;
  beforeAll(async () => {
    [document, running] = await documentOf(adapter);
  });
  afterAll(() => running.close());

  it('are valid OpenAPI 3.1.0', async () => {
    const copy = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
    expect(await new Validator().validate(copy)).toMatchObject({ valid: true });
  });

  it('list the responses of each route, with the one body of every refusal', () => {
    const statuses = Object.entries(document.paths)
      .filter(([path]) => PATHS.test(path))
      .flatMap(([path, item]) =>
        Object.entries(item as unknown as Record<string, Operation>).map(([method, { responses }]) => {
          for (const [status, { content }] of Object.entries(responses)) {
            if (Number(status) >= 400) expect(content).toEqual({ 'application/json': ERROR });
          }
          return `${method} ${path} ${Object.keys(responses).join(' ')}`;
        }),
      );
    expect(statuses.toSorted()).toEqual([
      'get /auth/csrf 200 503',
      'post /auth/cookie/login 204 400 401 403 413 415 429 503',
      'post /auth/cookie/logout 204 400 403 413 415 429 503',
      'post /auth/cookie/refresh 204 400 401 403 413 415 429 503',
      'post /auth/session/login 204 400 401 403 413 415 429 503',
      'post /auth/session/logout 204 400 403 413 415 429 503',
    ]);
  });

  it('require the CSRF header by its name and no credential, except the route that returns it', () => {
    for (const path of ['cookie/login', 'cookie/refresh', 'cookie/logout', 'session/login', 'session/logout']) {
      const { parameters, security } = operation(document, 'post', `/auth/${path}`);
      const header = { name: 'x-csrf-token', in: 'header', required: true, schema: { type: 'string' } };
      expect([path, parameters, security]).toEqual([path, [expect.objectContaining(header)], []]);
    }
    expect(operation(document, 'get', '/auth/csrf').parameters).toEqual([]);
  });

  it('describe the token for a page', async () => {
    const { content } = operation(document, 'get', '/auth/csrf').responses['200'] ?? {};
    const schema = { type: 'object', properties: { csrfToken: { type: 'string' } }, required: ['csrfToken'] };
    expect(content).toEqual({ 'application/json': { schema } });
    expect(Object.keys((await (await running.fetch('/auth/csrf')).json()) as object)).toEqual(schema.required);
  });

  it.each(['cookie', 'session'] as const)('name the cookies that the %s routes really set', async (kind) => {
    const jar = new CookieJar(running);
    const said = (name: string) => documentedCookies(operation(document, 'post', `/auth/${kind}/${name}`), 204);
    const csrf = documentedCookies(operation(document, 'get', '/auth/csrf'), 200);
    expect(cookiesOf(await jar.send('/auth/csrf'))).toEqual(csrf);
    expect(cookiesOf(await jar.post(`/auth/${kind}/login`, ADA))).toEqual(said('login'));
    if (kind === 'cookie') expect(cookiesOf(await jar.post('/auth/cookie/refresh'))).toEqual(said('refresh'));
    const ended = cookiesOf(await jar.post(`/auth/${kind}/logout`)).filter((name) => name !== SESSION_COOKIE);
    expect(ended).toEqual(said('logout'));
  });

  it('refuse as documented', async () => {
    const jar = new CookieJar(running);
    const withoutProof = { method: 'POST', body: ADA };
    const statuses = await Promise.all([
      ...['cookie', 'session'].map((kind) => jar.send(`/auth/${kind}/login`, withoutProof)),
      ...['cookie', 'session'].map((kind) => jar.copy().post(`/auth/${kind}/login`, { username: 7 })),
      ...['cookie', 'session'].map((kind) => jar.copy().post(`/auth/${kind}/login`, { ...ADA, password: 'wrong' })),
      jar.copy().post('/auth/cookie/refresh'),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([403, 403, 400, 400, 401, 401, 401]);
  });
});

describe('the routes for browsers in the OpenAPI document', () => {
  it('name header and cookies as they are configured', async () => {
    const [document, running] = await documentOf('express', {
      cookies: { mode: 'split', names: { access: 'jwt', refresh: 'again', csrf: 'intent' } },
      csrf: { headerName: 'x-intent' },
    });
    await running.close();
    const login = operation(document, 'post', '/auth/cookie/login');
    expect(login.parameters).toEqual([expect.objectContaining({ name: 'x-intent' })]);
    const names = documentedCookies(login, 204).map((name) => name.replace(/^__(Host|Secure)-/, ''));
    expect(names.toSorted()).toEqual(['again', 'intent', 'jwt-payload', 'jwt-signature']);
  });

  it('require no header and document no refusal if the protection is off', async () => {
    const [document, running] = await documentOf('express', { csrf: { dangerouslyDisable: true } });
    await running.close();
    const { parameters, responses } = operation(document, 'post', '/auth/cookie/login');
    expect([parameters, Object.keys(responses)]).toEqual([[], ['204', '400', '401', '413', '415', '429', '503']]);
  });
});
