// The line of development about a refused request: what it says for each kind of refusal, when it is written, and what it never holds.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param } from '@nestjs/common';
import {
  AllowClients,
  AuthError,
  Public,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  memoryStores,
} from 'nestjs-latchkey';
import { FixedClock } from 'nestjs-latchkey/testing';
import { generateKeyPairSync } from 'node:crypto';
import { ADAPTERS } from '../../support/applications.js';
import {
  PASSWORD,
  startRecordingApp,
  type RecordingApp,
  type RecordingAppOptions,
} from '../../support/recording-app.js';
import {
  signedInBrowser,
  startRecordingBrowserApp,
  type RecordingBrowserOptions,
} from '../../support/recording-browser-app.js';
import { readText } from '../../support/repository.js';

const open: RecordingApp[] = [];
const environment = process.env['NODE_ENV'];
afterEach(async () => {
  process.env['NODE_ENV'] = environment;
  for (const app of open.splice(0)) await app.close();
});

const PAGES = 'https://github.com/nestjs-latchkey/nestjs-latchkey/blob/main/docs/errors';
const explained = { errors: { explain: true } } as const;

@Controller('reports')
class ReportsController {
  @RequireScopes('reports:read') @Get(':id') one(@Param('id') id: string) {
    return { id };
  }
  @RequireRoles('staff') @Get(':id/notes') notes() {
    return [];
  }
  @RequireRecentAuth('1s') @AllowClients() @Get(':id/secret') secret() {
    return [];
  }
  @Public() @Get(':id/thrown') thrown(): never {
    throw new AuthError('insufficient_scope', { requiredScopes: ['a', 'b'] });
  }
}

class ReportsModule {}

