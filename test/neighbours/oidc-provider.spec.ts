// A real OpenID Connect provider (npm oidc-provider) as a trusted issuer by discovery, with every kind of key, through a rotation.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { createServer, type RequestListener, type Server } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { AllowClients, CurrentPrincipal, AuthModule, Clock, type Principal } from 'nestjs-latchkey';
import type { TrustOptions } from 'nestjs-latchkey/issuers';
import { Provider } from 'oidc-provider';
import { type RunningApplication, startApplication } from '../support/applications.js';
import { freePort } from '../support/database-server.js';
import { OffsetClock } from '../support/clocks.js';

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
const resourceFor = (alg: string): string => `https://courses.example/${alg}`;
const SECRET = 'the secret of a client that only this test has';

@AllowClients()
@Controller('kind')
class KindController {
  @Get() kind(@CurrentPrincipal() { kind }: Principal) {
    return { kind };
  }
}

let server: Server;
let issuer: string;
let answer: RequestListener;
let jwksRequests = 0;

/** Takes the place of the provider that was there, with these keys. */
function provide(keys: readonly JWK[]): void {
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map((key) => ({ ...key })) } as never,
    clients: [
      {
        client_id: 'batch',
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'read',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource.split('/').at(-1) as 'RS256' } },
        }),
      },
    },
  });
  answer = provider.callback();
}

async function tokenFor(alg: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`batch:${encodeURIComponent(SECRET)}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', resource: resourceFor(alg) }),
  });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`No token: ${JSON.stringify(body)}`);
  return body.access_token;
}

const running: RunningApplication[] = [];

beforeAll(async () => {
  // It warns at length of what a test may do.
  for (const level of ['info', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => {});
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  server = createServer((request, response) => {
    if (request.url === '/jwks') jwksRequests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

afterAll(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
});

beforeEach(() => {
  jwksRequests = 0;
});

const keysOf = (algorithms: readonly string[]): Promise<JWK[]> =>
  Promise.all(
    algorithms.map(async (alg, index) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${index}-${Math.random()}` };
    }),
  );

async function verifier(changes: Partial<TrustOptions> = {}) {
  const clock = new OffsetClock();
  const options: TrustOptions = {
    issuer,
    audience: ALGORITHMS.map(resourceFor),
    algorithms: ALGORITHMS,
    keys: { discovery: true, allowLoopbackHttp: true },
    ...changes,
  };
  const app = await startApplication('express', {
    imports: [AuthModule.forRoot({ trust: [options] })],
    controllers: [KindController],
    prepare: (builder) => builder.overrideProvider(Clock).useValue(clock),
  });
  running.push(app);
  const verdict = async (token: string): Promise<string> => {
    const response = await app.fetch('/kind', { headers: { authorization: `Bearer ${token}` } });
    const { kind, errorCode } = (await response.json()) as { kind?: string; errorCode?: string };
    return kind ?? `${response.status} ${errorCode}`;
  };
  return { clock, verdict };
}

describe('oidc-provider as an issuer by discovery', () => {
  it('issues tokens that are verified, whichever of its keys signed them', async () => {
    provide(await keysOf(ALGORITHMS));
    const { verdict } = await verifier();
    for (const alg of ALGORITHMS) {
      const token = await tokenFor(alg);
      expect([alg, await verdict(token)]).toEqual([alg, 'client']);
      expect(await verdict(`${token.slice(0, -6)}AAAAAA`)).toBe('401 token_invalid');
    }
    expect(jwksRequests).toBe(1);
  });

  it('issues tokens that are refused for another service, and for unlisted algorithms', async () => {
    provide(await keysOf(ALGORITHMS));
    const { verdict } = await verifier({ audience: resourceFor('RS256') });
    expect(await verdict(await tokenFor('ES256'))).toBe('401 invalid_audience');
    const narrow = await verifier({ algorithms: ['RS256'] });
    expect(await narrow.verdict(await tokenFor('ES256'))).toBe('401 algorithm_not_allowed');
  });

  it('may rotate at once without a refused client: 503 until the next fetch, then 200', async () => {
    const before = await keysOf(ALGORITHMS);
    provide(before);
    const { clock, verdict } = await verifier();
    const old = await tokenFor('RS256');
    expect(await verdict(old)).toBe('client');
    const after = await keysOf(ALGORITHMS);
    provide([...after, ...before]);
    const tokens = await Promise.all(ALGORITHMS.map(tokenFor));
    for (const token of tokens) expect(await verdict(token)).toBe('503 keys_unavailable');
    expect(jwksRequests).toBe(1);
    clock.seconds += 31;
    for (const token of tokens) expect(await verdict(token)).toBe('client');
    expect(await verdict(old)).toBe('client');
    expect(jwksRequests).toBe(2);
  });

  it('may withdraw a key, whose tokens are refused after the next fetch', async () => {
    provide(await keysOf(ALGORITHMS));
    const { clock, verdict } = await verifier();
    const old = await tokenFor('ES256');
    expect(await verdict(old)).toBe('client');
    provide(await keysOf(ALGORITHMS));
    clock.seconds += 31;
    expect(await verdict(await tokenFor('ES256'))).toBe('client');
    clock.seconds += 31;
    expect(await verdict(old)).toBe('401 unknown_key');
  });
});
