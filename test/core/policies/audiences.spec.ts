import { describe, expect, it } from '@jest/globals';
import { hasAudience } from '../../../libs/auth/src/core/policies/audiences.js';
import { anyOf, enforce, not, type Policy } from '../../../libs/auth/src/core/policies/policies.js';
import { principalWith, requestWith } from '../../support/principals.js';
import { codeOf } from '../support/core-fixture.js';

const answer = (policy: Policy, claims: object) =>
  codeOf(
    enforce([policy], {
      principal: principalWith({ claims: claims as never }),
      request: requestWith(),
      nowSeconds: 1_900_000_000,
    }),
  );

describe('hasAudience', () => {
  it.each<[string, object, string]>([
    ['that audience', { aud: 'reports' }, 'accepted'],
    ['a list with it', { aud: ['invoices', 'reports'] }, 'accepted'],
    ['one of several', { aud: 'archive' }, 'accepted'],
    ['another', { aud: 'invoices' }, 'audience_mismatch'],
    ['another case', { aud: 'Reports' }, 'audience_mismatch'],
    ['a text with it', { aud: 'reports archive' }, 'audience_mismatch'],
    ['no audience, as a session', {}, 'audience_mismatch'],
    ['null', { aud: null }, 'audience_mismatch'],
    ['a nested list', { aud: [['reports']] }, 'audience_mismatch'],
  ])('decides for %s', async (_, claims, expected) => {
    expect(await answer(hasAudience('reports', 'archive'), claims)).toBe(expected);
  });

  it('is not turned into a grant by a negation', async () => {
    expect(await answer(not(hasAudience('reports')), { aud: 'invoices' })).toBe('audience_mismatch');
  });

  it('is one of several alternatives, and the refusal that is told', async () => {
    const policy = anyOf(() => false, hasAudience('reports'));
    expect(await answer(policy, { aud: 'reports' })).toBe('accepted');
    expect(await answer(policy, { aud: 'invoices' })).toBe('audience_mismatch');
  });
});
