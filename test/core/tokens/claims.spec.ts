// Claims and times of correctly signed tokens. NOW is the time of the test, and the tolerance is five seconds.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readClaims, type TokenProfile } from '../../../libs/auth/src/core/tokens/claims.js';
import { assertInTime } from '../../../libs/auth/src/core/tokens/token-times.js';
import { parseJws, type ParsedJws } from '../../../libs/auth/src/core/tokens/jws.js';
import type { Claims } from '../../../libs/auth/src/core/base/principal.js';
import {
  accessClaims,
  AUDIENCE,
  forge,
  type Forger,
  ISSUER,
  LIFETIME,
  NOW,
  oneIssuer,
  TOLERANCE,
  verdictOf,
} from '../support/token-forgery.js';

let by: Forger;
let profile: TokenProfile;
let verdict: (token: string) => Promise<string>;

beforeAll(async () => {
  const fixture = await oneIssuer();
  ({ by, verdict } = fixture);
  profile = fixture.profiles.access;
});

const header = () => ({ alg: by.alg, kid: by.kid, typ: 'at+jwt' });
const token = (changes: object) => forge(header(), accessClaims(changes), by);
const verdictOn = (changes: object) => verdict(token(changes));

/** The verified claims of a token, by all rules. */
function checkedClaims(jws: ParsedJws, rules: TokenProfile) {
  const verified = readClaims(jws, rules);
  assertInTime(verified, rules, NOW);
  return verified;
}

/** The result of a changed profile, for claims with a valid signature. */
function resultOf(changes: object, rules: Partial<TokenProfile>, typ: string | undefined = 'at+jwt'): Promise<string> {
  const jws = parseJws(forge({ ...header(), typ }, accessClaims(changes), by));
  return verdictOf((async () => checkedClaims(jws, { ...profile, ...rules }))());
}

/** What a token gives. Being restricted takes away, and has its own test. */
async function rightsOf(changes: object): Promise<string> {
  if ((await verdictOn(changes)) !== 'OK') return 'refused';
  const { kind, scopes, subject } = verifiedWith(changes);
  return JSON.stringify({ kind, scopes, subject });
}

const spelt = (exp: string) => JSON.stringify(accessClaims()).replace(`"exp":${NOW + LIFETIME}`, `"exp":${exp}`);
const listOf = (count: number) => [AUDIENCE, ...Array.from({ length: count - 1 }, (_, index) => `other-${index}`)];
const verifiedWith = (changes: object) => checkedClaims(parseJws(token(changes)), profile);
const permissionsOf = ({ permissions }: Claims) => (permissions as string[]).map((one) => one);
const toAttacker = (claims: Claims) => ({ ...claims, iss: 'https://attacker.example' });
const toNewest = (claims: Claims) => ({
  is_restricted: false,
  filters: [],
  ...claims,
  sub: `v2-${String(claims['sub'])}`,
});
const broken = () => {
  throw new TypeError('of the application');
};

