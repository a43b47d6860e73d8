import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthError, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';
import { RedirectToLogin } from 'nestjs-latchkey/browser';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { People, startBrowserApp } from '../support/browser-app.js';

@RedirectToLogin()
@UseGuards(JwtAuthGuard)
@Controller('pages')
class PagesController {
  @Get('mine') mine() {
    return 'mine';
  }

  @Post('mine') change() {
    return 'changed';
  }

  @RedirectToLogin('/welcome?lang=en') @Get('other') other() {
    return 'other';
  }

  @RedirectToLogin((request) => `/login/${request.headerLines('x-tenant')[0] ?? 'none'}`) @Get('tenant') tenant() {
    return 'tenant';
  }

  @RedirectToLogin(false) @Get('plain') plain() {
    return 'plain';
  }

  @Public() @Get('open') open() {
    return 'open';
  }

  @Public() @Get('broken') broken() {
    throw new Error('a handler that breaks');
  }

  @Get('forbidden') forbidden() {
    throw new AuthError('forbidden');
  }
}

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe.each(ADAPTERS)('the redirect to a sign-in page on %s', (adapter) => {
  let running: RunningApplication;
  let authorization: string;
  beforeAll(async () => {
    running = await startBrowserApp(adapter, { loginUrl: '/sign-in', controllers: [PagesController] });
    const person = running.app.get(People, { strict: false }).of('ada') as never;
    authorization = `Bearer ${(await running.app.get(TokenService).issue(person)).accessToken}`;
  });
  afterAll(() => running.close());

  async function view(path: string, init: RequestInit = { headers: HTML }) {
    const answer = await running.fetch(path, init);
    return [answer.status, answer.headers.get('location')];
  }

  it('sends a browser there, and remembers the requested page', async () => {
    expect(await view('/pages/mine')).toEqual([302, '/sign-in?next=%2Fpages%2Fmine']);
    expect(await view('/pages/mine?a=1&b=%2F')).toEqual([302, '/sign-in?next=%2Fpages%2Fmine%3Fa%3D1%26b%3D%252F']);
    expect(await view('/pages/mine', { method: 'HEAD', headers: HTML })).toEqual([
      302,
      '/sign-in?next=%2Fpages%2Fmine',
    ]);
  });

  it('is not made without the option, nor on public routes', async () => {
    expect(await view('/account/jwt')).toEqual([401, null]);
    expect(await view('/pages/plain')).toEqual([401, null]);
    expect(await view('/pages/open')).toEqual([200, null]);
  });

  it('is not made for a valid credential', async () => {
    expect(await view('/pages/mine', { headers: { ...HTML, authorization } })).toEqual([200, null]);
  });

  it('goes to the address of the route, a string or a function', async () => {
    expect(await view('/pages/other')).toEqual([302, '/welcome?lang=en&next=%2Fpages%2Fother']);
    const headers = { ...HTML, 'x-tenant': 'blue' };
    expect(await view('/pages/tenant', { headers })).toEqual([302, '/login/blue?next=%2Fpages%2Ftenant']);
  });

  it('is not made for scripts, for unsafe methods, or for any other answer than 401', async () => {
    expect(await view('/pages/mine', { headers: { accept: 'application/json' } })).toEqual([401, null]);
    expect(await view('/pages/mine', { headers: { accept: '*/*' } })).toEqual([401, null]);
    expect(await view('/pages/mine', { method: 'POST', headers: HTML })).toEqual([401, null]);
    expect(await view('/pages/broken')).toEqual([500, null]);
    expect(await view('/pages/forbidden', { headers: { ...HTML, authorization } })).toEqual([403, null]);
    expect(await view('/pages/nowhere')).toEqual([404, null]);
  });

  it('never goes to another host, whatever Host says', async () => {
    const headers = { ...HTML, 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    expect(await view('/pages/mine', { headers })).toEqual([302, '/sign-in?next=%2Fpages%2Fmine']);
  });

  it('is made for a credential that has expired, too', async () => {
    const headers = { ...HTML, authorization: `${authorization.slice(0, -4)}AAAA` };
    expect(await view('/pages/mine', { headers })).toEqual([302, '/sign-in?next=%2Fpages%2Fmine']);
  });
});
