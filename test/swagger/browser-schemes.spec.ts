// The security schemes of cookies and sessions, each with its CSRF proof, follow the configuration.
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TokenService } from 'nestjs-latchkey';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, type AdapterName, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, SESSION_COOKIE, startBrowserApp, type BrowserAppOptions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { documentedOperations, promise, type DocumentedOperation } from '../support/openapi.js';

const PARTS = ['bearer', 'cookie', 'session', 'csrf'] as const;
const COMBINATIONS = Array.from({ length: 2 ** PARTS.length }, (_, bits) =>
  PARTS.filter((_part, index) => (bits & (1 << index)) !== 0),
);

async function documentOf(
  adapter: AdapterName,
  options: BrowserAppOptions = {},
): Promise<[OpenAPIObject, RunningApplication]> {
  const running = await startBrowserApp(adapter, options);
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
  const create = (): OpenAPIObject => SwaggerModule.createDocument(running.app, config);
  return [describeAuth(running.app, create, { sessionCookieName: SESSION_COOKIE }), running];
}

async function schemesOf(options: BrowserAppOptions): Promise<unknown> {
  const [document, running] = await documentOf('express', options);
  await running.close();
  return document.components?.securitySchemes;
}

describe.each(ADAPTERS)('the OpenAPI document of an application for browsers on %s', (adapter) => {
  let running: RunningApplication;
  let document: OpenAPIObject;
  let accessToken: string;
  beforeAll(async () => {
    [document, running] = await documentOf(adapter);
    ({ accessToken } = await running.app.get(TokenService).issue(running.app.get(People).of('ada') as never));
  });
  afterAll(() => running.close());

  function operation(method: string, path: string): DocumentedOperation | undefined {
    return documentedOperations(document).find((each) => each.method === method && each.path === path);
  }

  it('combines browser credentials with the CSRF token, for unsafe methods', () => {
    expect(operation('post', '/account/motto')?.security).toEqual([
      { bearer: [] },
      { cookie: [], csrf: [] },
      { session: [], csrf: [] },
    ]);
    expect(operation('get', '/account')?.security).toEqual([{ bearer: [] }, { cookie: [] }, { session: [] }]);
  });

  it('names cookies and headers as they are configured', () => {
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      cookie: { type: 'apiKey', in: 'cookie', name: '__Host-access' },
      session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
      csrf: { type: 'apiKey', in: 'header', name: 'x-csrf-token' },
    });
  });

  /** One browser for each part, so that nothing but the parts under test travels. */
  async function isLetIn({ method, path }: DocumentedOperation, parts: readonly string[]): Promise<boolean> {
    const browser = new CookieJar(running);
    const credentials = { username: 'ada', password: PASSWORD };
    const [kind] = parts.filter((part) => part === 'cookie' || part === 'session');
    if (kind !== undefined) await browser.post(`/auth/${kind}/login`, credentials);
    const headers: Record<string, string> = {};
    if (parts.includes('csrf')) headers['x-csrf-token'] = await browser.csrfToken();
    if (parts.includes('bearer')) headers['authorization'] = `Bearer ${accessToken}`;
    const { status } = await browser.send(path, { method: method.toUpperCase(), headers });
    return status < 400;
  }

  it('agrees with the guards, route by route and credential by credential', async () => {
    const operations = documentedOperations(document).filter(({ path }) => path.startsWith('/account'));
    const combinations = COMBINATIONS.filter((parts) => !(parts.includes('cookie') && parts.includes('session')));
    for (const each of operations) {
      for (const parts of combinations) {
        const promised = promise(each.security, parts);
        if (promised === 'nothing') continue;
        const said = [each.method, each.path, parts.join('+')];
        expect([...said, await isLetIn(each, parts)]).toEqual([...said, promised === 'let in']);
      }
    }
  }, 60_000);
});

