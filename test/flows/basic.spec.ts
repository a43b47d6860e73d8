// A user name and a password with every request, for code and for browsers.
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  AuthModule,
  CurrentPrincipal,
  memoryStores,
  type AuthModuleOptions,
  type Principal,
} from 'nestjs-latchkey';
import { csrfController } from 'nestjs-latchkey/controllers';
import { onAuthEvent } from 'nestjs-latchkey/events';
import { challenge } from 'nestjs-latchkey/sign-in';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { PASSWORD, UserDirectory } from '../support/user-directory.js';

class People extends UserDirectory {
  constructor() {
    super([
      { id: 'ada', scopes: ['read'] },
      { id: 'lin', scopes: [], active: false },
    ]);
  }
}

@UseGuards(AuthGuardFor('bearer', 'basic'))
@Controller('notes')
class NotesController {
  @Get() list(@CurrentPrincipal() { subject, scheme, scopes }: Principal) {
    return { id: subject.id, scheme, scopes };
  }
  @Post() add() {
    return {};
  }
}

let running: RunningApplication | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(adapter: AdapterName, options: AuthModuleOptions = {}) {
  running = await startApplication(adapter, {
    imports: [
      AuthModule.forRoot({
        users: People,
        stores: memoryStores(),
        cookies: { secure: false },
        controllers: [csrfController()],
        basic: {},
        ...options,
      }),
    ],
    controllers: [NotesController],
    providers: [People],
  });
  return { ...running, people: running.app.get(People) };
}

const basic = (username: string, password = PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});

describe.each(ADAPTERS)('Basic on %s', (adapter) => {
  it('recognizes a user by name and password, with the scopes that they have now', async () => {
    const { fetch } = await start(adapter);
    const answer = await fetch('/notes', { headers: basic('ada') });
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'ada', scheme: 'basic', scopes: ['read'] }]);
    expect((await fetch('/notes', { method: 'POST', headers: basic('ada') })).status).toBe(201);
  });

  it('refuses unknown users, wrong passwords, inactive users and missing steps in the same words', async () => {
    const { fetch, people } = await start(adapter);
    const answerTo = async (headers: Record<string, string>) => {
      const answer = await fetch('/notes', { headers });
      return [answer.status, answer.headers.get('www-authenticate'), await answer.text()];
    };
    const wrong = await answerTo(basic('ada', 'wrong'));
    expect(wrong.slice(0, 2)).toEqual([401, 'Bearer realm="api", Basic realm="api"']);
    expect(String(wrong[2])).toContain('invalid_credentials');
    expect(await answerTo(basic('unknown'))).toEqual(wrong);
    expect(await answerTo(basic('lin'))).toEqual(wrong);
    expect(people.comparisons).toBe(3);
    const reasons: unknown[] = [];
    const stop = onAuthEvent((event) => void (event.type === 'sign_in_refused' && reasons.push(event.reason?.rule)));
    people.answer = () => challenge({ kind: 'totp', user: people.of('ada') });
    expect(await answerTo(basic('ada'))).toEqual(wrong);
    stop();
    expect(reasons).toEqual([expect.stringContaining('further step')]);
  });

  it('requires the CSRF token of what a browser may have sent by itself', async () => {
    const { fetch } = await start(adapter);
    const post = (headers: Record<string, string>) =>
      fetch('/notes', { method: 'POST', headers: { ...basic('ada'), ...headers } });
    const read = await fetch('/notes', { headers: { ...basic('ada'), 'sec-fetch-site': 'cross-site' } });
    expect(read.status).toBe(200);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ cookie: 'a=b' })).status).toBe(403);
    const browser = new CookieJar({ fetch });
    const token = await browser.csrfToken();
    const own = await browser.send('/notes', { method: 'POST', headers: { ...basic('ada'), 'x-csrf-token': token } });
    expect(own.status).toBe(201);
  });

  it('answers 503 if the user source does not, and 401 for a header that cannot be read', async () => {
    const { fetch, people } = await start(adapter);
    people.down = true;
    expect((await fetch('/notes', { headers: basic('ada') })).status).toBe(503);
    expect((await fetch('/notes', { headers: { authorization: 'Basic %%%' } })).status).toBe(401);
  });

  it('is not mentioned by a 401 with challenge: false, so that no browser asks for a password', async () => {
    const { fetch, app } = await start(adapter, { basic: { challenge: false } });
    expect((await fetch('/notes')).headers.get('www-authenticate')).toBe('Bearer realm="api"');
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    expect(document.components?.securitySchemes?.['basic']).toMatchObject({ type: 'http', scheme: 'basic' });
    expect(document.paths['/notes']?.get?.security).toEqual([{ bearer: [] }, { basic: [] }]);
  });
});

describe('Basic without passwords to check', () => {
  it('is refused at boot', async () => {
    const boot = startApplication('express', { imports: [AuthModule.forRoot({ basic: {} })] });
    await expect(boot).rejects.toThrow(/basic needs `users`, a user source with verifyCredentials\(\)/);
  });
});