describe('the times of a token', () => {
  it.each([
    ['accepts one that ends one second inside the tolerance', { exp: NOW - TOLERANCE + 1 }, 'OK'],
    ['refuses one that ends exactly at the tolerance', { exp: NOW - TOLERANCE }, 'token_expired'],
    ['refuses one that ended before', { exp: NOW - TOLERANCE - 1 }, 'token_expired'],
    ['refuses an end of 0', { exp: 0 }, 'token_expired'],
    ['refuses a negative end', { exp: -1 }, 'invalid_claims'],
    ['refuses an end in milliseconds', { exp: (NOW + 10) * 1000 }, 'invalid_claims'],
    ['refuses a huge end', { exp: 1e300 }, 'invalid_claims'],
    ['refuses a fraction', { exp: NOW + 1.5 }, 'invalid_claims'],
    ['accepts exactly the longest life', { iat: NOW, exp: NOW + LIFETIME }, 'OK'],
    ['refuses a longer life', { iat: NOW, exp: NOW + LIFETIME + 1 }, 'invalid_claims'],
    ['accepts a start exactly at the tolerance', { nbf: NOW + TOLERANCE }, 'OK'],
    ['refuses a later start', { nbf: NOW + TOLERANCE + 1 }, 'token_not_yet_valid'],
    ['accepts an issue exactly at the tolerance', { iat: NOW + TOLERANCE }, 'OK'],
    ['refuses a later issue', { iat: NOW + TOLERANCE + 1 }, 'token_not_yet_valid'],
    ['refuses a negative issue', { iat: -1 }, 'invalid_claims'],
  ])('%s', async (_, changes, expected) => {
    expect(await verdictOn(changes)).toBe(expected);
  });

  it('refuses an infinite expiry', async () => {
    const text = JSON.stringify(accessClaims()).replace(`"exp":${NOW + LIFETIME}`, '"exp":1e400');
    expect(await verdict(forge(header(), text, by))).toBe('token_malformed');
  });

  it('reads an unusual number format by its value', async () => {
    expect(await verdict(forge(header(), spelt('1E+2'), by))).toBe('token_expired');
    expect(await verdict(forge(header(), spelt(`${(NOW + 60) / 10}E1`), by))).toBe('OK');
  });

  it.each(['exp', 'iat', 'nbf', 'auth_time'])('refuses %s of any other type', async (name) => {
    for (const value of [null, true, false, '', String(NOW), [], [NOW], {}, { $gt: 0 }]) {
      expect(await verdictOn({ [name]: value })).toBe('invalid_claims');
    }
  });

  it('allows fractions if the profile does, and rounds what it passes on', async () => {
    const jws = parseJws(token({ iat: NOW - 0.5, exp: NOW + 9.5, auth_time: NOW - 1.5 }));
    const verified = checkedClaims(jws, { ...profile, fractionalTimes: true });
    expect(verified).toMatchObject({ issuedAt: NOW - 1, expiresAt: NOW + 10, authTime: NOW - 2 });
  });

  it('measures the maximum lifetime from now if an external token has no `iat`', async () => {
    const rules = { requiredClaims: [], maxLifetimeSeconds: 60 };
    expect(await resultOf({ iat: undefined, exp: NOW + 60 }, rules)).toBe('OK');
    expect(await resultOf({ iat: undefined, exp: NOW + 61 }, rules)).toBe('invalid_claims');
  });

  it('accepts no time after the year 9999, which milliseconds would be', async () => {
    const endless = { maxLifetimeSeconds: undefined };
    expect(await resultOf({ exp: 253_402_300_799 }, endless)).toBe('OK');
    expect(await resultOf({ exp: 253_402_300_800 }, endless)).toBe('invalid_claims');
    expect(await resultOf({ exp: NOW * 1000 }, endless)).toBe('invalid_claims');
  });

  it('has no maximum lifetime if the profile sets none', async () => {
    expect(await resultOf({ exp: NOW + 10 ** 9 }, { maxLifetimeSeconds: undefined })).toBe('OK');
  });

  it('reads the clock at every request', async () => {
    const fixture = await oneIssuer();
    const good = forge({ ...header(), kid: fixture.by.kid }, accessClaims(), fixture.by);
    expect(await fixture.verdict(good)).toBe('OK');
    fixture.clock.seconds = NOW + LIFETIME + TOLERANCE;
    expect(await fixture.verdict(good)).toBe('token_expired');
  });
});

describe('the required claims of a token', () => {
  it.each(['exp', 'iat', 'sub', 'jti', 'sid', 'aud', 'iss'])('refuses a token without %s', async (name) => {
    expect(await verdictOn({ [name]: undefined })).toBe('missing_claim');
  });

  it('requires an expiry even if the profile does not list it', async () => {
    expect(await resultOf({ exp: undefined }, { requiredClaims: [] })).toBe('missing_claim');
  });

  it('requires a subject even if the profile does not list it', async () => {
    expect(await resultOf({ sub: undefined }, { requiredClaims: [] })).toBe('missing_subject');
  });

  it('requires what the profile lists', async () => {
    expect(await resultOf({}, { requiredClaims: ['tenant'] })).toBe('missing_claim');
    expect(await resultOf({ tenant: 'a' }, { requiredClaims: ['tenant'] })).toBe('OK');
    expect(await resultOf({}, { requiredClaims: ['toString'] })).toBe('missing_claim');
  });
});

describe('the issuer', () => {
  it.each([
    `${ISSUER}/`,
    ISSUER.slice(0, -1),
    `${ISSUER}.attacker.example`,
    `https://attacker.example/?${ISSUER}`,
    ISSUER.toUpperCase(),
    '',
    'https://attacker.example',
    [ISSUER],
    ['https://attacker.example', ISSUER],
    { issuer: ISSUER },
    null,
    1,
    '__proto__',
    'constructor',
  ])('refuses %j without looking for a key', async (iss) => {
    const { by: own, verdict, lookups } = await oneIssuer();
    expect(await verdict(forge({ alg: own.alg, kid: own.kid, typ: 'at+jwt' }, accessClaims({ iss }), own))).toBe(
      'invalid_issuer',
    );
    expect(lookups).toHaveLength(0);
  });

  it('is compared again after claims were upgraded', async () => {
    expect(await resultOf({}, { upgradeClaims: toAttacker })).toBe('invalid_issuer');
  });
});

