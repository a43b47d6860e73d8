// Keys whose entry in the set names an issuer, as those of Microsoft do.
import { describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import { isKeyOf } from '../../../libs/auth/src/core/keys/key-issuer.js';
import { readKeySet } from '../../../libs/auth/src/core/issuers/key-set-document.js';
import { es, publicOf, rsa, tokenWith, trusts, verdict } from '../support/external-tokens.js';

const AUTHORITY = 'https://login.microsoftonline.com';
const OURS = `${AUTHORITY}/t1/v2.0`;
const PLACEHOLDER = `${AUTHORITY}/{tenantid}/v2.0`;

const issuedBy = (jwk: JWK, issuer: unknown): JWK => Object.assign(jwk, { issuer });
const keysOf = (rsaIssuer: unknown, esIssuer: unknown = undefined) => ({
  jwks: {
    keys: [issuedBy(publicOf(rsa), rsaIssuer), issuedBy(publicOf(es), esIssuer)],
  },
});
const verdictBy = (issuer: unknown, claims: object = {}) =>
  verdict(tokenWith({ iss: OURS, tid: 't1', ...claims }), trusts({ issuer: OURS, keys: keysOf(issuer) }));

describe('A key that names an issuer', () => {
  it.each([
    ['the issuer of the token', OURS],
    ['every tenant, with a placeholder', PLACEHOLDER],
    ['no issuer', undefined],
    ['no issuer, given as null', null],
  ])('verifies a token of %s', async (_, issuer) => {
    expect(await verdictBy(issuer)).toBe('OK');
  });

  it.each([
    ['another tenant', `${AUTHORITY}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`],
    ['another provider', 'https://other.example'],
    ['the same issuer with a slash more', `${OURS}/`],
    ['every tenant of another provider', 'https://other.example/{tenantid}/v2.0'],
    ['every tenant, under another version', `${AUTHORITY}/{tenantid}/`],
  ])('verifies no token of ours if it names %s', async (_, issuer) => {
    expect(await verdictBy(issuer)).toBe('unknown_key');
  });

  it('does not affect the other keys of its set', async () => {
    const options = trusts({ issuer: OURS, keys: keysOf('https://other.example', OURS) });
    expect(await verdict(tokenWith({ iss: OURS }, {}, es), options)).toBe('OK');
    expect(await verdict(tokenWith({ iss: OURS }), options)).toBe('unknown_key');
  });

  it('with a placeholder is for the tenant that the token itself names', async () => {
    expect(await verdictBy(PLACEHOLDER, { tid: 't2' })).toBe('unknown_key');
    expect(await verdictBy(PLACEHOLDER, { tid: undefined })).toBe('OK');
    expect(await verdictBy(PLACEHOLDER, { tid: ['t1'] })).toBe('unknown_key');
  });

  it('is left out and reported if its issuer cannot be read', async () => {
    for (const issuer of [7, '', ['https://other.example'], {}]) {
      const set = JSON.stringify(keysOf(issuer).jwks);
      const { keys, notices } = await readKeySet(set, { algorithms: ['RS256', 'ES256'], known: [] });
      expect(keys.map(({ kid }) => kid)).toEqual(['es']);
      expect(notices).toEqual([{ kid: 'rsa', reason: 'it names its issuer in a way that cannot be read' }]);
    }
  });

  it('has a placeholder that matches one segment, and not an empty one', () => {
    expect(isKeyOf(PLACEHOLDER, { iss: `${AUTHORITY}/a/b/v2.0` })).toBe(false);
    expect(isKeyOf(PLACEHOLDER, { iss: `${AUTHORITY}//v2.0` })).toBe(false);
    expect(isKeyOf('ab{tenantid}ba', { iss: 'aba' })).toBe(false);
  });
});
