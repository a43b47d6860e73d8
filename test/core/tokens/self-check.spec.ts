import { describe, expect, it } from '@jest/globals';
import { ISSUER, rig } from '../support/core-fixture.js';

/** A token that we could not verify: no login may be stored for it. */
async function refused(claims: Record<string, unknown>): Promise<unknown[]> {
  const { tokens, logins, people } = await rig({ subjectClaim: 'user_id' });
  people.add({ id: 'ada' });
  const outcomes = await Promise.all([
    tokens.issue('ada', { claims: claims as never }).catch((error: unknown) => error),
    tokens.issueForClient('nightly', { claims: claims as never }).catch((error: unknown) => error),
  ]);
  expect(await logins.list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  return outcomes;
}

describe('claims that our own verifier would refuse', () => {
  it.each(['nonce', 'at_hash', 'c_hash', 's_hash', 'iss', 'sub', 'aud', 'exp', 'sid', 'roles', 'kind', 'user_id'])(
    'are refused when issuing: %s',
    async (name) => {
      for (const error of await refused({ [name]: 'x' })) {
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toContain(`The claim "${name}"`);
      }
    },
  );

  it('are refused when made by claimsFor, and nothing is stored', async () => {
    const { tokens, logins, people } = await rig({ claimsFor: () => ({ nonce: 'n-1' }) });
    people.add({ id: 'ada' });
    await expect(tokens.issue('ada')).rejects.toThrow('The claim "nonce"');
    expect(await logins.list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  });

  it.each<[string, Parameters<Awaited<ReturnType<typeof rig>>['tokens']['issue']>[1]]>([
    ['an id of more than 128 characters', { jti: 'x'.repeat(129) }],
    ['an id with a line break', { jti: 'a\nb' }],
    ['an empty id', { jti: '' }],
    ['a time of sign-in before 1970', { authTime: new Date(-1000) }],
    ['an audience without a name', { audience: '' }],
    ['a whitespace audience', { audience: ['api', ' '] }],
    ['no audience at all', { audience: [] }],
  ])('are refused as options too: %s', async (_, options) => {
    const { tokens, people, logins } = await rig();
    people.add({ id: 'ada' });
    await expect(tokens.issue('ada', options)).rejects.toThrow(TypeError);
    expect(await logins.list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  });

  it('do not affect other custom claims, nor tokens for another service', async () => {
    const { tokens, people, verifier } = await rig();
    people.add({ id: 'ada' });
    const { accessToken } = await tokens.issue('ada', { claims: { tenant: 'blue' }, audience: 'elsewhere' });
    expect((await verifier.verifyIssued(accessToken, 'access')).claims).toMatchObject({ tenant: 'blue' });
  });
});
