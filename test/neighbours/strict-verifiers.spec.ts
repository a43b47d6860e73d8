// Our tokens at services that are not ours: express-oauth2-jwt-bearer with `strict: true`, passport-jwt and jsonwebtoken over jwks-rsa.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ADAPTERS } from '../support/applications.js';
import { AUDIENCE, startIssuingApp, type IssuingApp } from '../support/issuer-app.js';
import { root } from '../support/repository.js';

interface Verifiers {
  readonly url: string;
  readonly child: ChildProcess;
}

async function startVerifiers(issuer: string): Promise<Verifiers> {
  const child = spawn(process.execPath, [join(root, 'test/support/strict-verifiers-app.js')], {
    cwd: root,
    env: { PATH: process.env['PATH'], NODE_ENV: 'test', ISSUER: issuer, AUDIENCE },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const written: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => written.push(String(chunk)));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The service did not start:\n${written.join('')}`);
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  ended.catch(() => {});
  return { child, ...(JSON.parse(line) as { url: string }) };
}

const KEYS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
};
const CASES = ADAPTERS.flatMap((adapter) => [[adapter, 'RS256'] as const, [adapter, 'ES256'] as const]);

describe.each(CASES)('third-party services, with an issuer on %s that signs with %s', (adapter, alg) => {
  let app: IssuingApp;
  let verifiers: Verifiers;
  beforeAll(async () => {
    app = await startIssuingApp(adapter, { keys: { key: KEYS[alg], alg } });
    verifiers = await startVerifiers(app.issuer);
  }, 60_000);
  afterAll(async () => {
    verifiers.child.stdin?.end();
    await Promise.all([once(verifiers.child, 'exit'), app.close()]);
  });

  const ask = (path: string, token: string): Promise<Response> =>
    fetch(verifiers.url + path, { headers: { authorization: `Bearer ${token}` } });

  it.each(['/strict', '/scoped', '/passport', '/by-hand'])(
    'accept a user token, also after a refresh and with a client of its own, at %s',
    async (path) => {
      const pair = await app.signIn();
      const next = await app.tokens.refresh(pair.refreshToken);
      const ofApp = await app.signIn('ada', { clientId: 'ios' });
      for (const [{ accessToken }, clientId] of [
        [pair, app.issuer],
        [next, app.issuer],
        [ofApp, 'ios'],
      ] as const) {
        const answer = await ask(path, accessToken);
        expect([answer.status, await answer.json()]).toMatchObject([200, { sub: 'ada', client_id: clientId }]);
      }
    },
  );

  it.each(['/strict', '/passport', '/by-hand'])('accept a client token at %s', async (path) => {
    const { accessToken } = await app.tokens.issueForClient('nightly');
    const answer = await ask(path, accessToken);
    expect([answer.status, await answer.json()]).toMatchObject([200, { sub: 'nightly', client_id: 'nightly' }]);
  });

  it.each(['/strict', '/passport', '/by-hand'])(
    'refuse a refresh token, and a token for another service, at %s',
    async (path) => {
      const { refreshToken } = await app.signIn();
      const { accessToken } = await app.signIn('ada', { audience: 'elsewhere' });
      const statuses = [refreshToken, accessToken].map(async (token) => (await ask(path, token)).status);
      expect(await Promise.all(statuses)).toEqual([401, 401]);
    },
  );
});
