import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { onAuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { FailOpenPolicy } from '../../../libs/auth/src/core/stores/fail-open-policy.js';
import type { Verified } from '../../../libs/auth/src/core/base/principal.js';
import { codeOf } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const MINUTE = 60;

describe('the fail-open policy for a blocklist that is down', () => {
  let clock: ManualClock;
  let allowance: FailOpenPolicy;
  beforeEach(() => {
    clock = new ManualClock();
    allowance = new FailOpenPolicy(clock);
  });

  const token = (lifeSeconds: number, fields: Partial<Verified> = {}): Verified => ({
    subject: { issuer: 'i', id: 'user-1' },
    kind: 'user',
    claims: {},
    own: true,
    jti: 'jti-1',
    expiresAt: clock.nowSeconds() + lifeSeconds,
    ...fields,
  });
  const whileDown = (verified: Verified) =>
    codeOf((async () => allowance.find(verified, () => Promise.reject(new AuthError('store_unavailable'))))());

  it('accepts an access token that expires within five minutes, and none with more', async () => {
    expect(await whileDown(token(5 * MINUTE))).toBe('accepted');
    expect(await whileDown(token(5 * MINUTE + 1))).toBe('store_unavailable');
  });

  it('refuses host sessions, however soon they end', async () => {
    expect(await whileDown(token(MINUTE, { jti: undefined }))).toBe('store_unavailable');
  });

  it('refuses a credential without an expiry', async () => {
    expect(await whileDown(token(MINUTE, { expiresAt: undefined }))).toBe('store_unavailable');
  });

  it('closes after ten minutes in a row, and stays closed', async () => {
    expect(await whileDown(token(MINUTE))).toBe('accepted');
    clock.advance(10 * MINUTE - 1);
    expect(await whileDown(token(MINUTE))).toBe('accepted');
    clock.advance(1);
    expect(await whileDown(token(MINUTE))).toBe('store_unavailable');
    clock.advance(3_600);
    expect(await whileDown(token(MINUTE))).toBe('store_unavailable');
  });

  it('counts again from zero after the store has answered once', async () => {
    expect(await whileDown(token(MINUTE))).toBe('accepted');
    clock.advance(11 * MINUTE);
    expect(await allowance.find(token(MINUTE), () => Promise.resolve(undefined))).toBeUndefined();
    expect(await whileDown(token(MINUTE))).toBe('accepted');
  });

  it('is not extended by a revocation that the replica knows without the store', async () => {
    expect(await whileDown(token(MINUTE))).toBe('accepted');
    clock.advance(9 * MINUTE);
    expect(await allowance.find(token(MINUTE), () => Promise.resolve('login'))).toBe('login');
    clock.advance(2 * MINUTE);
    expect(await whileDown(token(MINUTE))).toBe('store_unavailable');
  });

  it('reports every token that was not looked up', async () => {
    const told: string[] = [];
    const stop = onAuthEvent((event) => void told.push(event.type));
    await whileDown(token(MINUTE));
    await whileDown(token(MINUTE));
    await whileDown(token(3_600));
    stop();
    expect(told).toEqual(['revocation_unchecked', 'revocation_unchecked']);
  });

  it('rethrows every other error', async () => {
    await expect(allowance.find(token(MINUTE), () => Promise.reject(new TypeError('a mistake')))).rejects.toThrow(
      'a mistake',
    );
  });
});
