import { describe, expect, it } from '@jest/globals';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { MemoryKeySetCache } from '../../../libs/auth/src/core/issuers/key-set-cache.js';
import {
  externalIssuer,
  trustProblems,
  type TrustOptions,
} from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { trustWarnings } from '../../../libs/auth/src/core/issuers/trust-warnings.js';
import type { Claims } from '../../../libs/auth/src/core/base/principal.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import {
  es,
  ISSUER,
  publicOf,
  rsa,
  tokenWith,
  trusts,
  verdict,
  verifierOf,
  verify,
} from '../support/external-tokens.js';
import { forger, NOW } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const upgradeClaims = (claims: Claims): Claims => ({ ...claims, scope: claims['scope'] ?? claims['scopes'] });
const broken = () => {
  throw new Error('oops');
};

const refused = (...keys: readonly unknown[]) => verifierOf(trusts({ keys: { jwks: { keys: keys as JWK[] } } }));

const say = (entry: unknown): string => trustProblems([entry as TrustOptions]).join('\n');
const remote = (keys: object, more: object = {}) => ({ issuer: ISSUER, audience: 'courses', keys, ...more });

describe('A token of a trusted issuer', () => {
  it('is accepted with the claims of its issuer, and names no user of ours', async () => {
    const token = tokenWith({ scope: 'a b', scp: ['c'], jti: 'token-1', sid: 'login-1', roles: ['admin'] });
    expect(await verify(token, trusts())).toMatchObject({
      subject: { issuer: ISSUER, id: 'ada' },
      kind: 'user',
      own: false,
      scopes: ['a', 'b', 'c'],
      roles: [],
      jti: 'token-1',
      sid: 'login-1',
    });
  });

  it.each([
    ['another issuer', { iss: 'https://evil.example' }, 'invalid_issuer'],
    ['an issuer with a slash more', { iss: `${ISSUER}/` }, 'invalid_issuer'],
    ['an issuer that ours begins with', { iss: 'https://accounts' }, 'invalid_issuer'],
    ['no issuer', { iss: undefined }, 'missing_claim'],
    ['a list of issuers', { iss: [ISSUER] }, 'invalid_issuer'],
    ['another audience', { aud: 'other' }, 'invalid_audience'],
    ['no audience', { aud: undefined }, 'missing_claim'],
    ['no end', { exp: undefined }, 'missing_claim'],
    ['no beginning', { iat: undefined }, 'missing_claim'],
    ['no subject', { sub: undefined }, 'missing_subject'],
    ['a longer life than a day', { exp: NOW + 86_401 }, 'invalid_claims'],
    ['a nonce, which only ID tokens have', { nonce: 'n' }, 'wrong_token_type'],
    ['a hash of an access token', { at_hash: 'h' }, 'wrong_token_type'],
    ['scopes that are a number', { scope: 7 }, 'invalid_claims'],
    ['scopes that hold a number', { scp: ['a', 7] }, 'invalid_claims'],
    ['a token id that is a number', { jti: 7 }, 'invalid_claims'],
  ])('is refused with %s as its only defect', async (_, changes, code) => {
    expect(await verdict(tokenWith(changes), trusts())).toBe(code);
    expect(await verdict(tokenWith(), trusts())).toBe('OK');
  });

  it('is refused with another type than its issuer uses', async () => {
    expect(await verdict(tokenWith({}, { typ: 'JWT' }), trusts())).toBe('wrong_token_type');
    expect(await verdict(tokenWith({}, { typ: 'logout+jwt' }), trusts())).toBe('wrong_token_type');
    expect(await verdict(tokenWith({}, { typ: undefined }), trusts())).toBe('wrong_token_type');
    expect(await verdict(tokenWith({}, { typ: 'JWT' }), trusts({ types: ['JWT'] }))).toBe('OK');
    expect(await verdict(tokenWith({}, { typ: undefined }), trusts({ types: [''] }))).toBe('OK');
  });

  it('may have fractional times, unlike our own tokens', async () => {
    expect(await verdict(tokenWith({ iat: NOW - 0.5, exp: NOW + 60.5 }), trusts())).toBe('OK');
  });

  it('is verified with the algorithms of its issuer alone', async () => {
    expect(await verdict(tokenWith({}, {}, es), trusts())).toBe('OK');
    expect(
      await verdict(
        tokenWith({}, {}, es),
        trusts({ algorithms: ['RS256'], keys: { jwks: { keys: [publicOf(rsa)] } } }),
      ),
    ).toBe('algorithm_not_allowed');
    expect(await verdict(tokenWith({}, { alg: 'PS256' }), trusts())).toBe('algorithm_not_allowed');
    expect(await verdict(tokenWith({}, { alg: 'none' }), trusts())).toBe('algorithm_not_allowed');
  });

  it('is never verified with a public key used as a secret', async () => {
    const { n = '' } = publicOf(rsa);
    const confused = forger('HS256', { kid: 'rsa', jwk: { kty: 'oct', k: n } });
    expect(await verdict(tokenWith({}, {}, confused), trusts())).toBe('algorithm_not_allowed');
  });

  it('cannot bring its own key: members that hold or name keys are ignored', async () => {
    const mallory = forger('RS256', { kid: 'rsa' });
    for (const header of [
      { jwk: publicOf(mallory) },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/chain' },
      { kid: 'https://evil.example/key' },
    ]) {
      expect(await verdict(tokenWith({}, header, mallory), trusts())).toMatch(/^(token_invalid|unknown_key)$/);
    }
  });
});

