// How big a token may be: by default, and at most.
import { describe, expect, it } from '@jest/globals';
import {
  defaultLimits,
  externalLimits,
  highestLimits,
  limitProblems,
  ownLimits,
  widestLimits,
} from '../../../libs/auth/src/core/base/limits.js';
import { parseJws } from '../../../libs/auth/src/core/tokens/jws.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { accessClaims, NOW, forge, ISSUER, oneIssuer, verdictOf } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

describe('limits', () => {
  it('are those of the documentation', () => {
    expect(defaultLimits).toEqual({
      token: 8192,
      header: 2048,
      depth: 32,
      members: 1000,
      audiences: 32,
      kid: 256,
      jti: 128,
      subject: 255,
    });
    expect(Object.isFrozen(defaultLimits)).toBe(true);
  });

  it('are wider for external tokens, except for what our stores hold', () => {
    expect(externalLimits).toMatchObject({ token: 16_384, audiences: 1000, jti: 16_384, subject: 16_384 });
    const names = Object.keys(defaultLimits) as (keyof typeof defaultLimits)[];
    for (const name of names) {
      expect(externalLimits[name]).toBeGreaterThanOrEqual(defaultLimits[name]);
      expect(highestLimits[name]).toBeGreaterThanOrEqual(externalLimits[name]);
    }
    expect(widestLimits([defaultLimits, { ...externalLimits, depth: 40 }])).toEqual({ ...externalLimits, depth: 40 });
  });

  it('may be lowered and raised within a bound, and must be whole numbers of known names', () => {
    expect(limitProblems({})).toEqual([]);
    expect(limitProblems({ token: 65_536, jti: 1, subject: 255 })).toEqual([]);
    expect(limitProblems({ token: 65_537, jti: 0, depth: 1.5, kid: '9' as never })).toEqual([
      'limits.token must be a whole number from 1 to 65536',
      'limits.jti must be a whole number from 1 to 16384',
      'limits.depth must be a whole number from 1 to 64',
      'limits.kid must be a whole number from 1 to 256',
    ]);
    expect(limitProblems({ tokens: 1, toString: 1 } as never)).toEqual([
      expect.stringMatching(/^limits\.tokens is not a limit; there are token, header,/),
      expect.stringMatching(/^limits\.toString is not a limit/),
    ]);
    for (const none of [null, 'large', [1]])
      expect(limitProblems(none as never)).toEqual([expect.stringMatching(/^limits must be/)]);
  });

  it('of our own ids are those of our stores, whatever is configured', () => {
    expect(ownLimits({ token: 20_000, jti: 9999, subject: 9999 })).toEqual({ ...defaultLimits, token: 20_000 });
    expect(ownLimits({ jti: 9, subject: 9 })).toMatchObject({ jti: 9, subject: 9 });
    expect(ownLimits()).toEqual(defaultLimits);
  });

  it('refuse, once lowered, what was accepted before', async () => {
    const { by, profiles, verdict } = await oneIssuer();
    const token = forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims({ deep: [[1]] }), by);
    expect(await verdict(token)).toBe('OK');
    const lowered = { token: token.length - 1, header: 10, depth: 2, members: 3, kid: 2 };
    for (const [name, limit] of Object.entries(lowered)) {
      const limits = { ...defaultLimits, [name]: limit };
      const code = name === 'token' ? 'token_too_large' : 'token_malformed';
      expect(() => parseJws(token, limits)).toThrow(expect.objectContaining({ code }));
      const issuers = [{ issuer: ISSUER, keys: { find: () => Promise.reject(new Error('asked')) }, profiles }];
      const verifier = new TokenVerifier({ issuers, clock: new ManualClock(NOW * 1_000), limits });
      expect(await verdictOf(verifier.verify(token, 'access'))).toBe(code);
    }
  });
});
