import { describe, expect, it } from '@jest/globals';
import type { Principal } from '../../../libs/auth/src/core/base/principal.js';
import { authenticatedBy } from '../../../libs/auth/src/core/policies/authenticated-by.js';
import { enforce, not } from '../../../libs/auth/src/core/policies/policies.js';
import { principalWith, requestWith } from '../../support/principals.js';
import { codeOf } from '../support/core-fixture.js';

const NOW = 1_800_000_000;
const contextOf = (parts: Partial<Omit<Principal, 'subject' | 'claims'>>) => ({
  principal: principalWith(parts) as unknown as Principal,
  request: requestWith(),
  nowSeconds: NOW,
});
const ago = (seconds: number) => new Date((NOW - seconds) * 1000);

describe('authenticatedBy', () => {
  it.each<[string, Parameters<typeof authenticatedBy>[0], Partial<Principal>, string]>([
    ['all methods there', { amr: ['pwd', 'otp'] }, { amr: ['pwd', 'otp', 'mfa'] }, 'accepted'],
    ['one method missing', { amr: ['pwd', 'otp'] }, { amr: ['pwd'] }, 'stronger_authentication_required'],
    ['no method', { amr: 'otp' }, {}, 'stronger_authentication_required'],
    ['the level', { acr: 'gold' }, { acr: 'gold' }, 'accepted'],
    ['one of the levels', { acr: ['gold', 'silver'] }, { acr: 'silver' }, 'accepted'],
    ['another level', { acr: 'gold' }, { acr: 'Gold' }, 'stronger_authentication_required'],
    ['no level', { acr: 'gold' }, {}, 'stronger_authentication_required'],
    ['a recent sign-in', { maxAge: '10m' }, { authTime: ago(600) }, 'accepted'],
    ['an old sign-in', { maxAge: '10m' }, { authTime: ago(601) }, 'reauthentication_required'],
    ['a strong and old one', { maxAge: '10m', amr: 'otp' }, { amr: ['otp'] }, 'reauthentication_required'],
  ])('decides for %s', async (_, demands, { acr, amr = [], authTime }, expected) => {
    const policy = authenticatedBy(demands);
    expect(await codeOf(enforce([policy], contextOf({ acr, amr, authTime })))).toBe(expected);
  });

  it('is not turned into a grant by a negation', async () => {
    expect(await codeOf(enforce([not(authenticatedBy({ amr: 'otp' }))], contextOf({})))).not.toBe('accepted');
  });

  it('tells the levels and the age that are accepted', async () => {
    const policy = authenticatedBy({ acr: ['gold', 'silver'], maxAge: '10m' });
    await expect(enforce([policy], contextOf({}))).rejects.toMatchObject({
      acrValues: ['gold', 'silver'],
      maxAgeSeconds: 600,
    });
  });

  it.each([undefined, {}, { acr: '' }, { acr: [] }, { amr: 'a b' }, { amr: ['"'] }, { maxAge: 'soon' }, { acr: 7 }])(
    'refuses %j when it is written',
    (given) => {
      expect(() => authenticatedBy(given as never)).toThrow(TypeError);
    },
  );
});