describe('Two trusted issuers', () => {
  const other = { ...trusts({ issuer: 'https://other.example', keys: { jwks: { keys: [publicOf(es)] } } }) };

  it('may share a key id and a subject, and are never confused', async () => {
    const mine = forger('ES256', { kid: 'shared' });
    const theirs = forger('ES256', { kid: 'shared' });
    const both = [
      trusts({ keys: { jwks: { keys: [publicOf(mine)] } } }),
      trusts({ issuer: other.issuer, keys: { jwks: { keys: [publicOf(theirs)] } } }),
    ];
    expect((await verify(tokenWith({}, {}, mine), ...both)).subject).toEqual({ issuer: ISSUER, id: 'ada' });
    expect((await verify(tokenWith({ iss: other.issuer }, {}, theirs), ...both)).subject).toEqual({
      issuer: other.issuer,
      id: 'ada',
    });
    expect(await verdict(tokenWith({}, {}, theirs), ...both)).toBe('token_invalid');
    expect(await verdict(tokenWith({ iss: other.issuer }, {}, mine), ...both)).toBe('token_invalid');
  });

  it('are validated by their own rules each', async () => {
    const strict = trusts({
      issuer: other.issuer,
      audience: 'another service',
      keys: { jwks: { keys: [publicOf(es)] } },
    });
    const both = [trusts(), strict];
    expect(await verdict(tokenWith({}, {}, es), ...both)).toBe('OK');
    expect(await verdict(tokenWith({ iss: other.issuer }, {}, es), ...both)).toBe('invalid_audience');
  });
});

describe('The claim names of an issuer', () => {
  it('can be configured: subject, scopes, roles, ids', async () => {
    const options = trusts({
      claims: {
        subject: 'uid',
        scopes: [{ spaceSeparated: 'rights' }, 'more.rights'],
        roles: 'realm.roles',
        id: 'uti',
        session: 'session',
      },
    });
    const claims = {
      uid: 'u-1',
      rights: 'a b',
      more: { rights: ['b', 'c'] },
      realm: { roles: ['admin'] },
      uti: 'x',
      session: 's',
    };
    expect(await verify(tokenWith(claims), options)).toMatchObject({
      subject: { issuer: ISSUER, id: 'u-1' },
      scopes: ['a', 'b', 'c'],
      roles: ['admin'],
      jti: 'x',
      sid: 's',
    });
    expect(await verdict(tokenWith({ ...claims, uid: undefined }), options)).toBe('missing_subject');
    expect(await verdict(tokenWith({ ...claims, realm: { roles: [{}] } }), options)).toBe('invalid_claims');
    expect((await verify(tokenWith({ ...claims, realm: ['roles'] }), options)).roles).toEqual([]);
  });

  it('are read by the exact name first, so that no object can replace a claim with dots in its name', async () => {
    const options = trusts({ claims: { roles: 'https://courses.example/roles' } });
    expect((await verify(tokenWith({ 'https://courses.example/roles': ['admin'] }), options)).roles).toEqual(['admin']);
  });

  it('may leave out ids, so that no other claim is used as one', async () => {
    const verified = await verify(tokenWith({ jti: 'x', sid: 's' }), trusts({ claims: { id: false, session: false } }));
    expect([verified.jti, verified.sid]).toEqual([undefined, undefined]);
  });

  it.each([
    [{ kind: 'client' }, 'client'],
    [{ client_id: 'ada' }, 'client'],
    [{ client_id: 'web' }, 'user'],
    [{}, 'user'],
  ])('mark a client by %j as a %s', async (claims, kind) => {
    expect((await verify(tokenWith(claims), trusts())).kind).toBe(kind);
  });

  it('are upgraded before they are validated, and never from an unsupported version', async () => {
    const options = trusts({ supportedMajor: 1, upgradeClaims });
    for (const version of [undefined, '0.5.0', '1.0.0', '1.0.5', '1.5.0', '1.5.5']) {
      expect((await verify(tokenWith({ version, scopes: 'a' }), options)).scopes).toEqual(['a']);
    }
    for (const version of ['2.0.0', '10.0.0', 'one', 1, null, '']) {
      expect(await verdict(tokenWith({ version }), options)).toBe('unsupported_token_version');
    }
    expect(await verdict(tokenWith({ version: '2.0.0' }), trusts())).toBe('OK');
  });

  it('may be read by a hook: if it throws, the token is refused', async () => {
    expect(await verdict(tokenWith(), trusts({ upgradeClaims: broken }))).toBe('invalid_claims');
    expect(await verdict(tokenWith(), trusts({ isClient: broken }))).toBe('invalid_claims');
  });
});

