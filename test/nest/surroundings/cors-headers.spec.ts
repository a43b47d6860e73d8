// The headers that pages of other origins may send and read, by the names of the options.
import { describe, expect, it } from '@jest/globals';
import { AuthModule, memoryStores, type AuthModuleOptions, type AuthModuleStructure } from 'nestjs-latchkey';
import { corsHeaders, type CorsHeaders } from 'nestjs-latchkey/browser';
import { tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, startApplication, type AdapterName } from '../../support/applications.js';
import { UserDirectory } from '../../support/user-directory.js';

const PAGE = 'https://app.example.com';

class People extends UserDirectory {
  constructor() {
    super([]);
  }

  override async completeChallenge(): Promise<undefined> {
    return undefined;
  }
}

/** The headers, and what a browser is told before it sends them. */
async function headersOf(adapter: AdapterName, all: readonly (AuthModuleOptions & AuthModuleStructure)[]) {
  let headers: CorsHeaders | undefined;
  const running = await startApplication(adapter, {
    imports: all.map((options) => AuthModule.forRoot(options)),
    providers: [People],
    configure: (app) => {
      headers = corsHeaders(app);
      app.enableCors({ origin: [PAGE], credentials: true, ...headers });
    },
  });
  const asked = { origin: PAGE, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-other' };
  const preflight = await running.fetch('/any', { method: 'OPTIONS', headers: asked });
  await running.close();
  const told = preflight.headers.get('access-control-allow-headers')?.split(/, ?/);
  expect(told).toEqual(headers?.allowedHeaders);
  return headers;
}

describe.each(ADAPTERS)('corsHeaders() on %s', (adapter) => {
  it('names the header of tokens, and no CSRF token where no browser sends anything by itself', async () => {
    expect(await headersOf(adapter, [{}])).toEqual({
      allowedHeaders: ['content-type', 'authorization'],
      exposedHeaders: ['www-authenticate', 'retry-after'],
    });
  });

  it('follows the names of the options, of all configurations', async () => {
    const stores = memoryStores();
    const steps = { users: People, stores, controllers: [tokenController({ steps: true })] };
    const headers = await headersOf(adapter, [
      { ...steps, header: { name: 'X-Token', schemes: ['JWT'] }, cookies: {}, csrf: { headerName: 'X-Intent' } },
      { name: 'admin', audience: 'admin' },
    ]);
    expect(headers?.allowedHeaders).toEqual([
      'content-type',
      'x-token',
      'x-intent',
      'sign-in-challenge',
      'sign-in-verifier',
      'authorization',
    ]);
  });
});
