// Passwords in the header of every request: what is read of it, and what is said about connections without TLS.
import { describe, expect, it } from '@jest/globals';
import { credentialsOf } from '../../../libs/auth/src/core/browser/basic-scheme.js';
import { stampDigest } from '../../../libs/auth/src/core/users/users.js';
import { codeOf, ISSUER, requestWith, rig, schemeIn } from '../support/core-fixture.js';

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');

describe('the credentials of Basic', () => {
  it.each([
    ['ada:secret', { username: 'ada', password: 'secret' }],
    ['ada:se:cret', { username: 'ada', password: 'se:cret' }],
    ['ada:', { username: 'ada', password: '' }],
    ['zoë@example.com:pä%20ß', { username: 'zoë@example.com', password: 'pä%20ß' }],
  ])('are UTF-8, separated by the first colon, and decoded once: %s', (text, credentials) => {
    expect(credentialsOf(base64(text))).toEqual(credentials);
    expect(credentialsOf(base64(text).replace(/=+$/, ''))).toEqual(credentials);
  });

  it.each([
    ['without a colon', base64('ada')],
    ['without a user name', base64(':secret')],
    ['that are not base64', 'ada:secret'],
    ['of base64url', 'YWRh_jpz-Q'],
    ['with stray bits', 'YTpi_'],
    ['that are not UTF-8', base64(Uint8Array.of(0x61, 0x3a, 0xff))],
    ['with a line break', base64('ada:sec\nret')],
    ['that are too long', base64(`ada:${'x'.repeat(9000)}`)],
  ])('%s are malformed', (_, text) => {
    expect(() => credentialsOf(text)).toThrow(expect.objectContaining({ code: 'malformed_header' }));
  });
});

describe('the scheme of Basic', () => {
  const basicRig = async (warnings: string[] = []) => {
    const notices = { warn: (sentence: string) => void warnings.push(sentence), error: () => {} };
    const core = await rig({ settings: { basic: { challenge: true } }, ports: { notices } });
    return { ...core, basic: schemeIn(core.schemes, 'basic') };
  };

  it('asserts what a sign-in at this moment would, with the stamp of the user', async () => {
    const { basic, people, clock } = await basicRig();
    const person = people.add({ id: 'ada', stamp: '7' });
    const request = requestWith({ authorization: `Basic ${base64(`${person.id}:${person.password}`)}` });
    const verified = await basic.verify(basic.find(request), request);
    const subject = { issuer: ISSUER, id: person.id };
    expect(verified).toMatchObject({ subject, own: true, user: person, authTime: clock.nowSeconds() });
    expect(verified?.stamp).toBe(stampDigest(subject, '7'));
  });

  it('tells once that a password came without TLS, unless it came from this machine', async () => {
    const warnings: string[] = [];
    const { basic } = await basicRig(warnings);
    const ask = (raw: object) => codeOf(Promise.resolve(basic.verify(base64('x:y'), { ...requestWith(), raw })));
    for (const raw of [{}, { protocol: 'https', ip: '192.0.2.1' }, { protocol: 'http', ip: '::ffff:127.0.0.1' }])
      expect(await ask(raw)).toBe('invalid_credentials');
    expect(warnings).toEqual([]);
    await ask({ protocol: 'http', ip: '192.0.2.1' });
    await ask({ protocol: 'http', ip: '192.0.2.1' });
    expect(warnings).toEqual([expect.stringContaining('without TLS')]);
  });
});
