// Claims of an external issuer, over HTTP: nothing is read as more than it is, and claims that restrict a token count.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { AllowClients, Authorize, AuthModule, JwtAuthGuard, RequireRoles, RequireScopes } from 'nestjs-latchkey';
import { claimEquals, claimIncludes } from 'nestjs-latchkey/policies';
import { onAuthEvent, type AttemptEvent } from 'nestjs-latchkey/events';
import { LocalIssuer } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';

@UseGuards(JwtAuthGuard)
@Controller()
class Routes {
  @Get('any') any() {
    return 'any';
  }

  @RequireRoles('Admin')
  @Get('admin')
  admin() {
    return 'admin';
  }

  @RequireScopes('Admin')
  @Get('scope')
  scope() {
    return 'scope';
  }

  @AllowClients()
  @Get('machines')
  machines() {
    return 'machines';
  }

  @Authorize(claimEquals('tenant', 'school'), claimIncludes('groups', 'staff'))
  @Get('tenant')
  tenant() {
    return 'tenant';
  }
}

describe.each(ADAPTERS)('The claims of an external token on %s', (adapter) => {
  let issuer: LocalIssuer;
  let app: RunningApplication;
  const attempts: AttemptEvent[] = [];
  let stop: () => void;

  beforeAll(async () => {
    issuer = await LocalIssuer.start({ audience: 'courses' });
    const trust = [issuer.trust({ claims: { roles: 'role' }, exactClaims: { kind_of: 'access' } })];
    app = await startApplication(adapter, { imports: [AuthModule.forRoot({ trust })], controllers: [Routes] });
    stop = onAuthEvent((event) => {
      if (event.type === 'attempt') attempts.push(event);
    });
  });

  afterAll(async () => {
    stop();
    await app.close();
    await issuer.close();
  });

  async function ask(path: string, claims: Record<string, unknown>): Promise<string> {
    const token = await issuer.tokens.valid('ada', { claims: { kind_of: 'access', ...claims } as never });
    const { status, body } = await present(path, token);
    return `${status} ${String(body['errorCode'] ?? 'good')}`;
  }

  async function present(path: string, token: string) {
    const answer = await app.fetch(path, { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: answer.status, body, challenge: answer.headers.get('www-authenticate') };
  }

  it('are one role for one string, and a role is granted by its whole name', async () => {
    expect(await ask('/admin', { role: 'Billing Admin' })).toBe('403 forbidden');
    expect(await ask('/admin', { role: ['Billing Admin'] })).toBe('403 forbidden');
    expect(await ask('/admin', { role: 'Admin' })).toBe('200 good');
    expect(await ask('/admin', { role: ['x', 'Admin'] })).toBe('200 good');
  });

  it('are one scope for one string, except in `scope` itself', async () => {
    expect(await ask('/scope', { scp: 'Billing Admin' })).toBe('403 insufficient_scope');
    expect(await ask('/scope', { scp: ['Billing', 'Admin'] })).toBe('200 good');
  });

  it('do not make a user of a token that names a client', async () => {
    expect(await ask('/any', { azp: 'ada' })).toBe('403 client_not_allowed');
    expect(await ask('/any', { gty: 'client-credentials' })).toBe('403 client_not_allowed');
    expect(await ask('/machines', { azp: 'ada' })).toBe('200 good');
  });

  it('refuse a token that is bound to a key, and the operator log says why', async () => {
    attempts.length = 0;
    expect(await ask('/any', { cnf: { jkt: 'a-thumbprint' } })).toBe('401 invalid_claims');
    expect(attempts).toMatchObject([{ code: 'invalid_claims', reason: { claim: 'cnf', option: 'boundTokens' } }]);
    expect(JSON.stringify(attempts)).not.toContain('a-thumbprint');
    expect(await ask('/any', { cnf: { 'x5t#S256': 'a-thumbprint' } })).toBe('401 invalid_claims');
    expect(await ask('/any', {})).toBe('200 good');
  });

  it('refuse a token that names another kind than access', async () => {
    expect(await ask('/any', { token_use: 'id' })).toBe('401 wrong_token_type');
    expect(await ask('/any', { events: {} })).toBe('401 wrong_token_type');
    expect(await ask('/any', { kind_of: 'id' })).toBe('401 wrong_token_type');
    expect(await ask('/any', { nonce: 'n' })).toBe('401 wrong_token_type');
  });

  it('are compared as whole values by the built-in policies', async () => {
    const good = { tenant: 'school', groups: ['staff'] };
    expect(await ask('/tenant', good)).toBe('200 good');
    expect(await ask('/tenant', { ...good, groups: 'staff' })).toBe('403 forbidden');
    expect(await ask('/tenant', { ...good, tenant: ['school'] })).toBe('403 forbidden');
    expect(await ask('/tenant', { groups: ['staff'] })).toBe('403 forbidden');
  });

  it('may be larger than those of our own tokens, up to the limit of the entry', async () => {
    expect(
      await ask('/any', { groups: Array.from({ length: 157 }, (_, i) => `${i}-0000-4000-8000-000000000000-00000000`) }),
    ).toBe('200 good');
    attempts.length = 0;
    const small = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ trust: [issuer.trust({ limits: { token: 5_000 } })] })],
      controllers: [Routes],
    });
    try {
      const token = await issuer.tokens.valid('ada', { claims: { pad: 'x'.repeat(5_000) } });
      const answer = await small.fetch('/any', { headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(await answer.json()).toMatchObject({ errorCode: 'token_too_large' });
      expect(attempts).toMatchObject([{ code: 'token_too_large', reason: { option: 'limits.token' } }]);
    } finally {
      await small.close();
    }
  });
});
