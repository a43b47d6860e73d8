// The work that an assertion costs: counted, because times on a busy machine prove nothing.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { ClientAssertions } from '../../../libs/auth/src/core/clients/client-assertions.js';
import * as signatures from '../../../libs/auth/src/core/keys/signatures.js';
import { ManualClock } from '../../support/clocks.js';

const ISSUER = 'https://auth.example';
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const;

let checked = 0;
const counted: typeof signatures.isSignature = (...given) => {
  checked += 1;
  return signatures.isSignature(...given);
};

const TOLERANCE_SECONDS = 5;
const clock = new ManualClock();
/** What was recorded as used, and until when. */
const recorded = new Map<string, number>();

let assertions: ClientAssertions;
beforeAll(async () => {
  // What the imports above loaded has the real module.
  jest.resetModules();
  const path = '../../../libs/auth/src/core/keys/signatures.js';
  jest.unstable_mockModule(path, () => ({ ...signatures, isSignature: counted }));
  const made = await import('../../../libs/auth/src/core/clients/client-assertions.js');
  assertions = new made.ClientAssertions({
    issuer: ISSUER,
    audiences: () => [ISSUER],
    toleranceSeconds: TOLERANCE_SECONDS,
    clock,
    oneTime: {
      consume(id: string, expiresAt: number): Promise<boolean> {
        const isFirst = !recorded.has(id);
        recorded.set(id, expiresAt);
        return Promise.resolve(isFirst);
      },
    } as never,
    blocklist: { assertNotRevokedUncached: () => Promise.resolve() },
  });
});

async function pair(alg: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

/** The code of the refusal, and how many signatures were checked for it. */
async function refusal(assertion: string, keys: readonly JWK[] | undefined): Promise<readonly [string, number]> {
  checked = 0;
  const given = keys && { jwks: { keys: [...keys] } };
  const error: unknown = await assertions.verify(assertion, 'reports', given).catch((thrown: unknown) => thrown);
  return [(error as { code: string }).code, checked];
}

describe.each(ALGORITHMS)('an assertion by %s with a signature that does not hold', (alg) => {
  let own: JWK;
  let other: JWK;
  let sign: (kid?: string) => Promise<string>;
  beforeAll(async () => {
    own = (await pair(alg)).jwk;
    other = (await pair(alg === 'ES256' ? 'Ed25519' : 'ES256')).jwk;
    const { privateKey } = await pair(alg);
    sign = (kid) =>
      new SignJWT({ iss: 'reports', sub: 'reports' })
        .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
        .sign(privateKey);
  });

  it('costs one check of a signature, whatever is known of the client and its key', async () => {
    const [named, unnamed] = [await sign('k1'), await sign()];
    expect(await refusal(named, [{ ...own, kid: 'k1' }])).toEqual(['token_invalid', 1]);
    expect(await refusal(unnamed, [own])).toEqual(['token_invalid', 1]);
    expect(await refusal(named, [{ ...own, kid: 'k2' }])).toEqual(['unknown_key', 1]);
    expect(await refusal(named, [{ ...other, kid: 'k1' }])).toEqual(['algorithm_not_allowed', 1]);
    expect(await refusal(unnamed, [other])).toEqual([expect.any(String), 1]);
    // An unknown client, or one without keys.
    expect(await refusal(named, undefined)).toEqual(['unknown_key', 1]);
    expect(await refusal(unnamed, undefined)).toEqual(['token_invalid', 1]);
  });
});

it('costs no check under an algorithm that no client may sign with, whether the client is known or not', async () => {
  const { jwk } = await pair('ES256');
  const sent = { iss: 'reports', sub: 'reports' };
  const assertion = await new SignJWT(sent).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(new Uint8Array(32));
  expect(await refusal(assertion, [{ ...jwk, kid: 'k1' }])).toEqual(['algorithm_not_allowed', 0]);
  expect(await refusal(assertion, undefined)).toEqual(['algorithm_not_allowed', 0]);
});

describe('an assertion with a good signature', () => {
  let keys: { jwks: { keys: JWK[] } };
  let sign: (claims: object) => Promise<string>;
  const good = (): Record<string, unknown> => {
    const iat = clock.nowSeconds();
    return { iss: 'reports', sub: 'reports', aud: ISSUER, jti: 'once', iat, exp: iat + 60 };
  };
  beforeAll(async () => {
    const { privateKey, jwk } = await pair('ES256');
    keys = { jwks: { keys: [jwk] } };
    sign = (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
  });

  it.each(['jti', 'iat', 'exp'])('is refused without %s, before its use is recorded', async (name) => {
    const { [name]: _, ...rest } = good();
    await expect(assertions.verify(await sign(rest), 'reports', keys)).rejects.toMatchObject({ code: 'missing_claim' });
  });

  it('is remembered for its client, until it can no longer be good by any clock within the tolerance', async () => {
    recorded.clear();
    const claims = good();
    const verified = await assertions.verify(await sign(claims), 'reports', keys);
    await assertions.use(verified, 'reports');
    expect([...recorded.values()]).toEqual([Number(claims['exp']) + TOLERANCE_SECONDS + 1]);
    await expect(assertions.use(verified, 'reports')).rejects.toMatchObject({ code: 'token_invalid' });
    // Ids of one client say nothing of those of another.
    await expect(assertions.use(verified, 'other')).resolves.toBeUndefined();
  });
});
