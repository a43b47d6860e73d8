// The flow of client credentials in the document: at routes that clients may call, beside the bearer token.
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { expect, it } from '@jest/globals';
import { AllowClients, AuthModule, RequireScopes } from 'nestjs-latchkey';
import { ClientSource, clientTokenController } from 'nestjs-latchkey/controllers';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { SILENT } from '../support/applications.js';

@Injectable()
class Clients extends ClientSource {
  findClient(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

@Controller('grades')
class GradesController {
  @AllowClients() @RequireScopes('grades:read') @Get() list() {
    return [];
  }

  @Get('mine') mine() {
    return [];
  }
}

async function documentWith(isMounted: boolean): Promise<OpenAPIObject> {
  const controllers = isMounted ? [clientTokenController({ clients: Clients })] : [];
  @Module({
    imports: [AuthModule.forRoot({ controllers })],
    controllers: [GradesController],
    providers: [Clients],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: SILENT, abortOnError: false });
  app.setGlobalPrefix('api');
  await app.init();
  try {
    return describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
  } finally {
    await app.close();
  }
}

it('names the flow at routes that clients may call, and nowhere else', async () => {
  const { paths, components } = await documentWith(true);
  expect(components?.securitySchemes?.['clientCredentials']).toMatchObject({
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: '/api/auth/client-token', scopes: { 'grades:read': '' } } },
  });
  expect(paths['/api/grades']?.get?.security).toEqual([{ bearer: [] }, { clientCredentials: ['grades:read'] }]);
  expect(paths['/api/grades/mine']?.get?.security).toEqual([{ bearer: [] }]);
  const endpoint = paths['/api/auth/client-token']?.post;
  expect(endpoint?.security).toEqual([]);
  expect(Object.keys(endpoint?.responses ?? {}).sort()).toEqual(['200', '400', '401', '413', '415', '429', '503']);
});

it('says nothing of it if the endpoint is not mounted', async () => {
  const { paths, components } = await documentWith(false);
  expect(Object.keys(components?.securitySchemes ?? {})).toEqual(['bearer']);
  expect(paths['/api/grades']?.get?.security).toEqual([{ bearer: [] }]);
});
