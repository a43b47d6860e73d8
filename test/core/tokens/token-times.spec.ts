// The seconds in which a token is in time are worked out once: they must be those in which the rules say nothing.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Verified } from '../../../libs/auth/src/core/base/principal.js';
import { ownAccessProfile } from '../../../libs/auth/src/core/tokens/profiles.js';
import { assertInTime, validityOf } from '../../../libs/auth/src/core/tokens/token-times.js';

const NOW = 1_000;
/** Close to each other and to the present, so that every border is met. */
const time = fc.oneof(
  fc.integer({ min: NOW - 30, max: NOW + 30 }),
  fc.integer({ min: (NOW - 30) * 4, max: (NOW + 30) * 4 }).map((quarters) => quarters / 4),
);
const span = fc.integer({ min: 0, max: 20 });
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

function isAccepted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

describe('the validity of a token', () => {
  it('covers exactly the seconds that the rules accept', () => {
    const facts = fc.record({
      exp: time,
      nbf: maybe(time),
      iat: maybe(time),
      maxAge: maybe(span),
      longest: maybe(span),
      tolerance: span,
    });
    fc.assert(
      fc.property(facts, fc.integer({ min: NOW - 60, max: NOW + 60 }), ({ exp, nbf, iat, ...rules }, now) => {
        const own = { issuer: 'i', audience: false, algorithms: ['ES256'], maxLifetimeSeconds: 60 } as const;
        const profile = {
          ...ownAccessProfile({ ...own, toleranceSeconds: rules.tolerance }),
          fractionalTimes: true,
          maxAgeSeconds: rules.maxAge,
          maxLifetimeSeconds: rules.longest,
        };
        // Of the facts, the times alone are looked at.
        const verified = { claims: { exp, nbf, iat } } as unknown as Verified;
        const { from, until } = validityOf(verified, profile);
        expect(now >= from && now < until).toBe(isAccepted(() => assertInTime(verified, profile, now)));
      }),
      { numRuns: 20_000 },
    );
  });
});
