// One issuer of several names, and one set of keys for many tenants: who the subject is, and who is refused.
import { describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { entra } from '../../../libs/auth/src/core/issuers/presets/entra.js';
import { google } from '../../../libs/auth/src/core/issuers/presets/google.js';
import { trustProblems, type TrustOptions } from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { ISSUER, publicOf, rsa, tokenWith, trusts, verdict, verifierOf, verify } from '../support/external-tokens.js';
import { NOW, verdictOf } from '../support/token-forgery.js';

const ALIAS = 'accounts.example';
const known = { jwks: { keys: [publicOf(rsa)] } };
const say = (changes: object): string => trustProblems([{ ...trusts(), ...changes } as TrustOptions]).join('\n');

describe('An issuer with several names', () => {
  const options = trusts({ aliases: [ALIAS] });

  it('has one subject for each user under all of its names', async () => {
    const subjects = await Promise.all([ISSUER, ALIAS].map((iss) => verify(tokenWith({ iss }), options)));
    expect(subjects.map(({ subject }) => subject)).toEqual([
      { issuer: ISSUER, id: 'ada' },
      { issuer: ISSUER, id: 'ada' },
    ]);
    const verifier = await verifierOf(options);
    expect(verifier.claimedSubject(tokenWith({ iss: ALIAS }))).toEqual({ issuer: ISSUER, id: 'ada' });
  });

  it('has exactly these names and no similar ones', async () => {
    for (const iss of [`${ALIAS}/`, ALIAS.toUpperCase(), `https://${ALIAS}/`, `http://${ALIAS}`, [ALIAS], null]) {
      expect(await verdict(tokenWith({ iss }), options)).toBe('invalid_issuer');
    }
    expect(await verdict(tokenWith({ iss: ALIAS }), trusts())).toBe('invalid_issuer');
  });

  it('may be Google, under both of its names', async () => {
    const preset = { ...google({ clientId: 'web' }), keys: known };
    const token = (iss: string) => tokenWith({ iss, aud: 'web', nonce: 'n' }, { typ: 'JWT' });
    for (const iss of ['https://accounts.google.com', 'accounts.google.com']) {
      expect((await verify(token(iss), preset)).subject).toEqual({ issuer: 'https://accounts.google.com', id: 'ada' });
    }
    expect(await verdict(token('http://accounts.google.com'), preset)).toBe('invalid_issuer');
  });

  it.each([
    ['one that is a text', { aliases: ALIAS }, /aliases must be a list/],
    ['an empty one', { aliases: [''] }, /aliases must be a list/],
    ['its own', { aliases: [ISSUER] }, /aliases names the issuer itself/],
    ['one with a placeholder', { aliases: ['https://{tenantid}'] }, /hold no braces/],
  ])('is a boot error with %s', (_, changes, problem) => {
    expect(say(changes)).toMatch(problem);
  });

  it('cannot share one with another entry', async () => {
    const both = [options, trusts({ issuer: ALIAS })];
    expect(trustProblems(both).join('\n')).toMatch(/names the issuer "accounts.example" twice/);
    await expect(verifierOf(...both)).rejects.toThrow(AuthConfigurationError);
  });
});

describe('An issuer of many tenants', () => {
  const ONE = '1111aaaa-1111-1111-1111-111111111111';
  const TWO = '22222222-2222-2222-2222-222222222222';
  const nameOf = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
  const accepting = (tenants: NonNullable<TrustOptions['tenants']>) => ({
    ...entra({ audience: 'courses', tenants }),
    keys: known,
  });
  const token = (tenant: string, changes: object = {}) =>
    tokenWith(
      { iss: nameOf(tenant), tid: tenant, azp: 'web', scp: 'read', ver: '2.0', exp: NOW + 900, ...changes },
      { typ: 'JWT' },
    );
  const some = accepting((tenant) => [ONE, TWO].includes(tenant));

  it('keeps users of different tenants apart', async () => {
    const [one, two] = await Promise.all([ONE, TWO].map((tenant) => verify(token(tenant), some)));
    expect([one?.subject, two?.subject]).toEqual([
      { issuer: nameOf(ONE), id: 'ada' },
      { issuer: nameOf(TWO), id: 'ada' },
    ]);
    const verifier = await verifierOf(some);
    expect(verifier.claimedSubject(token(TWO))).toEqual({ issuer: nameOf(TWO), id: 'ada' });
  });

  it('accepts only the tenants that the application accepts', async () => {
    expect(await verdict(token('33333333-3333-3333-3333-333333333333'), some)).toBe('invalid_issuer');
  });

  it('must be the tenant that the token names twice', async () => {
    for (const tid of [TWO, undefined, null, '', [ONE], ONE.toUpperCase()]) {
      expect([tid, await verdict(token(ONE, { tid }), some)]).toEqual([tid, 'invalid_issuer']);
    }
  });

  it('must match its template exactly, whatever the application would accept', async () => {
    const all = accepting(() => true);
    expect(await verdict(token(ONE), all)).toBe('OK');
    for (const tenant of [
      '',
      '.',
      '..',
      `${ONE}/v2.0/x`,
      `x/../${ONE}`,
      `${ONE}?`,
      `${ONE}%2f`,
      ' ',
      '{tenantid}',
      'é',
      '-',
    ]) {
      expect([tenant, await verdict(token(tenant), all)]).toEqual([tenant, 'invalid_issuer']);
    }
    for (const iss of [`https://evil.example/${ONE}/v2.0`, nameOf(ONE).replace('v2.0', 'v1.0'), `${nameOf(ONE)}/`]) {
      expect([iss, await verdict(token(ONE, { iss }), all)]).toEqual([iss, 'invalid_issuer']);
    }
  });

  it('asks the application at every request, or caches its answer for a while', async () => {
    const accepted = new Set([ONE]);
    const verifier = await verifierOf(accepting(async (tenant) => accepted.has(tenant)));
    const presented = token(ONE);
    expect(await verdictOf(verifier.verify(presented, 'access'))).toBe('OK');
    expect(await verdictOf(verifier.verify(token(TWO), 'access'))).toBe('invalid_issuer');
    accepted.clear();
    expect(await verdictOf(verifier.verify(presented, 'access'))).toBe('invalid_issuer');
  });

  it('accepts no tenant unless the answer is `true`, and is unavailable if the application throws', async () => {
    for (const answer of ['false', 1, {}, undefined, null]) {
      expect(await verdict(token(ONE), accepting((() => answer) as never))).toBe('invalid_issuer');
    }
    const down = () => Promise.reject(new Error('ECONNREFUSED'));
    expect(await verdict(token(ONE), accepting(down))).toBe('store_unavailable');
  });

  it('does not ask the application about unsigned tokens', async () => {
    const asked: string[] = [];
    const options = accepting((tenant) => asked.push(tenant) > 0);
    const presented = token(ONE);
    const forged = `${presented.slice(0, -4)}AAAA`;
    expect(await verdict(forged, options)).toBe('token_invalid');
    expect(asked).toEqual([]);
  });

  it.each(['common', 'organizations', 'consumers', 'contoso.onmicrosoft.com', 'example.com'])(
    'is a boot error if a tenant is named %s',
    (tenantId) => {
      expect(() => entra({ audience: 'courses', tenantId })).toThrow(AuthConfigurationError);
      expect(() => entra({ audience: 'courses', tenantId })).toThrow(/tenants: \(id\) => boolean/);
    },
  );

  it.each([
    ['no function', { issuer: 'https://x.example/{tenantid}' }, /tenants is required/],
    ['a list', { issuer: 'https://x.example/{tenantid}', tenants: [ONE] }, /tenants is required/],
    ['a function without a placeholder', { tenants: () => true }, /tenants needs an issuer that holds/],
    ['a claim without a placeholder', { tenantClaim: 'org' }, /tenantClaim needs an issuer/],
    ['another placeholder', { issuer: 'https://x.example/{tenant}' }, /accepted in braces is \{tenantid\}, once/],
    ['two', { issuer: 'https://{tenantid}.example/{tenantid}', tenants: () => true }, /once/],
    ['aliases', { issuer: 'https://x.example/{tenantid}', tenants: () => true, aliases: ['a'] }, /cannot be given/],
    [
      'a claim without a name',
      { issuer: 'https://x.example/{tenantid}', tenants: () => true, tenantClaim: '' },
      /tenantClaim/,
    ],
  ])('is a boot error with %s', (_, changes, problem) => {
    expect(say(changes)).toMatch(problem);
  });

  it('may name its tenant in another claim, or in none', async () => {
    const issuer = 'https://{tenantid}.example';
    const options = trusts({ issuer, tenants: () => true, tenantClaim: 'org' });
    expect(await verdict(tokenWith({ iss: 'https://one.example', org: 'one' }), options)).toBe('OK');
    expect(await verdict(tokenWith({ iss: 'https://one.example', org: 'two' }), options)).toBe('invalid_issuer');
    const silent = trusts({ issuer, tenants: (tenant) => tenant === 'one', tenantClaim: false });
    expect((await verify(tokenWith({ iss: 'https://one.example' }), silent)).subject.issuer).toBe(
      'https://one.example',
    );
    expect(await verdict(tokenWith({ iss: 'https://two.example' }), silent)).toBe('invalid_issuer');
  });
});
