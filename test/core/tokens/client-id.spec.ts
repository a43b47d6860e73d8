// `client_id`, `acr` and `amr` of a user token (RFC 9068 §2.2): from the options, per sign-in, and through refreshes.
import { describe, expect, it } from '@jest/globals';
import { isClient } from '../../../libs/auth/src/core/issuers/kind-rules.js';
import { ISSUER, payloadOf, rig } from '../support/core-fixture.js';

describe('The client of a user token', () => {
  it('is the issuer unless an option names another one', async () => {
    for (const [clientId, expected] of [
      [undefined, ISSUER],
      ['web', 'web'],
    ] as const) {
      const { tokens, people } = await rig({ clientId });
      people.add({ id: 'ada' });
      const pair = await tokens.issue('ada');
      const next = await tokens.refresh(pair.refreshToken);
      const claims = [pair, next].map(({ accessToken }) => payloadOf(accessToken));
      expect(claims.map(({ client_id: id, sub }) => [id, sub])).toEqual([
        [expected, 'ada'],
        [expected, 'ada'],
      ]);
    }
  });

  it('is the one of the sign-in and stays, with acr and amr, at every refresh', async () => {
    const { tokens, people, clock } = await rig();
    people.add({ id: 'ada' });
    const authTime = new Date(clock.ms - 60_000);
    let pair = await tokens.issue('ada', { clientId: 'ios', acr: 'urn:mfa', amr: ['pwd', 'otp'], authTime });
    for (let turn = 0; turn < 3; turn += 1) {
      expect(payloadOf(pair.accessToken)).toMatchObject({
        client_id: 'ios',
        acr: 'urn:mfa',
        amr: ['pwd', 'otp'],
        auth_time: authTime.getTime() / 1000,
      });
      clock.advance(60);
      pair = await tokens.refresh(pair.refreshToken);
    }
  });

  it('of a client token is the client itself, whatever the option says', async () => {
    const { tokens } = await rig({ clientId: 'web' });
    const { accessToken } = await tokens.issueForClient('nightly');
    expect(payloadOf(accessToken)).toMatchObject({ client_id: 'nightly', sub: 'nightly', kind: 'client' });
  });

  it('does not turn a user token into a client token, here or at a service that trusts us', async () => {
    const { tokens, people, verifier } = await rig({ clientId: 'web' });
    people.add({ id: 'ada' });
    const { accessToken } = await tokens.issue('ada');
    expect((await verifier.verify(accessToken, 'access')).kind).toBe('user');
    expect(isClient(payloadOf(accessToken) as never)).toBe(false);
    const machine = await tokens.issueForClient('web');
    expect((await verifier.verify(machine.accessToken, 'access')).kind).toBe('client');
    expect(isClient(payloadOf(machine.accessToken) as never)).toBe(true);
  });

  it('must not be the id of a user, whom other services would read as the client', async () => {
    const { tokens, people, logins } = await rig({ clientId: 'web' });
    for (const id of ['web', 'ios', ISSUER]) people.add({ id });
    await expect(tokens.issue('web')).rejects.toThrow(TypeError);
    await expect(tokens.issue('ios', { clientId: 'ios' })).rejects.toThrow(/id of the client/);
    for (const id of ['web', 'ios']) expect(await logins.list({ issuer: ISSUER, id })).toEqual([]);
    expect(payloadOf((await tokens.issue(ISSUER)).accessToken)).toMatchObject({ sub: ISSUER, client_id: 'web' });
  });

  it.each([
    ['an empty client', { clientId: '' }],
    ['a client with a line break', { clientId: 'a\nb' }],
    ['a client that is not ASCII', { clientId: 'wéb' }],
    ['a client with a space before it', { clientId: ' web' }],
    ['a client with a space after it', { clientId: 'web ' }],
    ['a client of 256 characters', { clientId: 'x'.repeat(256) }],
    ['a client that is a number', { clientId: 7 }],
    ['a client that is null', { clientId: null }],
    ['a whitespace acr', { acr: ' ' }],
    ['an acr that is a list', { acr: ['mfa'] }],
    ['an amr that is a text', { amr: 'pwd' }],
    ['an empty amr', { amr: [] }],
    ['an amr of numbers', { amr: [1] }],
    ['an amr of 17', { amr: Array.from({ length: 17 }, String) }],
  ])('is refused before anything is stored: %s', async (_, options) => {
    const { tokens, people, logins } = await rig();
    people.add({ id: 'ada' });
    await expect(tokens.issue('ada', options as never)).rejects.toThrow(TypeError);
    expect(await logins.list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  });

  it.each(['client_id', 'acr', 'amr'])('has an option, and is refused as a custom claim: %s', async (name) => {
    const { tokens, people } = await rig();
    people.add({ id: 'ada' });
    await expect(tokens.issue('ada', { claims: { [name]: 'x' } as never })).rejects.toThrow(`The claim "${name}"`);
  });
});
