// Properties: whatever is signed, whatever is changed, and what is remembered of a signature.
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { importOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { parseJws } from '../../../libs/auth/src/core/tokens/jws.js';
import type { VerificationKey } from '../../../libs/auth/src/core/keys/keys.js';
import { SignatureCache } from '../../../libs/auth/src/core/tokens/signature-cache.js';
import { type TokenFacts, TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { verifierOf } from '../support/external-tokens.js';
import {
  accessClaims,
  AUDIENCE,
  forge,
  type Forger,
  forger,
  ISSUER,
  LIFETIME,
  NOW,
  oneIssuer,
  TOLERANCE,
} from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 2000);

let by: Forger;
let verdict: (token: string) => Promise<string>;
let good: string;

beforeAll(async () => {
  ({ by, verdict } = await oneIssuer('HS256'));
  good = forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims(), by);
});

const isTime = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 253_402_300_799;
const isId = (value: unknown, limit: number) =>
  typeof value === 'string' && value.length >= 1 && value.length <= limit && !/\p{Cc}/u.test(value);

/** A second opinion, written from the rules alone and sharing nothing with the library. */
function oracle(claims: Record<string, unknown>): boolean {
  const own = (name: string) => (Object.hasOwn(claims, name) ? claims[name] : undefined);
  const [iss, sub, aud, exp, iat, nbf, jti, sid] = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'sid'].map(own);
  if (iss !== ISSUER || !isId(sub, 255) || !isId(jti, 128)) return false;
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(audiences) || audiences.length > 32 || !audiences.every((one) => typeof one === 'string'))
    return false;
  if (!audiences.includes(AUDIENCE)) return false;
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf))) return false;
  if ((exp as number) + TOLERANCE <= NOW || (iat as number) > NOW + TOLERANCE) return false;
  if (nbf !== undefined && (nbf as number) > NOW + TOLERANCE) return false;
  if ((exp as number) - (iat as number) > LIFETIME) return false;
  if (['nonce', 'at_hash', 'c_hash', 's_hash'].some((mark) => own(mark) !== undefined)) return false;
  const isMachine = own('kind') === 'client';
  if (isMachine ? own('client_id') !== sub : sid === undefined) return false;
  if (sid !== undefined && !isId(sid, 255)) return false;
  if (own('auth_time') !== undefined && !isTime(own('auth_time'))) return false;
  if (own('stamp') !== undefined && !isId(own('stamp'), 255)) return false;
  if (own('cnf') !== undefined) return false;
  if (own('scope') !== undefined && typeof own('scope') !== 'string') return false;
  return own('is_restricted') === undefined || typeof own('is_restricted') === 'boolean';
}

const near = fc.oneof(
  fc.constantFrom(
    NOW,
    NOW - TOLERANCE,
    NOW - TOLERANCE + 1,
    NOW + TOLERANCE,
    NOW + TOLERANCE + 1,
    NOW + LIFETIME,
    NOW + LIFETIME + 1,
  ),
  fc.constantFrom(0, -1, 1.5, 253_402_300_799, 253_402_300_800),
);
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  near,
  fc.constantFrom(
    '',
    'ada',
    ISSUER,
    AUDIENCE,
    [AUDIENCE],
    ['other', AUDIENCE],
    [AUDIENCE, 1],
    'client',
    'x'.repeat(129),
    'x'.repeat(256),
    null,
    true,
  ),
);
const names = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'sid',
  'scope',
  'auth_time',
  'stamp',
  'kind',
  'client_id',
  'is_restricted',
  'nonce',
  'cnf',
  'events',
  'token_use',
  'toString',
];
const changes = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3, noNullPrototype: true });

/** The same for an external issuer whose tokens have the type JWT. */
function externalOracle(claims: Record<string, unknown>): boolean {
  const own = (name: string) => (Object.hasOwn(claims, name) ? (claims[name] ?? undefined) : undefined);
  const [aud, exp, iat, nbf] = ['aud', 'exp', 'iat', 'nbf'].map(own);
  const isNumber = (value: unknown): value is number =>
    typeof value === 'number' && value >= 0 && value <= 253_402_300_799;
  if (own('iss') !== ISSUER || !isId(own('sub'), Number.POSITIVE_INFINITY)) return false;
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(audiences) || !audiences.every((one) => typeof one === 'string')) return false;
  if (!audiences.includes(AUDIENCE) || !isNumber(exp) || !isNumber(iat)) return false;
  if (nbf !== undefined && (!isNumber(nbf) || nbf > NOW + TOLERANCE)) return false;
  if (exp + TOLERANCE <= NOW || iat > NOW + TOLERANCE || exp - iat > 86_400) return false;
  if (['nonce', 'at_hash', 'c_hash', 's_hash', 'cnf'].some((mark) => own(mark) !== undefined)) return false;
  if (typeof own('events') === 'object' || own('token_use') === 'id' || own('token_use') === 'refresh') return false;
  if (!['jti', 'sid'].every((name) => own(name) === undefined || isId(own(name), Number.POSITIVE_INFINITY)))
    return false;
  if (!['scope', 'role'].every((name) => isTexts(own(name)))) return false;
  return own('is_restricted') === undefined || typeof own('is_restricted') === 'boolean';
}

