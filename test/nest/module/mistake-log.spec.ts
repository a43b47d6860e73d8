// What a developer reads about pages that were refused, and what the log of a production service does not repeat.
import { afterEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { memoryStores } from 'nestjs-latchkey';
import { ADAPTERS } from '../../support/applications.js';
import { CookieJar } from '../../support/cookie-jar.js';
import { ISSUER, PASSWORD, type RecordingApp, type RecordingAppOptions } from '../../support/recording-app.js';
import { signedInBrowser, startRecordingBrowserApp } from '../../support/recording-browser-app.js';

const open: RecordingApp[] = [];
const environment = process.env['NODE_ENV'];
afterEach(async () => {
  process.env['NODE_ENV'] = environment;
  for (const app of open.splice(0)) await app.close();
});

const ada = { username: 'ada', password: PASSWORD };
const OTHER = 'https://other.example';

describe.each(ADAPTERS)('the log about refused pages on %s', (adapter) => {
  async function start(options: RecordingAppOptions = {}): Promise<RecordingApp> {
    const app = await startRecordingBrowserApp(adapter, options);
    open.push(app);
    return app;
  }
  const refused = ({ logged }: RecordingApp) =>
    logged.filter((line) => line.includes('A request was refused with csrf'));

  it('names origin, accepted origins and option at a sign-in and at a guarded route, once for each sentence', async () => {
    const app = await start({ csrf: { trustedOrigins: ['https://shop.example'] } });
    const jar = await signedInBrowser(app);
    const headers = { origin: OTHER, 'x-csrf-token': await jar.csrfToken() };
    for (const path of ['/me/echo/x', '/me/echo/y', '/auth/cookie/login']) {
      const answer = await jar.send(path, { method: 'POST', headers, body: ada });
      expect([answer.status, await answer.json()]).toMatchObject([403, { errorCode: 'csrf_origin_rejected' }]);
    }
    expect(refused(app)).toEqual([
      expect.stringContaining(
        `its Origin is "${OTHER}". Accepted are ${ISSUER}, https://shop.example. Add the origin of your page to csrf.trustedOrigins.`,
      ),
    ]);
  });

  it('names issuer if the page came from the port of the server', async () => {
    const app = await start();
    const jar = new CookieJar(app);
    const headers = { origin: app.url, 'x-csrf-token': await jar.csrfToken() };
    expect((await jar.send('/auth/cookie/login', { method: 'POST', headers, body: ada })).status).toBe(403);
    expect(refused(app)).toEqual([expect.stringContaining('set `issuer` to that origin')]);
  });

  it('says that the token changes at sign-in, and repeats no token', async () => {
    const app = await start();
    const jar = new CookieJar(app);
    const before = await jar.csrfToken();
    await jar.send('/auth/cookie/login', { method: 'POST', headers: { 'x-csrf-token': before }, body: ada });
    const answer = await jar.send('/me/echo/x', { method: 'POST', headers: { 'x-csrf-token': before } });
    expect(await answer.json()).toMatchObject({ errorCode: 'csrf_token_invalid' });
    expect(refused(app)).toEqual([expect.stringContaining('The token changes at sign-in')]);
    expect(app.logged.join()).not.toContain(before);
  });

  it('repeats in production nothing of what clients send', async () => {
    process.env['NODE_ENV'] = 'production';
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const app = await start({ keys: privateKey, structure: { stores: memoryStores() } });
    const jar = await signedInBrowser(app);
    const headers = { origin: OTHER, 'x-csrf-token': await jar.csrfToken() };
    expect((await jar.send('/me/echo/x', { method: 'POST', headers })).status).toBe(403);
    expect(app.logged.join()).not.toContain(OTHER);
  });
});