describe('A shared secret', () => {
  const secret = 'a secret of this service and its issuer';
  const by = forger('HS256', { kid: 'whatever', jwk: { kty: 'oct', k: Buffer.from(secret).toString('base64url') } });

  it('verifies tokens of its issuer, whatever key they name, by its one algorithm', async () => {
    const options = trusts({ keys: { secret, alg: 'HS256' } });
    expect(await verdict(tokenWith({}, {}, by), options)).toBe('OK');
    expect(await verdict(tokenWith({}, { kid: undefined }, by), options)).toBe('OK');
    expect(await verdict(tokenWith({}, { alg: 'HS512' }, by), options)).toBe('algorithm_not_allowed');
    expect(await verdict(tokenWith(), options)).toBe('algorithm_not_allowed');
  });

  it('is used only for its id, if it has one', async () => {
    const options = trusts({ keys: { secret, alg: 'HS256', kid: 'mine' } });
    expect(await verdict(tokenWith({}, { kid: 'mine' }, by), options)).toBe('OK');
    expect(await verdict(tokenWith({}, {}, by), options)).toBe('unknown_key');
  });

  it('must be long enough, and is never in the error', async () => {
    await expect(verifierOf(trusts({ keys: { secret: 'short-secret', alg: 'HS256' } }))).rejects.toThrow(/12 bytes/);
    await expect(verifierOf(trusts({ keys: { secret: 'short-secret', alg: 'HS256' } }))).rejects.not.toThrow(
      /short-secret/,
    );
  });
});

describe('A static key set', () => {
  it('is a boot error if it is empty, so that no token passes without keys', async () => {
    await expect(refused()).rejects.toThrow(AuthConfigurationError);
    await expect(refused({ ...publicOf(rsa), use: 'enc' })).rejects.toThrow(/no key that could be used/);
  });

  it('is a boot error that names the algorithm of the key and those accepted', async () => {
    await expect(refused({ ...publicOf(rsa), alg: 'RS512' })).rejects.toThrow(
      /the key rsa: it .*is of type RSA, for RS512; it fits none of the accepted algorithms \(RS256, ES256\)/,
    );
  });

  it('is a boot error if it holds a private key or a secret, naming the key and no part of it', async () => {
    const { d = 'none' } = rsa.jwk;
    await expect(refused(rsa.jwk, publicOf(es))).rejects.toThrow(/rsa.*secret member/);
    await expect(refused(rsa.jwk, publicOf(es))).rejects.not.toThrow(d);
    const k = createSecretKey(Buffer.alloc(32, 'k')).export({ format: 'jwk' });
    await expect(refused(k, publicOf(es))).rejects.toThrow(/secret member "k"/);
  });

  it('is a boot error if a key is weak', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    await expect(refused({ ...weak, kid: 'weak' }, publicOf(es))).rejects.toThrow(/weak.*1024 bits/);
  });

  it('may hold keys for other uses, as providers publish them', async () => {
    await expect(refused({ ...publicOf(rsa), use: 'enc' }, publicOf(es))).resolves.toBeInstanceOf(TokenVerifier);
  });
});

describe('A shared cache of key sets', () => {
  class Unmade extends MemoryKeySetCache {
    checkReady(): Promise<void> {
      return Promise.reject(new AuthConfigurationError(['The table latchkey_key_sets is missing']));
    }
  }

  it('is read when the application starts, and not at the first token', async () => {
    const keys = { jwksUri: 'https://accounts.example/jwks', sharedCache: new Unmade() };
    const issuer = await externalIssuer(trusts({ keys }), { clock: new ManualClock(NOW * 1_000), toleranceSeconds: 5 });
    await expect(issuer.open()).rejects.toThrow(/latchkey_key_sets is missing/);
  });
});