function isTexts(value: unknown): boolean {
  return value === undefined || [value].flat().every((one) => typeof one === 'string');
}

describe('any claims that the key of a trusted issuer signed', () => {
  it('are accepted exactly if an independent oracle agrees, with no role or scope that was not stated', async () => {
    const mac = forger('HS256', { kid: 'k' });
    const secret = Buffer.from(String(mac.jwk.k), 'base64url');
    const verifier = await verifierOf({
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: { secret, alg: 'HS256' },
      types: ['JWT'],
      claims: { roles: 'role' },
    });
    const said = fc.oneof(
      value,
      fc.constantFrom('id', 'refresh', 'access', 'Billing Admin', ['a b', 'c'], 'x'.repeat(400)),
    );
    const someNames = [...names, 'role', 'auth_time', 'nbf', 'token_use', 'events', 'role'];
    const some = fc.dictionary(fc.constantFrom(...someNames), said, { maxKeys: 3, noNullPrototype: true });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(some, async (changed) => {
        const claims: Record<string, unknown> = { ...accessClaims(), ...changed };
        fc.pre(!/-0[,\]}]/.test(JSON.stringify(claims)));
        const readable = JSON.parse(JSON.stringify(claims)) as Record<string, unknown>;
        const token = forge({ alg: 'HS256', typ: 'JWT' }, claims, mac);
        const verified = await verifier.verify(token, 'access').catch((error: unknown) => {
          if (error instanceof AuthError) return undefined;
          throw error;
        });
        expect(verified !== undefined).toBe(
          externalOracle(readable) && !JSON.stringify(readable).includes('__proto__'),
        );
        if (verified === undefined) return;
        accepted += 1;
        const { role, scope } = readable;
        const texts = (given: unknown) => new Set([given ?? []].flat().filter((one) => one !== ''));
        expect(new Set(verified.roles)).toEqual(texts(role));
        expect(new Set(verified.scopes)).toEqual(texts(typeof scope === 'string' ? scope.split(' ') : scope));
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 100);
  });
});