describe('the security schemes of an OpenAPI document', () => {
  it('are two cookies if the token is split', async () => {
    expect(await schemesOf({ cookies: { mode: 'split', names: { access: 'jwt' } } })).toMatchObject({
      cookie: { in: 'cookie', name: '__Host-jwt-payload' },
      'cookie-signature': { in: 'cookie', name: '__Host-jwt-signature' },
    });
  });

  it('are an API key if the header or its scheme is another', async () => {
    expect(await schemesOf({ header: { name: 'x-token', schemes: ['JWT'] } })).toMatchObject({
      bearer: {
        type: 'apiKey',
        in: 'header',
        name: 'x-token',
        description: expect.stringContaining('`x-token: JWT <token>`'),
      },
    });
    expect(await schemesOf({ header: { schemes: ['JWT'] } })).toMatchObject({
      bearer: { type: 'apiKey', in: 'header', name: 'authorization' },
    });
  });

  it('name the header of the CSRF token as configured, and none if the protection is off', async () => {
    expect(await schemesOf({ csrf: { headerName: 'x-intent' } })).toMatchObject({ csrf: { name: 'x-intent' } });
    expect(await schemesOf({ csrf: { dangerouslyDisable: true } })).not.toHaveProperty('csrf');
  });
});

describe('refusals in an OpenAPI document', () => {
  it('are problem details if those are configured', async () => {
    const [document, running] = await documentOf('express', { errors: { format: 'problem' } });
    await running.close();
    const me = documentedOperations(document).find(({ path }) => path === '/account');
    expect(Object.keys(me?.responses['401']?.content ?? {})).toEqual(['application/problem+json']);
    const schema = document.components?.schemas?.['AuthErrorBody'] as { required: string[] };
    expect(schema.required).toEqual(['type', 'title', 'status', 'detail', 'errorCode']);
  });

  it('show a body that has the members of a real one', async () => {
    const [document, running] = await documentOf('fastify');
    const answer = (await (await running.fetch('/account')).json()) as object;
    await running.close();
    const schema = document.components?.schemas?.['AuthErrorBody'] as { required: string[]; properties: object };
    expect(Object.keys(answer).sort()).toEqual(schema.required.toSorted());
    // Only a sign-in that has further steps answers with `step`.
    expect(Object.keys(schema.properties)).toEqual([...schema.required, 'step']);
  });
});

describe('the header of an OpenAPI document', () => {
  const extractor = () => undefined;

  it('is not Authorization if an extractor reads elsewhere; the hint names an existing option', async () => {
    const schemes = (await schemesOf({ header: { extractor } })) as Record<
      string,
      { type: string; description: string }
    >;
    expect(schemes['bearer']?.type).toBe('apiKey');
    expect(schemes['bearer']?.description).toContain('`header.openapi`');
    const openapi = { always: { token: { type: 'apiKey', in: 'header', name: 'x-token' } } } as const;
    const described = (await schemesOf({ header: { extractor, openapi } })) as Record<string, unknown>;
    expect(described['token']).toEqual(openapi.always.token);
    expect(described).not.toHaveProperty('bearer');
  });

  it('is described by the application itself if it names the scheme', async () => {
    const running = await startBrowserApp('express', { header: { extractor } });
    const theirs = { type: 'apiKey', in: 'header', name: 'x-theirs' } as const;
    const config = new DocumentBuilder().addSecurity('bearer', theirs).build();
    const document = describeAuth(running.app, () => SwaggerModule.createDocument(running.app, config));
    await running.close();
    expect(document.components?.securitySchemes?.['bearer']).toEqual(theirs);
  });

  it('is combined with the CSRF header if the browser adds the token by itself', async () => {
    const cookie = { always: { bearer: { type: 'apiKey', in: 'cookie', name: 'CF_Authorization' } } } as const;
    const headers = [
      { extractor, openapi: cookie },
      { name: 'cf-access-jwt-assertion', schemes: [], sentBy: 'browser' },
    ] as const;
    for (const header of headers) {
      const [document, running] = await documentOf('express', { header });
      await running.close();
      const post = documentedOperations(document).find(
        ({ method, path }) => `${method} ${path}` === 'post /account/motto',
      );
      expect(post?.security?.[0]).toEqual({ bearer: [], csrf: [] });
    }
  });

  it('is a plain header if the token has no scheme', async () => {
    const header = { name: 'X-Token', schemes: [], sentBy: 'client' } as const;
    expect(await schemesOf({ header })).toMatchObject({ bearer: { type: 'apiKey', in: 'header', name: 'x-token' } });
  });

  it('names the cookie of another party that is read', async () => {
    const schemes = await schemesOf({ cookies: { external: 'CF_Authorization' } });
    expect(JSON.stringify(schemes)).toContain('CF_Authorization');
    const halves = await schemesOf({ cookies: { external: { payload: 'first', signature: 'second' } } });
    expect(JSON.stringify(halves)).toContain('the cookies `first` and `second`');
  });
});
