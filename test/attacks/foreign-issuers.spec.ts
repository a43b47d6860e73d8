// Attacks on an application that trusts an external issuer by the URL of its keys: substituted tokens, and faults of the key endpoint.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { BlocklistService } from 'nestjs-latchkey';
import type { TrustOptions } from 'nestjs-latchkey/issuers';
import { ADAPTERS } from '../support/applications.js';
import { challengeOf, codeOf, expectRefusal } from '../support/refusal-invariants.js';
import * as endpoint from '../support/key-server.js';
import { startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { ACCESS, startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { sendLines } from '../support/raw-http.js';

const ISSUER = 'https://sister.example';
const OTHER = 'https://other.example';

interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function signer(kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

const now = (): number => Math.floor(new Date().getTime() / 1_000);

function sign(by: Signer, claims: Readonly<Record<string, unknown>> = {}, header: object = {}): Promise<string> {
  const payload = { iss: ISSUER, sub: 'ada', aud: 'accounts', iat: now(), exp: now() + 300, ...claims };
  return new SignJWT(payload as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', kid: by.kid, typ: 'at+jwt', ...header })
    .sign(by.privateKey);
}

const trusts = (jwksUri: string, issuer = ISSUER, keys: object = {}): TrustOptions => ({
  issuer,
  audience: 'accounts',
  keys: { jwksUri, allowLoopbackHttp: true, timeout: '200ms', ...keys },
});

describe.each(ADAPTERS)('An application that trusts an external issuer, on %s', (adapter) => {
  let server: endpoint.KeyServer;
  let app: RecordingApp;
  let ours: Signer;
  let stranger: Signer;

  beforeAll(async () => {
    [ours, stranger] = await Promise.all([signer('ours'), signer('stranger')]);
    server = await endpoint.keyServer(endpoint.serve({ keys: [ours.jwk] }));
    const elsewhere = endpoint.routes({
      '/jwks': endpoint.serve({ keys: [ours.jwk] }),
      '/other': endpoint.serve({ keys: [{ ...stranger.jwk, kid: 'ours' }] }),
    });
    server.answer(elsewhere);
    app = await startRecordingApp(adapter, {
      trust: [trusts(`${server.url}/jwks`), trusts(`${server.url}/other`, OTHER)],
    });
  });

  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  const present = (authorization: string) => app.fetch('/me', { headers: { authorization } });

  async function expectRefused(authorization: string, code: string): Promise<void> {
    const before = app.events.length;
    const answer = await expectRefusal(app, () => present(authorization), { secrets: [authorization] });
    expect([answer.status, codeOf(answer)]).toEqual([401, code]);
    expect(challengeOf(answer)).toMatch(/^Bearer error="invalid_token"/);
    expect(app.events.slice(before)).toContainEqual(
      expect.objectContaining({ type: 'attempt', outcome: 'rejected', code }),
    );
  }

  it('accepts a valid token as an external user', async () => {
    const response = await present(`Bearer ${await sign(ours)}`);
    expect([response.status, await response.json()]).toEqual([200, { subject: 'ada', scheme: 'bearer' }]);
    expect(app.people.lookups).toBe(0);
  });

  it('answers a request without a token with a challenge that has no error', async () => {
    const answer = await expectRefusal(app, () => app.fetch('/me'));
    expect([answer.status, codeOf(answer), challengeOf(answer)]).toEqual([401, 'unauthenticated', 'Bearer']);
  });

  it('refuses a malformed bearer token', async () => {
    await expectRefused('Bearer', 'malformed_header');
    await expectRefused('Bearer not-a-token', 'token_malformed');
  });

  it('reports "unavailable" for an unknown key until the issuer was asked, and "unknown" afterwards', async () => {
    await present(`Bearer ${await sign(ours)}`);
    const authorization = `Bearer ${await sign({ ...ours, kid: 'unknown' })}`;
    const early = await expectRefusal(app, () => present(authorization), { secrets: [authorization] });
    expect([early.status, codeOf(early)]).toEqual([503, 'keys_unavailable']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const cold = await startRecordingApp(adapter, { trust: [trusts(`${server.url}/jwks`)] });
    const asked = await cold.fetch('/me', { headers: { authorization } });
    expect([asked.status, await asked.json()]).toMatchObject([401, { errorCode: 'unknown_key' }]);
    await cold.close();
  });

  it('keeps a cookie while its key cannot be fetched yet, and clears one that is refused', async () => {
    const issuers = { trust: [trusts(`${server.url}/jwks`)] };
    const [warm, cold] = [
      await startRecordingBrowserApp(adapter, issuers),
      await startRecordingBrowserApp(adapter, issuers),
    ];
    const cookie = `${ACCESS}=${await sign({ ...ours, kid: 'rotated' })}`;
    try {
      expect((await warm.fetch('/me', { headers: { authorization: `Bearer ${await sign(ours)}` } })).status).toBe(200);
      const early = await warm.fetch('/me', { headers: { cookie } });
      expect([early.status, early.headers.get('set-cookie')]).toEqual([503, null]);
      const refused = await cold.fetch('/me', { headers: { cookie } });
      expect([refused.status, refused.headers.get('set-cookie')]).toEqual([
        401,
        expect.stringContaining(`${ACCESS}=;`),
      ]);
    } finally {
      await Promise.all([warm.close(), cold.close()]);
    }
  });

  it('has a code of its own for signature, audience and expiry', async () => {
    await expectRefused(`Bearer ${await sign({ ...stranger, kid: 'ours' })}`, 'token_invalid');
    await expectRefused(`Bearer ${await sign(ours, { aud: 'others' })}`, 'invalid_audience');
    await expectRefused(`Bearer ${await sign(ours, { iat: now() - 600, exp: now() - 300 })}`, 'token_expired');
  });

  it('refuses an untrusted issuer without fetching any keys', async () => {
    await present(`Bearer ${await sign(ours)}`);
    const before = server.requests.length;
    for (const iss of ['https://evil.example', server.url, `${ISSUER}/`, 'http://169.254.169.254/']) {
      await expectRefused(
        `Bearer ${await sign(stranger, { iss }, { jku: `${server.url}/jwks`, jwk: stranger.jwk })}`,
        'invalid_issuer',
      );
    }
    expect(server.requests).toHaveLength(before);
  });

  it('refuses an ID token, whatever its audience', async () => {
    await expectRefused(`Bearer ${await sign(ours, { nonce: 'n', at_hash: 'h' }, { typ: 'JWT' })}`, 'wrong_token_type');
    await expectRefused(`Bearer ${await sign(ours, { nonce: 'n' })}`, 'wrong_token_type');
  });

  it('refuses tokens for another purpose, environment or service', async () => {
    await expectRefused(`Bearer ${await sign(ours, {}, { typ: 'logout+jwt' })}`, 'wrong_token_type');
    await expectRefused(`Bearer ${await sign(ours, { iss: 'https://staging.sister.example' })}`, 'invalid_issuer');
    await expectRefused(`Bearer ${await sign(ours, { aud: 'courses' })}`, 'invalid_audience');
  });

  it('looks for a key id in the key set of the issuer that the token names', async () => {
    await expectRefused(`Bearer ${await sign(ours, { iss: OTHER })}`, 'token_invalid');
    const response = await present(`Bearer ${await sign({ ...stranger, kid: 'ours' }, { iss: OTHER })}`);
    expect(response.status).toBe(200);
  });

  it('refuses a client on a route that does not allow clients', async () => {
    const token = await sign(ours, { client_id: 'ada' });
    const answer = await expectRefusal(app, () => present(`Bearer ${token}`), { secrets: [token] });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'client_not_allowed']);
  });

  it('cannot revoke a token of our own by its id in an external token', async () => {
    const { accessToken, sid } = await app.signIn();
    const { jti } = decodeJwt(accessToken);
    const theirs = await sign(ours, { jti, sid });
    await app.tokens.revoke(theirs);
    expect((await app.post('/auth/token/revoke', { token: theirs })).status).toBe(200);
    for (const token of [theirs, accessToken]) expect((await present(`Bearer ${token}`)).status).toBe(200);
    expect(await app.app.get(BlocklistService).list()).toEqual([]);
  });

  it('answers claims of every wrong type with 200, 401 or 403, never with 500', async () => {
    const names = [
      'iss',
      'sub',
      'aud',
      'exp',
      'nbf',
      'iat',
      'jti',
      'sid',
      'scope',
      'scp',
      'roles',
      'kind',
      'client_id',
      'is_restricted',
    ];
    const values = [null, true, 0, -1, 1e300, '', 'x', [], {}, [null], [[]], [{}], { a: 1 }, 'é\u0000', '__proto__'];
    const statuses = new Set<number>();
    for (const name of names) {
      for (const value of values) statuses.add((await present(`Bearer ${await sign(ours, { [name]: value })}`)).status);
    }
    expect([...statuses].filter((status) => ![200, 401, 403].includes(status))).toEqual([]);
  }, 60_000);
});

describe.each(ADAPTERS)('The keys of an external issuer on %s', (adapter) => {
  let ours: Signer;

  beforeAll(async () => {
    ours = await signer('ours');
  });

  async function withServer(
    behaviour: endpoint.Behaviour,
    work: (server: endpoint.KeyServer, app: RecordingApp) => Promise<void>,
    keys: object = {},
  ): Promise<void> {
    const server = await endpoint.keyServer(behaviour);
    const app = await startRecordingApp(adapter, { trust: [trusts(`${server.url}/jwks`, ISSUER, keys)] });
    try {
      await work(server, app);
    } finally {
      await app.close();
      await server.stop();
    }
  }

  const get = async (app: RecordingApp) =>
    app.fetch('/me', { headers: { authorization: `Bearer ${await sign(ours)}` } });

  const failures: readonly (readonly [string, endpoint.Behaviour])[] = [
    ['are not answered', endpoint.silence],
    ['come a byte at a time', endpoint.trickle(20)],
    ['are forbidden', endpoint.refuse(403)],
    ['are a page of HTML', endpoint.serve('<html></html>')],
    ['are a compression bomb', endpoint.bomb(64 * 1024 * 1024)],
    ['are cut short', endpoint.cutChunk],
    ['moved', endpoint.refuse(302, { location: 'http://169.254.169.254/' })],
  ];

  it.each(failures)('that %s cause 503 while none are cached, and recovery needs no restart', async (_, behaviour) => {
    await withServer(behaviour, async (server, app) => {
      const answer = await expectRefusal(app, () => get(app));
      expect([answer.status, codeOf(answer), challengeOf(answer)]).toEqual([503, 'keys_unavailable', undefined]);
      expect(Number(answer.headers.get('retry-after')?.[0])).toBeGreaterThanOrEqual(1);
      server.answer(endpoint.serve({ keys: [ours.jwk] }));
      expect(await statusAfterRest(() => get(app))).toBe(200);
    });
  });

  it('that are cached stay valid during an outage', async () => {
    await withServer(endpoint.serve({ keys: [ours.jwk] }), async (server, app) => {
      expect((await get(app)).status).toBe(200);
      await server.stop();
      expect((await get(app)).status).toBe(200);
      expect(server.requests).toHaveLength(1);
    });
  });

  it('are fetched once for a hundred first requests at once', async () => {
    await withServer(endpoint.serve({ keys: [ours.jwk] }), async (server, app) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => get(app)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(server.requests).toHaveLength(1);
    });
  });

  it('are fetched at boot only with `eager`, and then must be available', async () => {
    await withServer(endpoint.refuse(500), async (server) => {
      expect(server.requests).toHaveLength(0);
      const eager = { trust: [trusts(`${server.url}/jwks`, ISSUER, { eager: true })] };
      await expect(startRecordingApp(adapter, eager)).rejects.toThrow(
        /sister\.example.*could not be fetched.*status 500/s,
      );
      expect(server.requests).toHaveLength(1);
    });
    await withServer(endpoint.serve({ keys: [ours.jwk] }), async (server) => expect(server.requests).toHaveLength(1), {
      eager: true,
    });
  });

  it('that are being fetched do not delay the shutdown', async () => {
    const server = await endpoint.keyServer(endpoint.silence);
    const app = await startRecordingApp(adapter, { trust: [trusts(`${server.url}/jwks`, ISSUER, { timeout: '5s' })] });
    // Over a separate connection: a keep-alive connection would keep the server from closing.
    const authorization = `Authorization: Bearer ${await sign(ours)}`;
    const answer = sendLines(app.url, ['GET /me HTTP/1.1', authorization]);
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const ended = app.close().then(() => 'ended');
    const late = new Promise((resolve) => setTimeout(resolve, 1_000, 'late').unref());
    expect((await answer).status).toBe(503);
    expect(await Promise.race([ended, late])).toBe('ended');
    await server.stop();
  });
});

/** Repeats the request while the answer is that it is too early. */
async function statusAfterRest(ask: () => Promise<Response>): Promise<number> {
  const deadline = AbortSignal.timeout(10_000);
  for (;;) {
    const { status } = await ask();
    if (status !== 503 || deadline.aborted) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