describe('The configuration of external issuers', () => {
  const jwksUri = 'https://accounts.example/jwks';
  it('is accepted without mistakes', () => {
    const all = { eager: true, timeout: '2s', maxAge: 300, staleIfError: '0s', sharedCache: new MemoryKeySetCache() };
    expect(say(remote({ jwksUri, ...all }, { clockTolerance: 60, maxLifetime: '1h', supportedMajor: 1 }))).toBe('');
    expect(say(remote({ discovery: true }))).toBe('');
    expect(say(trusts())).toBe('');
  });

  it.each([
    ['no object', 'https://accounts.example', /trust\[0\] must be an object/],
    ['no issuer', { audience: 'a', keys: { jwksUri } }, /trust\[0\]\.issuer is required/],
    ['no audience', { issuer: ISSUER, keys: { jwksUri } }, /trust\[0\]\.audience is required/],
    ['an empty audience', remote({ jwksUri }, { audience: [] }), /audience is \[\]/],
    ['an empty audience', remote({ jwksUri }, { audience: ['a', ''] }), /audience is \["a",""\]/],
    ['no keys', { issuer: ISSUER, audience: 'a' }, /keys is required/],
    ['keys of no kind', remote({}), /has none of/],
    ['keys of two kinds', remote({ jwksUri, secret: 's' }), /has several of/],
    [
      'a misspelt option',
      remote({ jwksUri }, { audiences: 'a' }),
      /audiences is not an option; did you mean audience\?/,
    ],
    ['a misspelt key option', remote({ jwksUri, stallIfError: 1 }), /did you mean staleIfError\?/],
    ['a misspelt claim', remote({ jwksUri }, { claims: { scope: 'scp' } }), /claims\.scope.*did you mean scopes\?/],
    ['plain http', remote({ jwksUri: 'http://accounts.example/jwks' }), /not an https address/],
    [
      'plain http elsewhere, though loopback is allowed',
      remote({ jwksUri: 'http://10.0.0.1/', allowLoopbackHttp: true }),
      /not an https/,
    ],
    ['loopback without the option', remote({ jwksUri: 'http://localhost:3000/jwks' }), /allowLoopbackHttp/],
    ['an inner address', remote({ jwksUri: 'https://169.254.169.254/jwks' }), /private network/],
    ['an inner address in another spelling', remote({ jwksUri: 'https://0x7f.1/jwks' }), /private network/],
    ['a password in the address', remote({ jwksUri: 'https://ada:secret@accounts.example/' }), /password/],
    ['discovery at an issuer that is not a URL', remote({ discovery: true }, { issuer: 'accounts' }), /not an address/],
    ['discovery that is not asked for', remote({ discovery: false }), /discovery must be true/],
    ['an invalid key set', remote({ jwks: [] }), /must be a key set/],
    ['an invalid algorithm', remote({ jwksUri }, { algorithms: ['none'] }), /algorithms is \["none"\]/],
    ['no algorithms', remote({ jwksUri }, { algorithms: [] }), /accepted is a list/],
    ['secrets among public keys', remote({ jwksUri }, { algorithms: ['RS256', 'HS256'] }), /mixes HMAC/],
    ['HMAC with public keys', remote({ jwksUri }, { algorithms: ['HS256'] }), /its keys are public/],
    [
      'public keys with a secret',
      remote({ secret: 's', alg: 'HS256' }, { algorithms: ['RS256'] }),
      /its key is a secret/,
    ],
    ['a secret for no algorithm', remote({ secret: 's', alg: 'RS256' }), /alg must be HS256/],
    ['too long a tolerance', remote({ jwksUri }, { clockTolerance: '5m' }), /0 to 60 seconds/],
    ['a duration without a unit', remote({ jwksUri }, { maxLifetime: '60' }), /maxLifetime is "60"/],
    ['too long a fetch', remote({ jwksUri, timeout: '30s' }), /'10ms' to '5s'/],
    ['a set that is good for days', remote({ jwksUri, maxAge: '2d' }), /one minute to 24 hours/],
    ['stale keys for days', remote({ jwksUri, staleIfError: '2d' }), /0 to 24 hours/],
    ['an invalid cache', remote({ jwksUri, sharedCache: new Map() }), /must be a KeySetCache/],
    [
      'a flag that is text',
      remote({ jwksUri }, { idTokens: 'false' }),
      /idTokens is "false"; accepted is true or false/,
    ],
    ['a flag that is a number', remote({ jwksUri }, { idTokens: 1 }), /idTokens is 1/],
    ['a flag that is null', remote({ jwksUri }, { idTokens: null }), /idTokens is null/],
    ['bound tokens by a text', remote({ jwksUri }, { boundTokens: 'no' }), /boundTokens is "no"/],
    ['loopback by a text', remote({ jwksUri, allowLoopbackHttp: 'false' }), /keys\.allowLoopbackHttp is "false"/],
    ['private networks by a text', remote({ jwksUri, allowPrivateAddresses: '1' }), /allowPrivateAddresses is "1"/],
    ['eagerness by a text', remote({ jwksUri, eager: 'no' }), /keys\.eager is "no"/],
    [
      'an invalid exact value',
      remote({ jwksUri }, { exactClaims: { typ: undefined } }),
      /exactClaims\.typ is undefined/,
    ],
    ['exact claims that are a text', remote({ jwksUri }, { exactClaims: 'typ' }), /exactClaims must be an object/],
    [
      'a proof that is not a list',
      remote({ jwksUri }, { accessTokenClaims: 'scp' }),
      /accessTokenClaims must be a list/,
    ],
    [
      'roles that are no claim',
      remote({ jwksUri }, { claims: { roles: { name: 'roles' } } }),
      /claims\.roles must name/,
    ],
    ['scopes that are no claim', remote({ jwksUri }, { claims: { scopes: 7 } }), /claims\.scopes must name/],
    ['an id that is not a claim', remote({ jwksUri }, { claims: { id: true } }), /claims\.id must be a claim or false/],
    ['a life of minutes without a unit', remote({ jwksUri }, { maxAge: '10' }), /trust\[0\]\.maxAge is "10"/],
    ['too long an age', remote({ jwksUri }, { maxAge: '500d' }), /one second to 400 days/],
    [
      'limits beyond ours',
      remote({ jwksUri }, { limits: { token: 100_000 } }),
      /trust\[0\]\.limits\.token must be a whole number from 1 to 65536/,
    ],
    ['a misspelt limit', remote({ jwksUri }, { limits: { tokens: 1 } }), /limits\.tokens is not a limit/],
    ['a strict audience by a text', remote({ jwksUri }, { exclusiveAudience: 'true' }), /exclusiveAudience is "true"/],
    [
      'a strict audience of several',
      remote({ jwksUri }, { audience: ['a', 'b'], exclusiveAudience: true }),
      /needs one audience/,
    ],
    [
      'a strict audience of none',
      remote({ jwksUri }, { audience: false, exclusiveAudience: true }),
      /needs an audience/,
    ],
    [
      'an invalid value',
      remote({ jwksUri }, { claimEquals: { tenant: undefined } }),
      /claimEquals\.tenant is undefined/,
    ],
    ['no values', remote({ jwksUri }, { claimIncludes: { groups: [] } }), /claimIncludes\.groups is \[\]/],
    ['values that are a text', remote({ jwksUri }, { claimIncludes: 'groups' }), /claimIncludes must be an object/],
    ['no types', remote({ jwksUri }, { types: [] }), /types must be a list/],
    ['an invalid hook', remote({ jwksUri }, { upgradeClaims: 'yes' }), /must be a function/],
    ['an invalid major version', remote({ jwksUri }, { supportedMajor: '1' }), /supportedMajor is "1"/],
  ])('is refused with %s', (_, entry, sentence) => {
    expect(say(entry)).toMatch(sentence);
  });

  it('warns if it weakens a check by name', () => {
    expect(trustWarnings([trusts(), remote({ jwksUri }) as TrustOptions], true)).toEqual([]);
    expect(trustWarnings([trusts({ audience: false })], false)).toEqual([expect.stringMatching(/audience is false/)]);
    expect(trustWarnings([{ audience: false } as TrustOptions], false)).toEqual([]);
    expect(trustWarnings([trusts({ boundTokens: true })], false)).toEqual([
      expect.stringMatching(/boundTokens is true/),
    ]);
    const local = remote({ jwksUri, allowLoopbackHttp: true }) as TrustOptions;
    expect(trustWarnings([local], false)).toEqual([]);
    expect(trustWarnings([local], true)).toEqual([expect.stringMatching(/allowLoopbackHttp is set/)]);
  });

  it('is refused if one issuer is named twice', () => {
    expect(trustProblems([trusts(), trusts()])).toEqual([expect.stringMatching(/names the issuer .* twice/)]);
  });

  it('never repeats a secret', () => {
    expect(say(remote({ secret: 'hunter2hunter2', alg: 'none', kid: 7 }, { audience: undefined }))).not.toContain(
      'hunter2',
    );
    expect(say(remote({ secret: 'hunter2hunter2', alg: 'none' }))).not.toContain('hunter2');
  });
});