describe('the audience', () => {
  it.each([
    'other',
    '',
    [],
    [''],
    null,
    1,
    {},
    true,
    ['other'],
    [AUDIENCE, 1],
    [AUDIENCE, null],
    [[AUDIENCE]],
    AUDIENCE.toUpperCase(),
    `${AUDIENCE} `,
  ])('refuses %j', async (aud) => {
    expect(await verdictOn({ aud })).toBe('invalid_audience');
  });

  it('accepts a list that names this service, unless the audience is exclusive', async () => {
    expect(await verdictOn({ aud: ['other', AUDIENCE] })).toBe('OK');
    const exclusive = await oneIssuer('ES256', { exclusiveAudience: true });
    const kid = exclusive.by.kid;
    const with_ = (aud: unknown) => exclusive.verdict(forge({ ...header(), kid }, accessClaims({ aud }), exclusive.by));
    expect(await with_(['other', AUDIENCE])).toBe('invalid_audience');
    expect(await with_([AUDIENCE])).toBe('invalid_audience');
    expect(await with_(AUDIENCE)).toBe('OK');
  });

  it('accepts 32 entries and refuses 33', async () => {
    expect(await verdictOn({ aud: listOf(32) })).toBe('OK');
    expect(await verdictOn({ aud: listOf(33) })).toBe('invalid_audience');
  });

  it('may be one of several configured values', async () => {
    const { by: own, verdict } = await oneIssuer('ES256', { audience: ['one', 'two'] });
    const with_ = (aud: unknown) =>
      verdict(forge({ alg: own.alg, kid: own.kid, typ: 'at+jwt' }, accessClaims({ aud }), own));
    expect(await with_('one')).toBe('OK');
    expect(await with_(['two', 'three'])).toBe('OK');
    expect(await with_('three')).toBe('invalid_audience');
  });

  it('may be in another claim', async () => {
    const audience = { claim: 'client_id', accepted: ['app'], exclusive: true };
    expect(await resultOf({ client_id: 'app', aud: undefined }, { audience, requiredClaims: [] })).toBe('OK');
    expect(await resultOf({ client_id: 'other' }, { audience })).toBe('invalid_audience');
    expect(await resultOf({}, { audience })).toBe('invalid_audience');
  });

  it('is not checked if the profile disables it by name', async () => {
    const { by: own, verdict } = await oneIssuer('ES256', { audience: false });
    for (const aud of [undefined, 'another', ['a', 'b']]) {
      expect(await verdict(forge({ alg: own.alg, kid: own.kid, typ: 'at+jwt' }, accessClaims({ aud }), own))).toBe(
        'OK',
      );
    }
  });
});

describe('the ids of a token', () => {
  const hostile = [null, true, false, 0, 1.5, [], ['x'], {}, { $ne: null }, 'line\nbreak', 'nul\0', '\u0085'];

  it.each(['sub', 'jti', 'sid', 'stamp'])('refuses a hostile %s', async (name) => {
    for (const value of hostile) expect(await verdictOn({ [name]: value })).toBe('invalid_claims');
    expect(await verdictOn({ [name]: '' })).toBe(name === 'sub' ? 'missing_subject' : 'invalid_claims');
  });

  it.each([
    ['sub', 255],
    ['jti', 128],
    ['sid', 255],
  ])('accepts %s of %i characters and refuses one more', async (name, length) => {
    expect(await verdictOn({ [name]: 'x'.repeat(length) })).toBe('OK');
    expect(await verdictOn({ [name]: 'x'.repeat(length + 1) })).toBe('invalid_claims');
  });

  it('applies lower limits if the profile sets them', async () => {
    const limits = { token: 8192, header: 2048, depth: 32, members: 1000, audiences: 1, kid: 256, jti: 6, subject: 3 };
    expect(await resultOf({ sid: 'abc' }, { limits })).toBe('invalid_claims');
    expect(await resultOf({ jti: 'abcdef', sid: 'abc' }, { limits })).toBe('OK');
    expect(await resultOf({ jti: 'abcdef', sid: 'abcd' }, { limits })).toBe('invalid_claims');
    expect(await resultOf({ jti: 'abcdef', sid: 'abc', aud: [AUDIENCE, 'b'] }, { limits })).toBe('invalid_audience');
  });

  it.each(['1 OR 1=1', '1; DROP TABLE', '{"$ne":null}', 'ä', ' ', '\u202eada'])(
    'passes on the subject %j unchanged',
    async (sub) => {
      const { verifier, by: own } = await oneIssuer();
      const good = forge({ alg: own.alg, kid: own.kid, typ: 'at+jwt' }, accessClaims({ sub }), own);
      expect((await verifier.verify(good, 'access')).subject).toEqual({ issuer: ISSUER, id: sub });
    },
  );

  it('reads them from the claims that the profile names', async () => {
    const foreign = {
      jtiClaim: 'uti',
      sidClaim: undefined,
      subjectOf: ({ oid }: Claims) => (typeof oid === 'string' ? oid : undefined),
    };
    const jws = parseJws(token({ uti: 'u-1', oid: 'o-1' }));
    const verified = checkedClaims(jws, { ...profile, ...foreign });
    expect(verified).toMatchObject({ jti: 'u-1', sid: undefined, subject: { issuer: ISSUER, id: 'o-1' } });
    expect(await resultOf({ uti: 1 }, foreign)).toBe('missing_subject');
    expect(await resultOf({ uti: 1, oid: 'o-1' }, foreign)).toBe('invalid_claims');
  });
});

