// The syntax of tokens. Every token is signed correctly, except in the rows about the signature.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { JsonError, parseStrictJsonObject } from '../../../libs/auth/src/core/base/json.js';
import type { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { accessClaims, encode, forge, type Forger, oneIssuer } from '../support/token-forgery.js';

let by: Forger;
let verdict: (token: string) => Promise<string>;
let verifier: TokenVerifier;
let header: { alg: string; kid: string; typ: string };
let good: string;

beforeAll(async () => {
  ({ by, verdict, verifier } = await oneIssuer());
  header = { alg: by.alg, kid: by.kid, typ: 'at+jwt' };
  good = forge(header, accessClaims(), by);
});

const withPayload = (text: string | Buffer) => forge(header, text, by);
const claimsText = () => JSON.stringify(accessClaims());
const withClaims = (members: string) => withPayload(claimsText().replace(/\}$/, `,${members}}`));

/** Replaces one segment of the valid token and keeps the rest. */
function bend(segment: number, change: (text: string) => string): string {
  return good
    .split('.')
    .map((text, index) => (index === segment ? change(text) : text))
    .join('.');
}

/** Signs over segments as they are spelt, so that only their spelling is wrong. */
function resigned(token: string): string {
  const input = token.split('.').slice(0, 2).join('.');
  return `${input}.${by.sign(input).toString('base64url')}`;
}

const flattened = () => {
  const [head, payload, signature] = good.split('.');
  return JSON.stringify({ protected: head, payload, signature });
};

/** A valid token of exactly that length: padding one segment does not reach every length. */
function sized(length: number): string {
  for (const x of ['', 'x', 'xx']) {
    const empty = forge({ ...header, x }, accessClaims({ fill: '' }), by).length;
    const fill = Math.floor(((length - empty) * 3) / 4);
    for (const slack of [0, 1, 2]) {
      const token = forge({ ...header, x }, accessClaims({ fill: 'x'.repeat(fill + slack) }), by);
      if (token.length === length) return token;
    }
  }
  throw new Error(`no token has ${length} characters`);
}

const withHeaderOf = (bytes: number) => {
  const empty = JSON.stringify({ ...header, x: '' }).length;
  return forge({ ...header, x: 'x'.repeat(bytes - empty) }, accessClaims(), by);
};

const stray = (members: object) => (JSON.stringify({ ...members, x: '' }).length % 3 === 0 ? 1 : 0);
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const nextLetter = (text: string) => text.slice(0, -1) + letters[letters.indexOf(text.slice(-1)) + 1];

const flood = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join(',')}}`;
const scattered = (count: number) => `{"x":[${Array.from({ length: count - 1 }, () => '{"":0}').join(',')}]}`;
const nested = (levels: number) => withClaims(`"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}`);

describe('the shape of a token', () => {
  it('accepts a valid token', async () => {
    expect(await verdict(good)).toBe('OK');
  });

  it.each([
    ['is empty', () => ''],
    ['has two segments', () => good.split('.').slice(0, 2).join('.')],
    ['has five segments', () => `${good}.a.b`],
    ['has four segments', () => `${good}.`],
    ['is one dot', () => '.'],
    ['is two dots', () => '..'],
    ['is three dots', () => '...'],
    ['has a detached payload', () => `${good.split('.')[0]}..${good.split('.')[2]}`],
    ['is the flattened serialisation as text', () => flattened()],
    ['is the flattened serialisation as base64url', () => encode(flattened())],
    ['holds another token', () => withPayload(good)],
    ['stands in double quotes', () => `"${good}"`],
    ['stands in single quotes', () => `'${good}'`],
    ['stands in angle brackets', () => `<${good}>`],
    ['has a second prefix', () => `Bearer ${good}`],
    ['has the prefix of another scheme', () => `JWT ${good}`],
  ])('refuses a token that %s', async (_, token) => {
    expect(await verdict(token())).toBe('token_malformed');
  });

  it('refuses what is not a string', async () => {
    expect(await verdict(undefined as never)).toBe('token_malformed');
    expect(await verdict({ toString: () => good } as never)).toBe('token_malformed');
  });

  it('accepts 8192 characters and refuses one more', async () => {
    expect(await verdict(sized(8192))).toBe('OK');
    expect(await verdict(sized(8193))).toBe('token_too_large');
  });
});

