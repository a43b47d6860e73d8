import { describe, expect, it } from '@jest/globals';
import { FixedClock } from 'nestjs-latchkey/testing';

describe('FixedClock', () => {
  it('does not move until it is moved', () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    expect([clock.nowMs(), clock.nowSeconds()]).toEqual([1_767_225_600_000, 1_767_225_600]);
    clock.advance('15m');
    clock.advance(5);
    expect(clock.nowSeconds()).toBe(1_767_225_600 + 905);
    clock.set(new Date(0));
    expect(clock.nowMs()).toBe(0);
  });

  it('refuses an invalid time and an invalid duration', () => {
    expect(() => new FixedClock('yesterday')).toThrow(TypeError);
    expect(() => new FixedClock().advance('60' as '60s')).toThrow('not a duration');
  });
});
