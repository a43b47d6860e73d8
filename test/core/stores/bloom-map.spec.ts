// A map behind a Bloom filter must behave like a map: no entry may be missed.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BloomMap } from '../../../libs/auth/src/core/stores/bloom-map.js';

/** Few enough to meet again, and alike enough to fall into one place. */
const ids = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'ab', '😀'),
  fc.string({ maxLength: 40 }),
  fc.nat({ max: 50 }).map((middle) => `the same${middle}the same`),
  fc.nat({ max: 50 }).map((end) => `token-${end}`),
);
const steps = fc.array(
  fc.record({ does: fc.constantFrom('set', 'set', 'delete', 'get' as const), id: ids, value: fc.nat() }),
  { maxLength: 200 },
);

describe('a map with a Bloom filter', () => {
  it('behaves like a Map, whatever is done to it', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const map = new BloomMap<number>();
        const model = new Map<string, number>();
        for (const { does, id, value } of taken) {
          if (does === 'set') {
            map.set(id, value);
            model.set(id, value);
          }
          if (does === 'delete') expect(map.delete(id)).toBe(model.delete(id));
          expect(map.get(id)).toBe(model.get(id));
          expect(map.size).toBe(model.size);
        }
        expect([...map]).toEqual([...model]);
        expect([...map.values()]).toEqual([...model.values()]);
        for (const id of model.keys()) expect(map.get(id)).toBe(model.get(id));
      }),
    );
  });

  it('misses nothing while it grows, shrinks and grows again', () => {
    const map = new BloomMap<number>();
    const idOf = (at: number) => `${at}-with-a-long-common-end`;
    for (let round = 0; round < 3; round += 1) {
      for (let at = 0; at < 20_000; at += 1) map.set(idOf(at), at);
      for (let at = 0; at < 20_000; at += 1) if (map.get(idOf(at)) !== at) throw new Error(`${at} was missed`);
      for (let at = 0; at < 20_000; at += 1) if (at % 7 > 0) map.delete(idOf(at));
      for (let at = 0; at < 20_000; at += 1) expect(map.get(idOf(at))).toBe(at % 7 > 0 ? undefined : at);
    }
    expect(map.size).toBe(Math.ceil(20_000 / 7));
  });
});
