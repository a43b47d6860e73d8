// Presets of providers whose token a browser sends by itself, in a cookie or in a header that a proxy makes of one: good to read with, and
// no good for changing anything without the CSRF token.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  AllowClients,
  AuthModule,
  CurrentPrincipal,
  JwtAuthGuard,
  type AuthModuleOptions,
  type Principal,
  type Subject,
} from 'nestjs-latchkey';
import { clerk, cloudflareAccess, githubActions } from 'nestjs-latchkey/issuers';
import { CsrfService } from 'nestjs-latchkey/browser';
import { publicOf, rsa } from '../../core/support/external-tokens.js';
import { forge } from '../../core/support/token-forgery.js';
import { type AdapterName, ADAPTERS, type RunningApplication, startApplication } from '../../support/applications.js';

const PAGE = 'https://app.example.com';
const EVIL = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  @Get() me(@CurrentPrincipal() { subject, kind }: Principal) {
    return { subject, kind };
  }
  @Post() act() {
    return { done: true };
  }
}

@UseGuards(JwtAuthGuard)
@Controller('deploy')
class DeployController {
  @AllowClients() @Post() deploy(@CurrentPrincipal() { kind }: Principal) {
    return { kind };
  }
  @Post('person') person() {
    return { done: true };
  }
}

const running: RunningApplication[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

const known = { keys: { jwks: { keys: [publicOf(rsa)] } } };
const access = { ...cloudflareAccess({ team: 'school', audience: 'aud-tag' }), ...known };
const session = { ...clerk({ frontendApiUrl: 'https://clerk.example.com', authorizedParties: PAGE }), ...known };
const workflows = { ...githubActions({ audience: 'courses', repositories: 'octo-org/octo-repo' }), ...known };

async function start(adapter: AdapterName, options: Partial<AuthModuleOptions>) {
  const csrf = { secret: randomUUID() + randomUUID(), trustedOrigins: [PAGE] };
  const app = await startApplication(adapter, {
    imports: [AuthModule.forRoot({ csrf, ...options })],
    controllers: [MeController, DeployController],
  });
  running.push(app);
  return app;
}

const signed = (claims: object) => {
  const iat = Math.floor(Date.now() / 1_000);
  return forge({ alg: 'RS256', kid: 'rsa', typ: 'JWT' }, { iat, exp: iat + 60, ...claims }, rsa);
};
const accessToken = () => signed({ iss: access.issuer, aud: ['aud-tag'], type: 'app', sub: 'u1' });
const sessionToken = () => signed({ iss: session.issuer, azp: PAGE, sid: 'sess_1', sub: 'user_1', sts: 'active' });

/** Reads, and changes nothing unless the request shows the CSRF token of its sign-in. */
async function isUnderCsrfRules(
  app: RunningApplication,
  headers: Record<string, string>,
  holder: { subject: Subject; sid?: string },
) {
  const send = (method: string, more: Record<string, string>) =>
    app.fetch('/me', { method, headers: { ...headers, ...more } });
  const token = app.app.get(CsrfService).issue(holder);
  const cookie = [headers['cookie'], `__Host-csrf=${token}`].filter((each) => each !== undefined).join('; ');
  const answers = await Promise.all([
    send('GET', EVIL),
    send('POST', EVIL),
    send('POST', { origin: PAGE }),
    send('POST', { origin: PAGE, cookie, 'x-csrf-token': token }),
    send('POST', { ...EVIL, cookie, 'x-csrf-token': token }),
  ]);
  return answers.map(({ status }) => status);
}

describe.each(ADAPTERS)('A token of an access proxy on %s', (adapter) => {
  it('is read from the header of Cloudflare Access, under CSRF rules', async () => {
    const header = { name: 'cf-access-jwt-assertion', schemes: [], sentBy: 'browser' } as const;
    const app = await start(adapter, { trust: [access], header });
    const holder = { subject: { issuer: access.issuer, id: 'u1' } };
    const headers = { 'cf-access-jwt-assertion': accessToken() };
    expect(await isUnderCsrfRules(app, headers, holder)).toEqual([200, 403, 403, 201, 403]);
  });

  it('is read from the cookie of Cloudflare Access, under CSRF rules', async () => {
    const app = await start(adapter, { trust: [access], cookies: { external: 'CF_Authorization' } });
    const holder = { subject: { issuer: access.issuer, id: 'u1' } };
    const headers = { cookie: `CF_Authorization=${accessToken()}` };
    expect(await isUnderCsrfRules(app, headers, holder)).toEqual([200, 403, 403, 201, 403]);
  });

  it('is read from the cookie of Clerk, under CSRF rules', async () => {
    const app = await start(adapter, { trust: [session], cookies: { external: '__session' } });
    const holder = { subject: { issuer: session.issuer, id: 'user_1' }, sid: 'sess_1' };
    const headers = { cookie: `__session=${sessionToken()}` };
    expect(await isUnderCsrfRules(app, headers, holder)).toEqual([200, 403, 403, 201, 403]);
  });
});

describe.each(ADAPTERS)('A token of a workflow on %s', (adapter) => {
  it('is accepted only on routes that allow clients', async () => {
    const app = await start(adapter, { trust: [workflows] });
    const claims = { iss: workflows.issuer, aud: 'courses', jti: 'j', run_id: '1', sub: 'repo:octo-org/octo-repo:x' };
    const token = signed({ ...claims, repository: 'octo-org/octo-repo' });
    const headers = { authorization: `Bearer ${token}` };
    const allowed = await app.fetch('/deploy', { method: 'POST', headers });
    expect([allowed.status, await allowed.json()]).toEqual([201, { kind: 'client' }]);
    expect((await app.fetch('/deploy/person', { method: 'POST', headers })).status).toBe(403);
    const fork = { authorization: `Bearer ${signed({ ...claims, repository: 'evil/octo-repo' })}` };
    expect((await app.fetch('/deploy', { method: 'POST', headers: fork })).status).toBe(401);
  });
});