describe('the encoding of a segment', () => {
  const blanks = {
    LF: '\n',
    CR: '\r',
    tab: '\t',
    space: ' ',
    'form feed': '\f',
    'no-break space': '\u00a0',
    NUL: '\0',
  };
  const places = [0, 1, 2].flatMap((segment) =>
    Object.entries(blanks).map(([name, blank]) => ({ segment, name, blank })),
  );

  it.each(places)('refuses $name inside segment $segment', async ({ segment, blank }) => {
    const bent = bend(segment, (text) => `${text.slice(0, 4)}${blank}${text.slice(4)}`);
    expect(await verdict(bent)).toBe('token_malformed');
    expect(await verdict(segment === 2 ? bent : resigned(bent))).toBe('token_malformed');
    expect(await verdict(bend(segment, (text) => text + blank))).toBe('token_malformed');
  });

  it.each([0, 1, 2])('refuses padding on segment %i', async (segment) => {
    const bent = bend(segment, (text) => `${text}=`);
    expect(await verdict(bent)).toBe('token_malformed');
    expect(await verdict(segment === 2 ? bent : resigned(bent))).toBe('token_malformed');
  });

  it.each([0, 1, 2])('refuses stray bits at the end of segment %i', async (segment) => {
    // One or two bytes over a multiple of three leave bits that no byte uses.
    const token = forge(
      { ...header, x: 'x'.repeat(stray(header)) },
      accessClaims({ x: 'x'.repeat(stray(accessClaims())) }),
      by,
    );
    const bent = token
      .split('.')
      .map((text, index) => (index === segment ? nextLetter(text) : text))
      .join('.');
    expect(await verdict(token)).toBe('OK');
    expect(await verdict(bent)).toBe('token_malformed');
    expect(await verdict(segment === 2 ? bent : resigned(bent))).toBe('token_malformed');
  });

  it.each(['\uff41', '\u0430', 'e\u200d', '+', '/', '\ud800'])('refuses %j in any segment', async (letter) => {
    for (const segment of [0, 1, 2]) {
      expect(await verdict(bend(segment, (text) => letter + text.slice(1)))).toBe('token_malformed');
    }
  });
});

