import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from '@jest/globals';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS } from '../support/applications.js';
import { startRecordingApp, type RecordingAppOptions } from '../support/recording-app.js';

describe.each(ADAPTERS)('the OpenAPI document of the ready-made routes on %s', (adapter) => {
  async function documentOf(options: RecordingAppOptions = {}, version = '3.1.0'): Promise<OpenAPIObject> {
    const app = await startRecordingApp(adapter, options);
    const about = new DocumentBuilder().setTitle('Test').setOpenAPIVersion(version).build();
    const document = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, about));
    await app.close();
    // As a client reads it.
    return JSON.parse(JSON.stringify(document)) as OpenAPIObject;
  }

  it.each(['3.0.0', '3.1.0'])('is valid OpenAPI %s', async (version) => {
    const document = await documentOf({}, version);
    expect(await new Validator().validate(document as object as Record<string, unknown>)).toMatchObject({
      valid: true,
    });
  });

  it('documents the body, the responses and the refusals of a sign-in, without security', async () => {
    const { paths, components } = await documentOf();
    const { parameters, requestBody, responses, security } = paths['/auth/token']?.post ?? {};
    expect({ parameters, security }).toEqual({ parameters: [], security: [] });
    expect(requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/SignInBody' } } },
    });
    expect(components?.schemas?.['SignInBody']).toMatchObject({ required: ['username', 'password'] });
    const refusal = { content: { 'application/json': { schema: { $ref: '#/components/schemas/AuthErrorBody' } } } };
    expect(responses).toEqual({
      200: {
        description: 'A pair of tokens.',
        content: {
          'application/json': {
            schema: expect.objectContaining({
              required: ['access_token', 'refresh_token', 'token_type', 'expires_in'],
            }),
          },
        },
      },
      400: expect.objectContaining(refusal),
      401: expect.objectContaining({ ...refusal, headers: { 'WWW-Authenticate': expect.anything() } }),
      413: expect.objectContaining(refusal),
      415: expect.objectContaining(refusal),
      429: expect.objectContaining({ ...refusal, headers: { 'Retry-After': expect.anything() } }),
      503: expect.objectContaining({ ...refusal, headers: { 'Retry-After': expect.anything() } }),
    });
  });

  it('lists the responses of each route', async () => {
    const { paths } = await documentOf();
    const statuses = Object.entries(paths)
      .filter(([path]) => path.startsWith('/auth'))
      .flatMap(([path, item]) =>
        Object.entries(item as Record<string, { responses?: object }>).map(
          ([method, { responses = {} }]) => `${method} ${path} ${Object.keys(responses).join(' ')}`,
        ),
      );
    expect(statuses).toEqual([
      'post /auth/token 200 400 401 413 415 429 503',
      'post /auth/token/refresh 200 400 401 413 415 429 503',
      'post /auth/token/verify 204 400 401 413 415 429 503',
      'post /auth/token/revoke 200 400 413 415 429 503',
      'post /auth/token/introspect 200 400 401 403 413 415 429 503',
      'get /auth/devices 200 400 401 403 503',
      'delete /auth/devices 204 400 401 403 503',
      'delete /auth/devices/{id} 204 400 401 403 503',
    ]);
  });
});