describe('the type of a token', () => {
  it.each(['at+jwt', 'at+JWT', 'AT+JWT', 'application/at+jwt', 'Application/AT+JWT'])('accepts %s', async (typ) => {
    expect(await verdict(forge({ ...header(), typ }, accessClaims(), by))).toBe('OK');
  });

  it.each([
    'JWT',
    'rt+jwt',
    '',
    'at+jwt ',
    'application/application/at+jwt',
    'x/at+jwt',
    'application/at+jwt/x',
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
  ])('refuses %j', async (typ) => {
    expect(await verdict(forge({ ...header(), typ }, accessClaims(), by))).toBe('wrong_token_type');
  });

  it('refuses a token without one, unless the profile accepts that', async () => {
    expect(await verdict(forge({ alg: by.alg, kid: by.kid }, accessClaims(), by))).toBe('wrong_token_type');
    expect(await resultOf({}, { types: ['jwt', ''] }, undefined)).toBe('wrong_token_type');
    const untyped = parseJws(forge({ alg: by.alg }, accessClaims(), by));
    expect(() => checkedClaims(untyped, { ...profile, types: ['jwt', ''] })).not.toThrow();
    expect(await resultOf({}, { types: ['jwt', ''] }, 'JWT')).toBe('OK');
  });

  it.each(['nonce', 'at_hash', 'c_hash', 's_hash'])(
    'refuses an ID token by its %s, unless the profile is for those',
    async (mark) => {
      expect(await verdictOn({ [mark]: 'x' })).toBe('wrong_token_type');
      expect(await resultOf({ [mark]: 'x' }, { idTokens: 'expect' })).toBe('OK');
    },
  );
});