describe('the header', () => {
  it.each([
    '[]',
    'null',
    '"x"',
    '1',
    'true',
    '',
    '{',
    '{"alg":"ES256",}',
    "{'alg':'ES256'}",
    '{"alg":"ES256"} x',
    '{/**/}',
  ])('refuses %j as the header', async (text) => {
    expect(await verdict(forge(text, accessClaims(), by))).toBe('token_malformed');
  });

  it('refuses a duplicate member', async () => {
    const text = JSON.stringify(header).replace('{', `{"kid":"other",`);
    expect(await verdict(forge(text, accessClaims(), by))).toBe('token_malformed');
  });

  it('accepts 2048 bytes and refuses one more', async () => {
    expect(await verdict(withHeaderOf(2048))).toBe('OK');
    expect(await verdict(withHeaderOf(2049))).toBe('token_malformed');
  });

  it.each([
    ['crit', ['exp']],
    ['crit', ['x']],
    ['crit', []],
    ['crit', 'b64'],
    ['crit', [1]],
    ['crit', ['b64', 'b64']],
    ['crit', ['b64']],
    ['b64', true],
    ['b64', false],
    ['zip', 'DEF'],
    ['zip', null],
  ])('refuses the member %s: %j', async (name, value) => {
    expect(await verdict(forge({ ...header, [name]: value }, accessClaims(), by))).toBe('token_malformed');
  });

  it.each([
    ['jku', 'https://attacker.example/jwks'],
    ['x5u', 'file:///etc/passwd'],
    ['jwk', { kty: 'oct', k: 'AAAA' }],
    ['x5c', ['AAAA']],
    ['x5t', 'AAAA'],
    ['iss', 'https://attacker.example'],
    ['sub', 'grace'],
    ['aud', 'elsewhere'],
  ])('ignores the member %s', async (name, value) => {
    expect(await verdict(forge({ ...header, [name]: value }, accessClaims(), by))).toBe('OK');
  });

  it.each([null, true, false, 0, -1, 1.5, '', [], {}, ['ES256'], { alg: 'ES256' }])(
    'refuses %j as algorithm, key id and type',
    async (value) => {
      for (const name of ['alg', 'kid', 'typ']) {
        expect(await verdict(forge({ ...header, [name]: value }, accessClaims(), by))).not.toBe('OK');
      }
    },
  );

  it('refuses a header without an algorithm', async () => {
    expect(await verdict(forge({ kid: by.kid, typ: 'at+jwt' }, accessClaims(), by))).toBe('token_malformed');
  });

  it('refuses a key id of 257 characters before it looks for the key', async () => {
    expect(await verdict(forge({ ...header, kid: 'k'.repeat(257) }, accessClaims(), by))).toBe('token_malformed');
    expect(await verdict(forge({ ...header, kid: 'k'.repeat(256) }, accessClaims(), by))).toBe('unknown_key');
  });

  it.each([
    '',
    'unknown',
    '../../../../dev/null',
    '/dev/null',
    String.raw`C:\nul`,
    'key.pem%00',
    'a\r\nb',
    '__proto__',
    'constructor',
  ])('finds no key named %j', async (kid) => {
    expect(await verdict(forge({ ...header, kid }, accessClaims(), by))).toBe('unknown_key');
  });
});

describe('the payload', () => {
  it.each([
    '[]',
    'null',
    '"x"',
    '1',
    'true',
    '',
    ' ',
    '{',
    '{"a":1,}',
    '{"a":1}}',
    '{"a":1}\0',
    "{'a':1}",
    '{"a":1}//',
    '{a:1}',
    '{"a":01}',
  ])('refuses %j as the payload', async (text) => {
    expect(await verdict(withPayload(text))).toBe('token_malformed');
  });

  it('accepts whitespace and line ends around the members, as in the examples of RFC 7515', async () => {
    expect(await verdict(withPayload(` \r\n\t${claimsText().replaceAll(',', ' ,\r\n ')}\n`))).toBe('OK');
  });

  it.each([
    ['an over-long encoding', [0xc0, 0xaf]],
    ['a lone continuation byte', [0x80]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that never occurs', [0xff]],
    ['a truncated character', [0xe2, 0x82]],
  ])('refuses %s', async (_, bytes) => {
    const text = Buffer.concat([
      Buffer.from(claimsText().replace(/\}$/, ',"x":"')),
      Buffer.from(bytes),
      Buffer.from('"}'),
    ]);
    expect(await verdict(withPayload(text))).toBe('token_malformed');
  });

  it('refuses a byte order mark', async () => {
    expect(await verdict(withPayload(`\ufeff${claimsText()}`))).toBe('token_malformed');
  });

  it.each(['sub', 'exp', 'aud', 'iss'])('refuses %s twice, in either order', async (name) => {
    const twin = JSON.stringify({ [name]: name === 'exp' ? 9_999_999_999 : 'other' }).slice(1, -1);
    expect(await verdict(withClaims(twin))).toBe('token_malformed');
    expect(await verdict(withPayload(claimsText().replace('{', `{${twin},`)))).toBe('token_malformed');
    expect(
      await verdict(withClaims(twin.replace(name, `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`))),
    ).toBe('token_malformed');
  });

  it('refuses a duplicate inside a nested claim', async () => {
    expect(await verdict(withClaims('"x":{"y":[{"a":1,"a":1}]}'))).toBe('token_malformed');
    expect(await verdict(withClaims('"x":{"y":[{"a":1},{"a":1}]}'))).toBe('OK');
  });

  it.each(['"__proto__":{"admin":true}', '"x":{"__proto__":1}', '"x":[{"\\u005f_proto__":1}]'])(
    'refuses the member %s',
    async (members) => {
      expect(await verdict(withClaims(members))).toBe('token_malformed');
    },
  );

  it('accepts 1000 members in all and refuses one more', () => {
    for (const text of [flood, scattered]) {
      expect(() => parseStrictJsonObject(text(1000))).not.toThrow();
      expect(() => parseStrictJsonObject(text(1001))).toThrow(JsonError);
    }
  });

  it('accepts 32 levels and refuses one more', async () => {
    expect(await verdict(nested(32))).toBe('OK');
    expect(await verdict(nested(33))).toBe('token_malformed');
    expect(await verdict(nested(2900))).toBe('token_malformed');
  });

  it.each([
    '1'.repeat(400),
    `0.${'0'.repeat(398)}1`,
    '1e400',
    '-1e400',
    '-0',
    '-0.0',
    '-0e9',
    '-1e-400',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    '0x1',
  ])('refuses the number %s', async (number) => {
    expect(await verdict(withClaims(`"x":${number}`))).toBe('token_malformed');
  });

  it.each(['1E+2', '1e-400', '0', '0.5', '-1.5e3'])('accepts the spelling %s', async (number) => {
    expect(await verdict(withClaims(`"x":${number}`))).toBe('OK');
  });

  it.each(['"\\ud800"', '"\\udc00\\ud800"', '"\\u12"', '"\\x41"', '"\t"', '"\u0000"', '"open'])(
    'refuses the string %s',
    async (text) => {
      expect(await verdict(withClaims(`"x":${text}`))).toBe('token_malformed');
      expect(await verdict(withClaims(`${text}:1`))).toBe('token_malformed');
    },
  );

  it.each(['"\\ud83d\\ude00"', '"\ud83d\ude00"', '"\\u0000"', String.raw`"\"\\\/\b\f\n\r\t"`])(
    'accepts the string %s',
    async (text) => {
      expect(await verdict(withClaims(`"x":${text}`))).toBe('OK');
    },
  );
});

