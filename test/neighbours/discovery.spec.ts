// Our own issuer as others find it, and others as we find them, by nothing but the issuer's name.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { allowInsecureRequests, discovery } from 'openid-client';
import { CurrentPrincipal, AuthModule, JwtAuthGuard, TokenService, type Principal } from 'nestjs-latchkey';
import { wellKnownController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, type AdapterName, SILENT } from '../support/applications.js';
import { freePort } from '../support/database-server.js';

const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  @Get() me(@CurrentPrincipal() { subject }: Principal) {
    return subject;
  }
}

async function serve(adapter: AdapterName, module: Type<unknown> | object, port: number): Promise<string> {
  const options = { logger: SILENT, abortOnError: false };
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(module as Type<unknown>, new FastifyAdapter(), options)
      : await NestFactory.create(module as Type<unknown>, options);
  running.push(app);
  await app.listen(port, '127.0.0.1');
  return `http://127.0.0.1:${port}`;
}

/** Accounts as docs/trusted-issuers.md has it: a controller, and nothing about addresses. */
async function accountsOn(adapter: AdapterName) {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const auth = AuthModule.forRoot({ issuer, audience: 'courses', controllers: [wellKnownController()] });
  await serve(adapter, auth, port);
  const app = running.at(-1);
  if (app === undefined) throw new Error('It was started.');
  return { issuer, app };
}

describe.each(ADAPTERS)('Accounts with wellKnownController() on %s', (adapter) => {
  it('is found by a verifier that knows only its issuer', async () => {
    const { issuer, app } = await accountsOn(adapter);
    const keys = { discovery: true as const, allowLoopbackHttp: true };
    class CoursesModule {}
    const imports = [AuthModule.forRoot({ trust: [{ issuer, audience: 'courses', keys }] })];
    const courses = await serve(
      adapter,
      { module: CoursesModule, imports, controllers: [MeController] },
      await freePort(),
    );
    const { accessToken } = await app.get(TokenService).issue('ada');
    const answer = await fetch(`${courses}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect([answer.status, await answer.json()]).toEqual([200, { issuer, id: 'ada' }]);
  });

  it.each(['oidc', 'oauth2'] as const)('is found by openid-client with the algorithm %s', async (algorithm) => {
    const { issuer } = await accountsOn(adapter);
    const found = await discovery(new URL(issuer), 'client', undefined, undefined, {
      algorithm,
      execute: [allowInsecureRequests],
    });
    expect(found.serverMetadata()).toMatchObject({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
  });

  it('announces no feature of OpenID Connect that it lacks', async () => {
    const { issuer } = await accountsOn(adapter);
    const documents = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) =>
        (await fetch(`${issuer}/.well-known/${name}`)).json(),
      ),
    );
    const [oidc, oauth] = documents as readonly Record<string, unknown>[];
    expect(oidc).toEqual(oauth);
    const claimed = Object.keys(oidc ?? {}).filter((name) =>
      /^(id_token|userinfo|subject_types|claims|authorization|end_session)/.test(name),
    );
    expect(claimed).toEqual([]);
    expect(oidc).toMatchObject({ issuer, response_types_supported: [], grant_types_supported: [] });
  });
});