describe('what a token grants', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['read', ['read']],
    ['read write', ['read', 'write']],
    [' read  write ', ['read', 'write']],
    ['read\0:all', ['read\0:all']],
    ['read\tall', ['read\tall']],
    ['READ', ['READ']],
  ])('reads the scope %j as %j', async (scope, scopes) => {
    expect(verifiedWith({ scope }).scopes).toEqual(scopes);
  });

  it.each([null, 1, true, {}, [], ['read']])('refuses the scope %j', async (scope) => {
    expect(await verdictOn({ scope })).toBe('invalid_claims');
  });

  it('reads no other claim than the one of the profile', async () => {
    expect(verifiedWith({ scope: 'a', scp: ['b'], permissions: ['c'] }).scopes).toEqual(['a']);
    expect(
      checkedClaims(parseJws(token({ scope: 'a', permissions: ['c'] })), { ...profile, scopesOf: permissionsOf })
        .scopes,
    ).toEqual(['c']);
  });

  it('refuses a token if a hook of the profile throws, whatever it throws', async () => {
    expect(await resultOf({ permissions: ['c'] }, { scopesOf: permissionsOf })).toBe('OK');
    for (const permissions of [undefined, null, 1, 'c', [1], {}]) {
      expect(await resultOf({ permissions }, { scopesOf: permissionsOf })).toBe('invalid_claims');
    }
    for (const hook of ['scopesOf', 'isClient', 'subjectOf', 'upgradeClaims'] as const) {
      expect(await resultOf({}, { [hook]: broken })).toBe('invalid_claims');
    }
  });

  it('marks a restricted client only by `true`, and refuses values that are not booleans', async () => {
    expect(verifiedWith({}).restricted).toBe(false);
    expect(verifiedWith({ is_restricted: false }).restricted).toBe(false);
    expect(verifiedWith({ is_restricted: true }).restricted).toBe(true);
    for (const value of [null, 0, 1, 'true', '', [], {}])
      expect(await verdictOn({ is_restricted: value })).toBe('invalid_claims');
  });

  it('recognises a client by its claim, and requires that it speaks for itself', async () => {
    const machine = { kind: 'client', client_id: 'robot', sub: 'robot', sid: undefined };
    expect(verifiedWith(machine)).toMatchObject({ kind: 'client', own: true, sid: undefined });
    expect(verifiedWith({})).toMatchObject({ kind: 'user' });
    expect(await verdictOn({ ...machine, sub: 'ada' })).toBe('invalid_claims');
    expect(await verdictOn({ ...machine, client_id: undefined })).toBe('invalid_claims');
    expect(await verdictOn({ ...machine, kind: 'user' })).toBe('missing_claim');
  });

  it('passes on what the scheme asserts', async () => {
    const verified = verifiedWith({ auth_time: NOW - 60, stamp: 's', scope: 'a' });
    expect(verified).toEqual({
      subject: { issuer: ISSUER, id: 'ada' },
      kind: 'user',
      claims: accessClaims({ auth_time: NOW - 60, stamp: 's', scope: 'a' }),
      scopes: ['a'],
      roles: [],
      own: true,
      jti: 'token-1',
      sid: 'login-1',
      issuedAt: NOW,
      expiresAt: NOW + LIFETIME,
      authTime: NOW - 60,
      stamp: 's',
      restricted: false,
    });
  });

  it('reads the roles of a token, and refuses anything but a list of strings', async () => {
    expect(verifiedWith({ roles: ['teacher', 'admin'] }).roles).toEqual(['teacher', 'admin']);
    for (const roles of [null, 'admin', {}, [1], [['admin']], true])
      expect(await verdictOn({ roles })).toBe('invalid_claims');
  });

  it('reads no stamp from an external issuer', async () => {
    expect(checkedClaims(parseJws(token({ stamp: 's' })), { ...profile, own: false }).stamp).toBeUndefined();
  });
});

describe('the version of a token', () => {
  it.each([undefined, '0.5.0', '1.0.0', '1.0.5', '1.5.0', '1.5.5', '1', '1.2'])(
    'accepts %s if 1 is supported',
    async (version) => {
      expect(await resultOf({ version }, { supportedMajor: 1 })).toBe('OK');
    },
  );

  it.each(['2.0.0', '2', '10.0.0', '', 'x', '1.x', '1.0.0.0', '-1', ' 1.0.0', '1.0.0\n', 1, null, {}, [1], true])(
    'refuses %j if 1 is supported',
    async (version) => {
      expect(await resultOf({ version }, { supportedMajor: 1 })).toBe('unsupported_token_version');
    },
  );

  it('refuses 1.1.0, and a missing version, if 0 is supported', async () => {
    expect(await resultOf({ version: '1.1.0' }, { supportedMajor: 0 })).toBe('unsupported_token_version');
    expect(await resultOf({}, { supportedMajor: 0 })).toBe('unsupported_token_version');
  });

  it('is not checked without an option for it', async () => {
    for (const version of ['99.0.0', 1, {}]) expect(await verdictOn({ version })).toBe('OK');
  });

  it('may be upgraded before claims are validated', async () => {
    const verified = checkedClaims(parseJws(token({})), { ...profile, upgradeClaims: toNewest });
    expect(verified.subject.id).toBe('v2-ada');
    expect(verified.claims['filters']).toEqual([]);
    expect(Object.getPrototypeOf(verified.claims)).toBeNull();
    expect(Object.isFrozen(verified.claims)).toBe(true);
  });
});

describe('well-known claims of a wrong type', () => {
  const names =
    'iss sub aud exp nbf iat jti sid auth_time nonce acr amr azp at_hash c_hash name given_name login_name nickname ' +
    'preferred_username profile picture website email email_verified gender birthdate zoneinfo locale phone_number address ' +
    'updated_at cnf act scope scp client_id may_act roles groups entitlements permissions events toe txn kind stamp ' +
    'is_restricted version filters admin is_admin is_staff username user_id';

  it.each(names.split(' '))('never grants more with %s than a token without it', async (name) => {
    const without = await rightsOf({ [name]: undefined });
    for (const value of [null, true, false, 0, '', [], {}]) {
      expect(['refused', without]).toContain(await rightsOf({ [name]: value }));
    }
  });
});
