import { describe, expect, it } from '@jest/globals';
import { parseDurationMs } from '../../../libs/auth/src/core/base/duration.js';

describe('durations', () => {
  it.each<[unknown, number | undefined]>([
    ['15m', 900_000],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['14d', 1_209_600_000],
    ['0s', 0],
    [60, 60_000],
    [0.5, 500],
    ['60', undefined],
    ['15 m', undefined],
    ['15M', undefined],
    ['', undefined],
    ['-5m', undefined],
    ['1e3s', undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [null, undefined],
  ])('%p is %p milliseconds', (duration, expected) => {
    expect(parseDurationMs(duration)).toBe(expected);
  });
});
