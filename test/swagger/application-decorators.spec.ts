// OpenAPI documents beside the security decorators and names of the application: each statement is held against the running routes.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBearerAuth,
  ApiCookieAuth,
  ApiSecurity,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { AuthGuardFor, AuthError, AuthModule, JwtAuthGuard, OptionalAuth, Public } from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { TokenFactory } from 'nestjs-latchkey/testing';
import { startApplication, type RunningApplication } from '../support/applications.js';

const basic = defineScheme<string>({
  name: 'legacy',
  sentBy: 'client',
  find: (request) => request.headerLines('authorization').find((line) => line.startsWith('Basic ')),
  verify: async (line) => {
    if (line !== 'Basic good') throw new AuthError('token_invalid');
    return { subject: { issuer: 'legacy', id: 'l-1' }, kind: 'user', claims: {}, scopes: [], own: false };
  },
  challenge: 'Basic',
  openapi: { always: { legacy: { type: 'http', scheme: 'basic' } } },
});

@ApiBearerAuth('access-token')
@UseGuards(JwtAuthGuard)
@Controller('named')
class NamedController {
  @Get('guarded') guarded() {}
  @Public() @Get('public') open() {}
  @OptionalAuth() @Get('optional') optional() {}
  @ApiSecurity('gateway') @Get('behind') behind() {}
  @ApiBasicAuth('passwords') @UseGuards(AuthGuardFor('legacy')) @Get('legacy') legacy() {}
  @ApiCookieAuth('sign-in') @UseGuards(AuthGuardFor('cookie')) @Get('cookie') cookie() {}
}

@ApiBearerAuth()
@Controller('plain')
class PlainController {
  @Get('guarded') guarded() {}
  @Public() @Get('public') open() {}
}

const running: RunningApplication[] = [];

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

type Build = (builder: DocumentBuilder) => DocumentBuilder;

const named: Build = (builder) =>
  builder
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'From /auth/token.' }, 'access-token')
    .addBasicAuth({ type: 'http', scheme: 'Basic' }, 'passwords')
    .addCookieAuth('__Host-access', { type: 'apiKey' }, 'sign-in')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-gateway' }, 'gateway')
    .addSecurityRequirements('access-token');

async function start(build: Build): Promise<{ app: RunningApplication; document: OpenAPIObject }> {
  const app = await startApplication('fastify', {
    imports: [AuthModule.forRoot({ cookies: {}, schemes: [basic] })],
    controllers: [NamedController, PlainController],
  });
  running.push(app);
  const config = build(new DocumentBuilder().setOpenAPIVersion('3.1.0')).build();
  return { app, document: describeAuth(app.app, () => SwaggerModule.createDocument(app.app, config)) };
}

const securityOf = ({ paths }: OpenAPIObject, path: string) => paths[path]?.get?.security;

describe('A document beside the decorators of the application', () => {
  it("uses the application's own name for a scheme of ours, once", async () => {
    const { app, document } = await start(named);
    expect(securityOf(document, '/named/guarded')).toEqual([{ 'access-token': [] }, { 'sign-in': [] }]);
    expect(securityOf(document, '/plain/guarded')).toEqual([{ 'access-token': [] }, { 'sign-in': [] }]);
    expect(Object.keys(document.components?.securitySchemes ?? {}).sort()).toEqual([
      'access-token',
      'csrf',
      'gateway',
      'passwords',
      'sign-in',
    ]);
    expect(document.components?.securitySchemes?.['access-token']).toMatchObject({
      type: 'http',
      scheme: 'bearer',
      description: 'From /auth/token.',
    });
    const authorization = `Bearer ${await TokenFactory.of(app.app).valid('ada')}`;
    expect((await app.fetch('/named/guarded')).status).toBe(401);
    expect((await app.fetch('/named/guarded', { headers: { authorization } })).status).toBe(200);
  });

  it('documents a public route without security, whatever its class or the document says', async () => {
    const { app, document } = await start(named);
    expect(document.security).toEqual([{ 'access-token': [] }]);
    for (const path of ['/named/public', '/plain/public']) {
      expect(securityOf(document, path)).toEqual([]);
      expect((await app.fetch(path)).status).toBe(200);
    }
    const plain = await start((builder) => builder);
    expect(securityOf(plain.document, '/plain/public')).toEqual([]);
    expect(securityOf(plain.document, '/plain/guarded')).toEqual([{ bearer: [] }, { cookie: [] }]);
  });

  it('documents that an optional route accepts anonymous requests', async () => {
    const { app, document } = await start(named);
    expect(securityOf(document, '/named/optional')).toEqual([{ 'access-token': [] }, { 'sign-in': [] }, {}]);
    expect((await app.fetch('/named/optional')).status).toBe(200);
  });

  it('keeps the security of other guards, and recognises Basic and cookies by their place', async () => {
    const { app, document } = await start(named);
    expect(securityOf(document, '/named/behind')).toEqual([
      { gateway: [], 'access-token': [] },
      { gateway: [], 'sign-in': [] },
    ]);
    expect(securityOf(document, '/named/legacy')).toEqual([{ passwords: [] }]);
    expect(securityOf(document, '/named/cookie')).toEqual([{ 'sign-in': [] }]);
    expect((await app.fetch('/named/legacy', { headers: { authorization: 'Basic good' } })).status).toBe(200);
    expect((await app.fetch('/named/legacy')).status).toBe(401);
  });
});
