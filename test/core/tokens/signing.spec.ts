// What is signed comes out again, and what would be refused is not signed.
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { generateOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { parseJws, signJws } from '../../../libs/auth/src/core/tokens/jws.js';
import type { OwnKey } from '../../../libs/auth/src/core/keys/keys.js';
import { ClaimsNotSerializableError } from '../../../libs/auth/src/core/tokens/serializable-claims.js';

let key: OwnKey;

beforeAll(async () => {
  key = await generateOwnKey();
});

const signed = (claims: object, header: object = { typ: 'at+jwt' }) => signJws(header, claims, key.signing);
const readBack = async (claims: object) => parseJws(await signed(claims)).claims;

/** Which claim is to blame; fails the test if signing fails in any other way. */
async function blamed(claims: object, header?: object): Promise<string> {
  try {
    await signed(claims, header);
    return 'nothing';
  } catch (error) {
    if (error instanceof ClaimsNotSerializableError) return error.claim;
    throw error;
  }
}

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [index.toString(36), 0]));

const circular: Record<string, unknown> = { name: 'x' };
circular['self'] = circular;
const withHiddenToJson = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'forged' });

describe('claims to be signed', () => {
  it('take their algorithm and key id from the key', async () => {
    const { header } = parseJws(await signed({ sub: 'ada' }, { typ: 'at+jwt', alg: 'none', kid: 'other' }));
    expect(header).toEqual({ alg: 'ES256', kid: key.signing.kid, typ: 'at+jwt', thumbprints: [] });
  });

  it('lose their undefined members, at any depth', async () => {
    const claims = await readBack({ sub: 'ada', scope: undefined, nested: { a: undefined, b: null } });
    expect({ ...claims }).toEqual({ sub: 'ada', nested: { b: null } });
    expect('scope' in claims).toBe(false);
  });

  it.each([
    ['a function', () => 'x'],
    ['a bigint', 1n],
    ['a symbol', Symbol('x')],
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['minus zero', -0],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a set', new Set()],
    ['bytes', new Uint8Array(2)],
    ['a buffer', Buffer.from('x')],
    ['an instance of a class', new (class Person {})()],
    ['a regular expression', /x/],
    ['a boxed string', Object('x')],
    ['an error', new Error('x')],
    ['a promise', Promise.resolve()],
    ['a toJSON function', { toJSON: () => 'x' }],
    ['a hole', [1, , 2]], // eslint-disable-line no-sparse-arrays
    ['an undefined entry', [undefined]],
    ['a list of another class', new (class List extends Array {})()],
    ['a lone surrogate', '\ud800'],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['a member named by half a character', { '\udc00': 1 }],
    ['a circle', circular],
  ])('are refused if one is %s, and it is named', async (_, value) => {
    expect(await blamed({ sub: 'ada', odd: value })).toMatch(/^odd/);
    expect(await blamed({ deep: { list: [0, { odd: value }] } })).toMatch(/^deep\.list\.1\.odd/);
  });

  it('ignore a toJSON that is not enumerable', async () => {
    expect({ ...(await readBack({ odd: withHiddenToJson })) }).toEqual({ odd: { a: 1 } });
    const list = Object.assign([1], { toJSON: () => 'forged' });
    expect({ ...(await readBack({ list })) }).toEqual({ list: [1] });
  });

  it('are refused if they are not a plain object themselves', async () => {
    for (const claims of [[], new Map(), new Date(0), () => ({})]) expect(await blamed(claims)).toBe('');
  });

  it('may be as deep and as many as a verifier reads, and no more', async () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(await blamed({ deep: nested(31) })).toBe('nothing');
    expect(await blamed({ deep: nested(32) })).toMatch(/^deep/);
    expect(await blamed(many(1001))).toMatch(/./);
    expect(await blamed(many(600))).toBe('nothing');
  });

  it('may be as long as a verifier reads, and no more', async () => {
    const overhead = (await signed({ x: '' })).length;
    const longest = Math.floor(((8192 - overhead) * 3) / 4);
    expect(await blamed({ x: 'x'.repeat(longest - 2) })).toBe('nothing');
    expect(await blamed({ x: 'x'.repeat(longest + 2) })).toBe('');
    expect(await blamed({ x: 'x'.repeat(1_000_000) })).toBe('');
  });

  it.each([{ crit: ['x'] }, { b64: false }, { zip: 'DEF' }, { typ: 1 }, { typ: null }, { x: 'x'.repeat(2100) }])(
    'are refused under the header %j',
    async (header) => {
      expect(await blamed({ sub: 'ada' }, header)).toBe('');
    },
  );

  it('never show a value in an error', async () => {
    await expect(signed({ password: ['hunter2\ud800'] })).rejects.toThrow(
      /^The claim "password\.0" holds half a character \(a lone surrogate\)$/,
    );
  });

  it('are unavailable if the signer does not answer', async () => {
    const broken = { ...key.signing, sign: () => Promise.reject(new Error('secret of the vault')) };
    const failure = signJws({ typ: 'at+jwt' }, { sub: 'ada' }, broken);
    await expect(failure).rejects.toBeInstanceOf(AuthError);
    await expect(failure).rejects.toMatchObject({ code: 'keys_unavailable' });
  });
});

describe('signing and reading', () => {
  const json = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }), {
    maxKeys: 8,
    noNullPrototype: true,
  });

  it('return exactly what was signed', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (claims) => {
        fc.pre(!JSON.stringify(claims).includes('"__proto__"') && !hasMinusZero(claims));
        expect(JSON.parse(JSON.stringify(await readBack(claims)))).toEqual(JSON.parse(JSON.stringify(claims)));
      }),
      { numRuns: 2000 },
    );
  });

  it('never sign what cannot be verified', async () => {
    const anything = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (claims) => {
        const token = await signed(claims).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ClaimsNotSerializableError);
        });
        if (token !== undefined) expect(() => parseJws(token)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

function hasMinusZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  return Object.values(value).some(hasMinusZero);
}
