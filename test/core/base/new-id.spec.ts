import { describe, expect, it } from '@jest/globals';
import { newId } from '../../../libs/auth/src/core/base/new-id.js';

const COUNT = 200_000;

describe('the ids of tokens and sign-ins', () => {
  it('have 256 bits, and none repeats in two hundred thousand', () => {
    const made = new Set<string>();
    for (let count = 0; count < COUNT; count += 1) made.add(newId());
    expect(made.size).toBe(COUNT);
    for (const id of [...made].slice(0, 1_000)) expect(Buffer.from(id, 'base64url')).toHaveLength(32);
  });

  it('contain no time and no counter: each of their bits is set as often as not', () => {
    const samples = Array.from({ length: 20_000 }, () => Buffer.from(newId(), 'base64url'));
    for (let bit = 0; bit < 256; bit += 1) {
      const isSet = (bytes: Buffer) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
      const share = samples.filter((bytes) => isSet(bytes) === 1).length / samples.length;
      // Ten standard deviations from a half.
      expect(Math.abs(share - 0.5)).toBeLessThan(0.036);
    }
  });
});