const refusedLines = ({ logged }: RecordingApp): readonly string[] =>
  logged.filter((line) => line.includes(' refused with ')).map((line) => line.replace(/ AuthModule$/, ''));

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe.each(ADAPTERS)('a refused request in development on %s', (adapter) => {
  async function start(options: RecordingAppOptions = explained): Promise<RecordingApp> {
    const reports = { module: ReportsModule, controllers: [ReportsController] };
    const app = await startRecordingApp(adapter, { imports: [reports], ...options });
    open.push(app);
    return app;
  }

  async function startBrowser(options: RecordingBrowserOptions = explained): Promise<RecordingApp> {
    const app = await startRecordingBrowserApp(adapter, options);
    open.push(app);
    return app;
  }

  it('without a credential is the line that docs/tasks/why-401.md shows', async () => {
    const app = await start();
    expect((await app.fetch('/me')).status).toBe(401);
    const lines = refusedLines(app);
    expect(lines).toEqual([
      `GET /me (MeController.me) was refused with 401 unauthenticated; schemes: bearer. Check: is a credential there. ` +
        `Would pass: bearer: the header authorization: Bearer <access token>. ${PAGES}/unauthenticated.md`,
    ]);
    expect(readText('docs/tasks/why-401.md')).toContain(lines[0]?.replace(` ${PAGES}`, `\n${PAGES}`));
  });

  it('names the pattern of the route, the scheme and the broken rule, and never the token', async () => {
    const app = await start();
    const { accessToken } = await app.signIn();
    const forged = `${accessToken.slice(0, -4)}AAAA`;
    expect((await app.fetch('/reports/secret-id-42', bearer(forged))).status).toBe(401);
    expect(refusedLines(app)).toEqual([
      expect.stringMatching(
        /^GET \/reports\/:id \(ReportsController\.one\) was refused with 401 token_invalid by the scheme bearer\. Check: the signature of the token.*errors\/token_invalid\.md$/,
      ),
    ]);
    const all = app.logged.join('\n');
    for (const part of [...forged.split('.'), 'secret-id-42']) expect(all).not.toContain(part);
  });

  it.each([
    ['/reports/1', 'insufficient_scope', '(scopes reports:read)'],
    ['/reports/1/notes', 'forbidden', '(roles(staff))'],
    ['/reports/1/thrown', 'insufficient_scope', '(scopes a b)'],
  ])('to %s says what would have passed: %s %s', async (path, code, passes) => {
    const app = await start();
    const { accessToken } = await app.signIn();
    expect((await app.fetch(path, bearer(accessToken))).status).toBe(403);
    expect(refusedLines(app)).toEqual([expect.stringContaining(`403 ${code}`)]);
    expect(refusedLines(app)[0]).toContain(passes);
    expect(refusedLines(app)[0]).toContain('/reports/:id');
  });

  it('of a sign-in and of a refresh is one line without password and token', async () => {
    const app = await start();
    const { refreshToken = '' } = await app.signIn();
    expect((await app.post('/auth/token', { username: 'ada', password: 'not the password' })).status).toBe(401);
    expect((await app.post('/auth/token/refresh', { refresh_token: `${refreshToken}x` })).status).toBe(401);
    expect((await app.post('/auth/token', { username: 'ada' })).status).toBe(400);
    expect(refusedLines(app)).toEqual([
      expect.stringMatching(/^POST \/auth\/token\b.* was refused with 401 invalid_credentials\. /),
      expect.stringMatching(/^POST \/auth\/token\/refresh\b.* was refused with 401 token_/),
      expect.stringMatching(
        /^POST \/auth\/token\b.* was refused with 400 invalid_request\. Check: the body of the request\. Would pass: [^:()]+\. https:/,
      ),
    ]);
    expect(app.logged.join()).not.toMatch(/not the password/);
    expect(app.logged.join()).not.toContain(refreshToken.slice(0, 20));
  });

  it('of a page is one line, which has origin and option, with control characters escaped', async () => {
    const app = await startBrowser();
    const jar = await signedInBrowser(app);
    const token = await jar.csrfToken();
    const origin = 'https://other.example\u009b31m';
    for (const path of ['/me/echo/x', '/auth/cookie/login']) {
      const headers = { origin, 'x-csrf-token': token };
      const body = { username: 'ada', password: PASSWORD };
      expect((await jar.send(path, { method: 'POST', headers, body })).status).toBe(403);
    }
    expect(refusedLines(app)).toHaveLength(2);
    for (const line of refusedLines(app)) {
      expect(line).toContain('403 csrf_origin_rejected');
      expect(line).toContain(String.raw`https://other.example\u{9b}31m`);
      expect(line).toContain('csrf.trustedOrigins');
    }
    // oxlint-disable-next-line no-control-regex
    expect(app.logged.join('')).not.toMatch(/[\u0080-\u009f]/);
    expect(app.logged.join()).not.toContain(token);
  });

  it('is a line at most sixty times a minute, and then a count', async () => {
    const clock = new FixedClock(new Date());
    const app = await start({ ...explained, structure: { clock } });
    for (let round = 0; round < 70; round += 1) expect((await app.fetch('/me')).status).toBe(401);
    expect(refusedLines(app)).toHaveLength(60);
    clock.advance('61s');
    expect((await app.fetch('/me')).status).toBe(401);
    expect(refusedLines(app)).toHaveLength(61);
    expect(app.logged.filter((line) => line.startsWith('10 more refused requests were not logged.'))).toHaveLength(1);
  });

  it('is no line with NODE_ENV=test, with explain: false, and in production', async () => {
    const quiet = async (env: string, options: RecordingAppOptions): Promise<number> => {
      process.env['NODE_ENV'] = env;
      const app = await start(options);
      process.env['NODE_ENV'] = environment;
      expect((await app.fetch('/me')).status).toBe(401);
      return refusedLines(app).length;
    };
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const production = { keys, structure: { stores: memoryStores() }, ...explained };
    expect(await quiet('development', {})).toBe(1);
    expect(await quiet('test', {})).toBe(0);
    expect(await quiet('development', { errors: { explain: false } })).toBe(0);
    expect(await quiet('production', production)).toBe(0);
  });

  it('replaces the debug line about the broken rule', async () => {
    const app = await start();
    const { accessToken } = await app.signIn();
    await app.fetch('/me', bearer(`${accessToken.slice(0, -4)}AAAA`));
    expect(app.logged.filter((line) => line.includes('token_invalid'))).toHaveLength(1);
  });
});
