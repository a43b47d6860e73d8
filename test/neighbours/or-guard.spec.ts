import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { root } from '../support/repository.js';

interface Composed {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string;
}

/** The package is CommonJS and needs Nest, which Jest cannot load for it: the application is a process of its own. */
async function start(adapter: string, defaultGuard: boolean): Promise<Composed> {
  const child = spawn(process.execPath, [join(root, 'test/support/or-guard-app.js')], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'test', ADAPTER: adapter, DEFAULT_GUARD: String(defaultGuard) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const written: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => written.push(String(chunk)));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The application did not start:\n${written.join('')}`);
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  ended.catch(() => {});
  return { child, ...(JSON.parse(line) as { url: string; token: string }) };
}

const refusalHeaders = ({ headers }: Response) => ({
  challenge: headers.get('www-authenticate'),
  cache: headers.get('cache-control'),
  type: headers.get('content-type'),
});

const NO_HEADERS = { challenge: null, cache: null, type: expect.stringMatching(/^application\/json/) as unknown };

describe.each(ADAPTERS)('guards of @nest-lab/or-guard around ours on %s', (adapter) => {
  let app: Composed;
  beforeAll(async () => {
    app = await start(adapter, false);
  }, 60_000);
  afterAll(async () => {
    app.child.stdin?.end();
    await once(app.child, 'exit');
  });
  const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, { headers });
  const statusOf = async (path: string, headers?: Record<string, string>): Promise<number> =>
    (await ask(path, headers)).status;
  const token = (): Record<string, string> => ({ authorization: `Bearer ${app.token}` });
  const junk = { authorization: 'Bearer junk' };
  const key = { 'x-key': 'k-1' };

  it.each(['/plain/either', '/public/either', '/listed/either'])(
    'OrGuard opens %s only with a valid token or the key',
    async (path) => {
      expect([await statusOf(path), await statusOf(path, junk)]).toEqual([401, 401]);
      expect([await statusOf(path, token()), await statusOf(path, key)]).toEqual([200, 200]);
      expect(await statusOf(path, { ...junk, ...key })).toBe(200);
    },
  );

  it('OrGuard leaves no header of a refusal on an accepted response', async () => {
    for (const path of ['/plain/either', '/public/either', '/plain/quietly']) {
      const headersOf = async (headers: Record<string, string>) => refusalHeaders(await ask(path, headers));
      expect([path, await headersOf(key)]).toEqual([path, NO_HEADERS]);
      expect([path, await headersOf({ ...junk, ...key })]).toEqual([path, NO_HEADERS]);
    }
  });

  it('AndGuard sends the headers of the refusal that it returns', async () => {
    expect(refusalHeaders(await ask('/plain/both', { ...junk, ...key }))).toEqual({
      challenge: expect.stringMatching(/^Bearer .*error="invalid_token"/),
      cache: 'no-store',
      type: expect.stringMatching(/^application\/problem\+json/),
    });
  });

  it.each(['/plain/quietly', '/public/quietly'])(
    'OrGuard without an option answers %s with 403, as it does over any guard',
    async (path) => {
      expect([await statusOf(path), await statusOf(path, junk)]).toEqual([403, 403]);
      expect([await statusOf(path, token()), await statusOf(path, key)]).toEqual([200, 200]);
    },
  );

  it.each(['/plain/both', '/public/both', '/listed/both'])('AndGuard requires both on %s', async (path) => {
    expect([await statusOf(path), await statusOf(path, junk), await statusOf(path, key)]).toEqual([401, 401, 401]);
    expect(await statusOf(path, token())).toBe(401);
    expect(await statusOf(path, { ...junk, ...key })).toBe(401);
    expect(await statusOf(path, { ...token(), ...key })).toBe(200);
  });
});

describe.each(ADAPTERS)('guards of @nest-lab/or-guard beside the default guard on %s', (adapter) => {
  it('are checked in addition to it, and alone if the route is public', async () => {
    const { child, url, token } = await start(adapter, true);
    const headers = { authorization: `Bearer ${token}` };
    const statusOf = async (path: string, init?: RequestInit): Promise<number> =>
      (await fetch(url + path, init)).status;
    expect([await statusOf('/plain/either'), await statusOf('/public/either')]).toEqual([401, 401]);
    expect(await statusOf('/plain/either', { headers: { 'x-key': 'k-1' } })).toBe(401);
    expect(await statusOf('/public/either', { headers: { 'x-key': 'k-1' } })).toBe(200);
    expect([await statusOf('/plain/either', { headers }), await statusOf('/public/either', { headers })]).toEqual([
      200, 200,
    ]);
    child.stdin?.end();
    await once(child, 'exit');
  }, 60_000);
});
