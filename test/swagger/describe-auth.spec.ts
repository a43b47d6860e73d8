import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { AuthConfigurationError, AuthModule, ERROR_TABLE } from 'nestjs-latchkey';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { configure, controllers, documentedOperations, ownSchemes, PanelScheme } from '../support/openapi.js';

const config = new DocumentBuilder()
  .setTitle('Test')
  .setVersion('1')
  .setOpenAPIVersion('3.1.0')
  .addSecurity('tenant', { type: 'apiKey', in: 'header', name: 'x-tenant' })
  .addSecurity('signature', { type: 'apiKey', in: 'header', name: 'x-signature' })
  .build();

function failing(): OpenAPIObject {
  throw new Error('no document');
}

describe.each(ADAPTERS)('the OpenAPI document of an application on %s', (adapter) => {
  let running: RunningApplication;
  let early: OpenAPIObject;
  let plain: string;
  const create = (): OpenAPIObject => SwaggerModule.createDocument(running.app, config);

  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ schemes: ownSchemes })],
      controllers,
      providers: [PanelScheme],
      configure: (app) => {
        configure(app);
        plain = JSON.stringify(SwaggerModule.createDocument(app, config));
        early = describeAuth(app, () => SwaggerModule.createDocument(app, config));
      },
    });
  });
  afterAll(() => running.close());

  function securityOf(method: string, path: string): unknown {
    return documentedOperations(early).find((each) => each.method === method && each.path === path)?.security;
  }

  it('is valid by the schema of OpenAPI 3.1', async () => {
    const verdict = await new Validator().validate({ ...early });
    expect(verdict).toEqual({ valid: true });
  });

  it('is the same before the application is initialised, afterwards and a second time', () => {
    expect(describeAuth(running.app, create)).toEqual(early);
    expect(describeAuth(running.app, create)).toEqual(early);
  });

  it('leaves no metadata on the application', () => {
    expect(JSON.stringify(create())).toBe(plain);
  });

  it('leaves no metadata on the application if the document cannot be built', () => {
    expect(() => describeAuth(running.app, failing)).toThrow('no document');
    expect(JSON.stringify(create())).toBe(plain);
  });

  it('names the alternatives of a guard', () => {
    expect(securityOf('get', '/api/plain/one')).toEqual([{ bearer: [] }]);
    expect(securityOf('get', '/api/also-plain/two')).toEqual([{ bearer: [] }]);
    expect(securityOf('get', '/api/v1/versioned')).toEqual([{ bearer: [] }]);
  });

  it('requires the CSRF token with unsafe methods alone', () => {
    expect(securityOf('get', '/api/plain/panel')).toEqual([{ panel: [] }]);
    expect(securityOf('patch', '/api/plain/panel')).toEqual([{ panel: [], 'panel-intent': [] }]);
  });

  it('combines guards that must all pass, without redundant alternatives', () => {
    expect(securityOf('post', '/api/plain/both-guards')).toEqual([
      { bearer: [], panel: [], 'panel-intent': [] },
      { 'api-key': [] },
    ]);
    // Nest lets a subclass inherit the guards of its parent, and runs them too.
    expect(securityOf('get', '/api/children/inherited')).toEqual([
      { tenant: [], 'api-key': [], panel: [] },
      { tenant: [], 'api-key': [], bearer: [] },
    ]);
  });

  it('requires nothing on public routes, and lists anonymous access on optional ones', () => {
    expect(securityOf('get', '/health')).toEqual([]);
    expect(securityOf('get', '/api/v2/versioned/latest')).toEqual([]);
    expect(securityOf('get', '/api/children/inherited/open')).toEqual([{ tenant: [] }]);
    expect(securityOf('get', '/api/plain/optional')).toEqual([{ bearer: [] }, {}]);
    expect(securityOf('get', '/api/plain/optional-graders')).toEqual([{ bearer: ['grades:write'] }]);
  });

  it('names the scopes that policies require', () => {
    expect(securityOf('delete', '/api/plain/graded/{id}')).toEqual([{ bearer: ['grades:write'] }]);
  });

  it('keeps the security of other guards, and drops duplicates of its own', () => {
    expect(securityOf('post', '/api/plain/signed')).toEqual([{ signature: [] }]);
    expect(securityOf('post', '/api/parents/own')).toEqual([{ tenant: [], 'api-key': [] }]);
    expect(securityOf('get', '/api/plain/leftover')).toEqual([{ bearer: [] }]);
  });

  it('describes each security scheme that an operation asks for', () => {
    expect(early.components?.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: expect.any(String) },
      'api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' },
      panel: { type: 'apiKey', in: 'cookie', name: 'panel' },
      'panel-intent': { type: 'apiKey', in: 'header', name: 'x-intent' },
      tenant: { type: 'apiKey', in: 'header', name: 'x-tenant' },
      signature: { type: 'apiKey', in: 'header', name: 'x-signature' },
    });
  });

  it('gives schemes the names that are asked for, in schemes and requirements alike', () => {
    const document = describeAuth(running.app, create, { schemeNames: { bearer: 'jwt', 'panel-intent': 'intent' } });
    expect(Object.keys(document.components?.securitySchemes ?? {})).toEqual(expect.arrayContaining(['jwt', 'intent']));
    expect(document.components?.securitySchemes).not.toHaveProperty('bearer');
    const operations = documentedOperations(document);
    const of = (method: string, path: string) =>
      operations.find((each) => each.method === method && each.path === path)?.security;
    expect(of('get', '/api/plain/one')).toEqual([{ jwt: [] }]);
    expect(of('patch', '/api/plain/panel')).toEqual([{ panel: [], intent: [] }]);
    // Written by hand under the name from before.
    expect(of('get', '/api/plain/leftover')).toEqual([{ jwt: [] }]);
  });

  it.each([
    ['that no scheme has', { jwt: 'bearer' }, /schemeNames\.jwt names no security scheme; there are bearer/],
    ['that OpenAPI does not accept', { bearer: 'my token' }, /schemeNames\.bearer is "my token"; accepted are letters/],
    ['of another scheme', { bearer: 'panel' }, /schemeNames\.bearer is 'panel', the name of another security scheme/],
  ])('refuses a name %s', (_, schemeNames: Record<string, string>, sentence) => {
    const describing = () => describeAuth(running.app, create, { schemeNames });
    expect(describing).toThrow(AuthConfigurationError);
    expect(describing).toThrow(sentence);
  });

  it('shows refusals with their headers on protected routes, and none on public ones', () => {
    for (const { path, security, responses } of documentedOperations(early)) {
      const isProtected = security?.some((each) => ['bearer', 'api-key', 'panel'].some((name) => name in each));
      const isOptional = path.endsWith('/optional');
      const refusals = Object.keys(responses).filter((status) => Number(status) >= 400);
      expect([path, refusals]).toEqual([
        path,
        isProtected ? (isOptional ? ['400', '503'] : ['400', '401', '403', '503']) : [],
      ]);
      if (!isProtected || isOptional) continue;
      expect(responses['401']?.headers).toHaveProperty('WWW-Authenticate');
      expect(responses['503']?.headers).toHaveProperty('Retry-After');
    }
  });

  it('lists the public codes, and no internal ones', () => {
    const schema = JSON.stringify(early.components?.schemas?.['AuthErrorBody']);
    for (const [code, entry] of Object.entries(ERROR_TABLE)) {
      expect([code, schema.includes(`"${code}"`)]).toEqual([code, !('publicCode' in entry)]);
    }
  });
});