describe('any claims that our own key signed', () => {
  it('are accepted exactly if an independent oracle agrees, and never cause another error', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(changes, fc.subarray(names, { maxLength: 1 }), async (changed, dropped) => {
        const claims: Record<string, unknown> = { ...accessClaims(), ...changed };
        for (const name of dropped) delete claims[name];
        fc.pre(!/-0[,\]}]/.test(JSON.stringify(claims)));
        const found = await verdict(forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, claims, by));
        const readable = JSON.parse(JSON.stringify(claims)) as Record<string, unknown>;
        expect(found === 'OK').toBe(oracle(readable) && !JSON.stringify(readable).includes('__proto__'));
        if (found === 'OK') accepted += 1;
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 100);
  });

  it('may be any JSON, and cause no other error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 5 }), async (text) => {
        expect(await verdict(forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, text, by))).not.toBe('OK');
      }),
      { numRuns: RUNS },
    );
  });

  it('may be any bytes, and cause no other error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }),
        async (header, payload) => {
          expect(await verdict(forge(Buffer.from(header), Buffer.from(payload), by))).not.toBe('OK');
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('a valid token with any change', () => {
  it('is refused for every single bit of every character', async () => {
    const accepted: string[] = [];
    for (let index = 0; index < good.length; index += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = String.fromCharCode(good.charCodeAt(index) ^ (1 << bit));
        const token = good.slice(0, index) + changed + good.slice(index + 1);
        if ((await verdict(token)) === 'OK') accepted.push(token);
      }
    }
    expect(accepted).toEqual([]);
    expect(await verdict(good)).toBe('OK');
  });

  it('is refused if it is spliced, cut, repeated or re-cased', async () => {
    const at = fc.nat(good.length);
    const mutation = fc.oneof(
      fc.tuple(at, at).map(([from, to]) => good.slice(0, from) + good.slice(to)),
      fc.tuple(at, fc.string()).map(([index, text]) => good.slice(0, index) + text + good.slice(index)),
      fc.tuple(at, fc.string()).map(([index, text]) => good.slice(0, index) + text + good.slice(index + text.length)),
      fc
        .tuple(at, at)
        .map(([from, to]) => good.slice(0, from) + good.slice(from, to).toUpperCase() + good.slice(Math.max(from, to))),
      fc.nat(3).map((times) => good.repeat(times)),
      fc.shuffledSubarray(good.split('.')).map((segments) => segments.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (token) => {
        expect((await verdict(token)) === 'OK').toBe(token === good);
      }),
      { numRuns: RUNS },
    );
  });
});

async function remembering(signatures: SignatureCache<TokenFacts>) {
  const first = forger('ES256', { kid: 'k' });
  let current: VerificationKey = (await importOwnKey(first.jwk, { optionName: 'keys' })).verification;
  const clock = new ManualClock(NOW * 1_000);
  const { profiles } = await oneIssuer('ES256');
  const keys = { find: () => current };
  const verifier = new TokenVerifier({ issuers: [{ issuer: ISSUER, keys, profiles }], clock, signatures });
  const token = (change: object = {}) => forge({ alg: 'ES256', kid: 'k', typ: 'at+jwt' }, accessClaims(change), first);
  const replaceKey = (next: VerificationKey) => (current = next);
  return { first, clock, verifier, token, replaceKey };
}

describe('the cache of verified signatures', () => {
  it('keeps valid signatures, once, and no failed ones', async () => {
    const signatures = new SignatureCache<TokenFacts>();
    const { verifier, token } = await remembering(signatures);
    const good = token();
    for (let times = 0; times < 3; times += 1) await verifier.verify(good, 'access');
    expect(signatures.size).toBe(1);
    await expect(verifier.verify(good.replace(/..$/, 'AA'), 'access')).rejects.toThrow();
    await expect(verifier.verify('x', 'access')).rejects.toThrow();
    expect(signatures.size).toBe(1);
  });

  it('caches the signature alone: everything else is validated again', async () => {
    const { verifier, token, clock } = await remembering(new SignatureCache());
    const good = token();
    await verifier.verify(good, 'access');
    await expect(verifier.verify(good, 'refresh')).rejects.toMatchObject({ code: 'wrong_token_type' });
    clock.seconds = NOW + LIFETIME + TOLERANCE;
    await expect(verifier.verify(good, 'access')).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('drops the entries of a removed key, and does not restore them for another of the same id', async () => {
    const { verifier, token, replaceKey, first } = await remembering(new SignatureCache());
    const good = token();
    await verifier.verify(good, 'access');
    replaceKey((await importOwnKey(forger('ES256', { kid: 'k' }).jwk, { optionName: 'keys' })).verification);
    await expect(verifier.verify(good, 'access')).rejects.toMatchObject({ code: 'token_invalid' });
    replaceKey((await importOwnKey(first.jwk, { optionName: 'keys' })).verification);
    await expect(verifier.verify(good, 'access')).resolves.toMatchObject({ jti: 'token-1' });
  });

  it('separates tokens that share header, payload or signature', async () => {
    const { verifier, token } = await remembering(new SignatureCache());
    const [ada, grace] = [token({ sub: 'ada' }), token({ sub: 'grace' })];
    await verifier.verify(ada, 'access');
    expect((await verifier.verify(grace, 'access')).subject.id).toBe('grace');
    const [header, payload] = ada.split('.');
    const borrowed = `${header}.${payload}.${grace.split('.')[2]}`;
    await expect(verifier.verify(borrowed, 'access')).rejects.toMatchObject({ code: 'token_invalid' });
    await expect(verifier.verify(`${ada.slice(0, -1)}`, 'access')).rejects.toThrow();
    expect((await verifier.verify(ada, 'access')).subject.id).toBe('ada');
  });

  it('evicts the least recently used beyond its count and its bytes', async () => {
    const { token, first } = await remembering(new SignatureCache());
    const key = (await importOwnKey(first.jwk, { optionName: 'keys' })).verification;
    const tokens = ['a', 'b', 'c', 'd'].map((jti) => parseJws(token({ jti })));
    const texts = tokens.map((jws) => jws.token);
    const byCount = new SignatureCache({ maxEntries: 2 });
    const byBytes = new SignatureCache({ maxBytes: (texts[0]?.length ?? 0) * 4 * 2 });
    for (const cache of [byCount, byBytes]) {
      const held = () => texts.map((text) => cache.find(text) !== undefined);
      for (const jws of tokens.slice(0, 2)) cache.remember(jws, key);
      expect(cache.find(String(texts[0]))?.key).toBe(key);
      for (const jws of tokens.slice(2, 3)) cache.remember(jws, key);
      expect(held()).toEqual([true, false, true, false]);
      for (const jws of tokens) for (const again of [jws, jws]) cache.remember(again, key);
      expect(held()).toEqual([false, false, true, true]);
      expect(cache.size).toBe(2);
    }
    const tiny = new SignatureCache({ maxBytes: 10 });
    for (const jws of tokens) tiny.remember(jws, key);
    expect(tiny.size).toBe(0);
  });
});
