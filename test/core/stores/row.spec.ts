import { describe, expect, it } from '@jest/globals';
import {
  readString,
  readOptionalString,
  readInteger,
  readOptionalInteger,
} from '../../../libs/auth/src/core/stores/row.js';

describe('a value read back from a store', () => {
  it.each([
    ['a number', 1_900_000_000, 1_900_000_000],
    ['a big number as text', '1900000000123', 1_900_000_000_123],
    ['a bigint', 1_900_000_000n, 1_900_000_000],
    ['zero', '0', 0],
    ['a negative number as text', '-5', -5],
  ])('is an integer if it is %s', (_, value, expected) => {
    expect(readInteger({ field: value }, 'field')).toBe(expected);
  });

  it.each([
    ['null', null],
    ['nothing', undefined],
    ['a date', new Date()],
    ['the text of a date', '2026-11-23T00:00:00Z'],
    ['a fraction', 1.5],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['text with an exponent', '1e9'],
    ['hexadecimal text', '0x10'],
    ['empty text', ''],
    ['whitespace', ' '],
    ['more than a number holds exactly', '9007199254740993'],
    ['a truth value', true],
    ['an array', [1]],
    ['an object', { valueOf: () => 1 }],
  ])('is refused as an integer if it is %s', (_, value) => {
    expect(() => readInteger({ field: value }, 'field')).toThrow('field');
  });

  it.each([
    ['text', 'abc', 'abc'],
    ['bytes of text', Buffer.from('é🔑'), 'é🔑'],
    ['empty', '', ''],
  ])('is a string if it is %s', (_, value, expected) => {
    expect(readString({ field: value }, 'field')).toBe(expected);
  });

  it.each([
    ['null', null],
    ['nothing', undefined],
    ['a number', 7],
    ['an object', { id: 1 }],
    ['an array', ['abc']],
  ])('is refused as a string if it is %s', (_, value) => {
    expect(() => readString({ field: value }, 'field')).toThrow('field');
  });

  it('is undefined if the column may be null', () => {
    for (const value of [null, undefined]) {
      expect(readOptionalString({ field: value }, 'field')).toBeUndefined();
      expect(readOptionalInteger({ field: value }, 'field')).toBeUndefined();
    }
    expect(() => readOptionalInteger({ field: 'soon' }, 'field')).toThrow('field');
    expect(() => readOptionalString({ field: 7 }, 'field')).toThrow('field');
  });

  it('is not in the error when it is refused', () => {
    expect(() => readInteger({ field: 'user-17' }, 'field')).not.toThrow('user-17');
  });
});