describe('the claims of a token', () => {
  const hostile = JSON.parse(
    '{"constructor":1,"prototype":{},"toString":"x","hasOwnProperty":null,"then":{"valueOf":1},"nested":{"then":[]}}',
  );

  it('are plain data without inherited behaviour, and awaiting them calls nothing', async () => {
    const { claims } = await verifier.verify(forge(header, accessClaims(hostile), by), 'access');
    expect({ ...claims }).toEqual(accessClaims(hostile));
    expect(Object.getPrototypeOf(claims)).toBeNull();
    expect(Object.getPrototypeOf(claims['nested'])).toBeNull();
    expect('valueOf' in claims).toBe(false);
    expect(await claims).toBe(claims);
  });

  it('are frozen to the last level', async () => {
    const { claims, scopes } = await verifier.verify(
      forge(header, accessClaims({ a: { b: [{ c: 1 }] } }), by),
      'access',
    );
    const walk = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(walk));
    expect(walk(claims)).toBe(true);
    expect(Object.isFrozen(scopes)).toBe(true);
  });
});

describe('strict JSON', () => {
  it.each([
    ['escapes', (size: number) => `{"x":"${String.raw`\u0041`.repeat(size)}"}`],
    ['blanks', (size: number) => `{"x":${' '.repeat(size)}`],
    ['digits', (size: number) => `{"x":${'1'.repeat(size)}}`],
    ['an open string', (size: number) => `{"x":"${'a'.repeat(size)}`],
    ['entries', (size: number) => `{"x":[${'0,'.repeat(size)}0]}`],
  ])('reads half a million %s in linear time, far inside the time of a test', (_, text) => {
    try {
      parseStrictJsonObject(text(500_000));
    } catch (error) {
      expect(error).toBeInstanceOf(JsonError);
    }
  });
});
