// How big a token may be: the defaults are the caps.
import { describe, expect, it } from '@jest/globals';
import { defaultLimits, limitProblems } from '../../libs/auth/src/core/tokens/limits.js';
import { parseJws } from '../../libs/auth/src/core/tokens/jws.js';
import { TokenVerifier } from '../../libs/auth/src/core/tokens/token-verifier.js';
import { accessClaims, FixedClock, forge, ISSUER, oneIssuer, verdictOf } from './forge.js';

describe('limits', () => {
  it('are those of the documents', () => {
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

  it('may be lowered, and never raised, misspelt or given as anything but a whole number', () => {
    expect(limitProblems({})).toEqual([]);
    expect(limitProblems({ token: 4096, jti: 1, subject: 255 })).toEqual([]);
    expect(limitProblems({ token: 8193, jti: 0, depth: 1.5, kid: '9' as never })).toEqual([
      'limits.token must be a whole number from 1 to 8192',
      'limits.jti must be a whole number from 1 to 128',
      'limits.depth must be a whole number from 1 to 32',
      'limits.kid must be a whole number from 1 to 256',
    ]);
    expect(limitProblems({ tokens: 1, toString: 1 } as never)).toEqual([
      expect.stringMatching(/^limits\.tokens is not a limit; there are token, header,/),
      expect.stringMatching(/^limits\.toString is not a limit/),
    ]);
  });

  it('lowered, refuse what was accepted before', async () => {
    const { by, profiles, verdict } = await oneIssuer();
    const token = forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims({ deep: [[1]] }), by);
    expect(await verdict(token)).toBe('OK');
    const lowered = { token: token.length - 1, header: 10, depth: 2, members: 3, kid: 2 };
    for (const [name, limit] of Object.entries(lowered)) {
      const limits = { ...defaultLimits, [name]: limit };
      expect(() => parseJws(token, limits)).toThrow(expect.objectContaining({ code: 'token_malformed' }));
      const issuers = [{ issuer: ISSUER, keys: { find: () => Promise.reject(new Error('asked')) }, profiles }];
      const verifier = new TokenVerifier({ issuers, clock: new FixedClock(), limits });
      expect(await verdictOf(verifier.verify(token, 'access'))).toBe('token_malformed');
    }
  });
});
