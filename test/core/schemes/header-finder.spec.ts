import { describe, expect, it } from '@jest/globals';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { headerFinder } from '../../../libs/auth/src/core/schemes/schemes.js';
import { requestWith } from '../support/core-fixture.js';

const bearer = headerFinder({ name: 'authorization', schemes: ['Bearer', 'JWT'] });

const read = (line: string | readonly string[]): string | undefined => {
  try {
    return bearer(requestWith({ authorization: line })) ?? 'nothing';
  } catch (error) {
    return error instanceof AuthError ? error.code : String(error);
  }
};

describe('the authorization header', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['JWT abc', 'abc'],
    ['Bearer    abc', 'abc'],
  ])('%p carries the token', (line, token) => {
    expect(read(line)).toBe(token);
  });

  it.each(['', ' ', 'Basic abc', 'Basic', 'Bearergood', 'XBearer good', 'JWTX a', 'abc', '"Bearer" abc'])(
    '%p is not a credential',
    (line) => {
      expect(read(line)).toBe('nothing');
    },
  );

  it.each([
    'Bearer',
    'Bearer\tabc',
    'Bearer abc def',
    'Bearer abc, Bearer def',
    'Bearer:good',
    'Bearer=good',
    'Bearer\u00a0good',
    'Bearer abc\tdef',
  ])('%p is a malformed bearer credential', (line) => {
    expect(read(line)).toBe('malformed_header');
  });

  it('is ambiguous on two lines, whatever they hold', () => {
    expect(read(['Bearer abc', 'Bearer abc'])).toBe('ambiguous_credentials');
    expect(read(['Basic abc', 'Bearer abc'])).toBe('ambiguous_credentials');
  });

  it('is read in linear time', () => {
    const hostile = `Bearer ${' '.repeat(100_000)}a b`;
    expect(read(hostile)).toBe('malformed_header');
  });

  it('may be another header, and then the standard one is no credential', () => {
    const custom = headerFinder({ name: 'x-api-auth', schemes: ['JWT'] });
    expect(custom(requestWith({ 'x-api-auth': 'JWT abc' }))).toBe('abc');
    expect(custom(requestWith({ authorization: 'JWT abc' }))).toBeUndefined();
    expect(custom(requestWith({ 'x-api-auth': 'Bearer abc' }))).toBeUndefined();
  });
});
