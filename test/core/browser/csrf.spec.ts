import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CsrfService, type CsrfHolder } from '../../../libs/auth/src/core/browser/csrf.js';
import { deriveSecret } from '../../../libs/auth/src/core/keys/derived-secret.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { authRequest, type RequestParts } from '../../support/auth-request.js';

const issuer = 'https://app.example.com';
const trusted = 'https://shop.example.org';
const secret = deriveSecret('a secret of at least thirty-two bytes', 'csrf');
const settings = {
  trustedOrigins: [issuer, trusted],
  headerName: 'x-csrf-token',
  cookieName: '__Host-csrf',
  disabled: false,
};
const service = new CsrfService(settings, () => [secret]);

const holder = (sid: string): CsrfHolder => ({ subject: { issuer, id: 'ada' }, sid });
const ada = holder('sid-of-ada');

/** A request with a valid cookie and a valid header by default. */
function requestWith(parts: { header?: string; cookie?: string; headers?: RequestParts['headers'] }) {
  const headers = [...(parts.headers ?? [])];
  if (parts.header !== undefined) headers.push(['X-CSRF-Token', parts.header]);
  const cookies = parts.cookie === undefined ? [] : ([['__Host-csrf', parts.cookie]] as const);
  return authRequest({ headers, cookies });
}

function codeOf(work: () => void): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof AuthError ? error.code : String(error);
  }
}

const resultOf = (parts: Parameters<typeof requestWith>[0], as: CsrfHolder = ada, by = service) =>
  codeOf(() => by.enforce(requestWith(parts), as));

const good = () => ({ header: service.issue(ada), cookie: service.issue(ada) });

describe('a CSRF token', () => {
  it('is accepted if header and cookie are ours and of the same login, though no two tokens are alike', () => {
    expect(resultOf(good())).toBe('accepted');
  });

  it('is required in the cookie first and then in the header', () => {
    expect(resultOf({})).toBe('csrf_cookie_missing');
    expect(resultOf({ header: service.issue(ada) })).toBe('csrf_cookie_missing');
    expect(resultOf({ cookie: service.issue(ada) })).toBe('csrf_token_missing');
    expect(resultOf({ cookie: service.issue(ada), header: '' })).toBe('csrf_token_missing');
  });

  it.each([
    ['another sign-in', { header: service.issue(holder('other')), cookie: service.issue(holder('other')) }],
    ['another sign-in in the header alone', { header: service.issue(holder('other')), cookie: service.issue(ada) }],
    ['another sign-in in the cookie alone', { header: service.issue(ada), cookie: service.issue(holder('other')) }],
    [
      'an anonymous caller, from before the sign-in',
      { header: service.issue(undefined), cookie: service.issue(undefined) },
    ],
    [
      'the same id at another issuer',
      {
        header: service.issue({ subject: { issuer: trusted, id: 'ada' }, sid: 'sid-of-ada' }),
        cookie: service.issue(ada),
      },
    ],
  ])('is refused if it is that of %s', (_, parts) => {
    expect(resultOf(parts)).toBe('csrf_token_invalid');
  });

  it('is refused if another key signed it, though header and cookie agree', () => {
    const forger = new CsrfService(settings, () => [deriveSecret('another secret of thirty-two bytes!', 'csrf')]);
    const token = forger.issue(ada);
    expect(resultOf({ header: token, cookie: token })).toBe('csrf_token_invalid');
  });

  it.each([
    ['empty', ' '],
    ['too short', good().header.slice(1)],
    ['too long', `${good().header}A`],
    ['a megabyte', 'A'.repeat(1_000_000)],
    ['another alphabet', `${good().header.slice(0, -1)}+`],
    ['not ASCII', `${good().header.slice(0, -1)}é`],
    ['with NUL', `${good().header.slice(0, -1)}\0`],
  ])('is refused if it is malformed: %s', (_, header) => {
    expect(resultOf({ header, cookie: service.issue(ada) })).toBe('csrf_token_invalid');
    expect(resultOf({ header: service.issue(ada), cookie: header })).toBe('csrf_token_invalid');
  });

  it('is refused if any one of its characters was changed', () => {
    fc.assert(
      fc.property(fc.nat(170), fc.constantFrom('A', 'B', '_', '9'), (at, letter) => {
        const { header, cookie } = good();
        fc.pre(header[at] !== letter);
        const changed = header.slice(0, at) + letter + header.slice(at + 1);
        expect(resultOf({ header: changed, cookie })).toBe('csrf_token_invalid');
      }),
    );
  });

  it('is refused if two headers carry one', () => {
    const headers: RequestParts['headers'] = [['x-csrf-token', service.issue(ada)]];
    expect(resultOf({ ...good(), headers })).toBe('csrf_token_invalid');
  });

  it('is accepted although a sibling host set a second cookie', () => {
    const cookies = [
      ['__Host-csrf', 'planted'],
      ['__Host-csrf', service.issue(ada)],
    ] as const;
    const request = authRequest({ cookies, headers: [['x-csrf-token', service.issue(ada)]] });
    expect(codeOf(() => service.enforce(request, ada))).toBe('accepted');
  });

  it('differs each time, and reveals nothing about the login', () => {
    const tokens = Array.from({ length: 1000 }, () => service.issue(ada));
    expect(new Set(tokens).size).toBe(1000);
    // No byte keeps its value, so nothing in an answer repeats for compression to find.
    const bytes = tokens.slice(0, 64).map((token) => Buffer.from(token, 'base64url'));
    for (let at = 0; at < 128; at += 1) expect(new Set(bytes.map((each) => each[at])).size).toBeGreaterThan(1);
    for (const header of tokens.slice(0, 20)) expect(resultOf({ header, cookie: service.issue(ada) })).toBe('accepted');
  });

  it('stays valid after a change of the secret for as long as the old one is configured', () => {
    const next = deriveSecret('the next secret of thirty-two bytes', 'csrf');
    const both = new CsrfService(settings, () => [next, secret]);
    const alone = new CsrfService(settings, () => [next]);
    const parts = { header: both.issue(ada), cookie: service.issue(ada) };
    expect(resultOf(parts, ada, both)).toBe('accepted');
    expect(resultOf(parts, ada, alone)).toBe('csrf_token_invalid');
  });

  it('is bound to the subject if a credential belongs to no login', () => {
    const foreign: CsrfHolder = { subject: { issuer: 'https://idp.test', id: 'x' } };
    const parts = { header: service.issue(foreign), cookie: service.issue(foreign) };
    expect(resultOf(parts, foreign)).toBe('accepted');
    expect(resultOf(parts)).toBe('csrf_token_invalid');
  });

  it('is not required if the protection is switched off by name', () => {
    const off = new CsrfService({ ...settings, disabled: true }, () => [secret]);
    expect(resultOf({ headers: [['origin', 'https://evil.test']] }, ada, off)).toBe('accepted');
  });
});

const from = (headers: RequestParts['headers']) => resultOf({ ...good(), headers });

describe('the origin of a request', () => {
  it.each([
    ['our own origin', [['origin', issuer]]],
    [
      'an origin that is trusted by option',
      [
        ['origin', trusted],
        ['sec-fetch-site', 'cross-site'],
      ],
    ],
    ['our own page by Referer', [['referer', `${issuer}/page?x=1`]]],
    ['our own page by Sec-Fetch-Site', [['sec-fetch-site', 'same-origin']]],
    ['a client that says nothing', []],
  ] as [string, [string, string][]][])('is accepted: %s', (_, headers) => {
    expect(from(headers)).toBe('accepted');
  });

  it.each([
    ['another site', [['origin', 'https://evil.example']]],
    ['a sub-domain', [['origin', 'https://x.app.example.com']]],
    ['the parent domain', [['origin', 'https://example.com']]],
    ['ours as the beginning of another', [['origin', 'https://app.example.com.evil.tld']]],
    ['ours as the end of another', [['origin', 'https://evil-app.example.com']]],
    ['another port', [['origin', `${issuer}:8443`]]],
    ['plain http', [['origin', 'http://app.example.com']]],
    ['ours in capitals', [['origin', 'https://APP.example.com']]],
    ['ours with a slash', [['origin', `${issuer}/`]]],
    ['an opaque origin', [['origin', 'null']]],
    ['an empty one', [['origin', '']]],
    [
      'two of them',
      [
        ['origin', issuer],
        ['origin', issuer],
      ],
    ],
    [
      'a Referer of another site',
      [
        ['referer', 'https://evil.example/'],
        ['sec-fetch-site', 'same-origin'],
      ],
    ],
    ['a Referer that cannot be read', [['referer', 'nonsense']]],
    ['another site by Sec-Fetch-Site', [['sec-fetch-site', 'cross-site']]],
    ['a sibling host by Sec-Fetch-Site', [['sec-fetch-site', 'same-site']]],
    [
      'evil, with Host made to match',
      [
        ['origin', 'https://evil.example'],
        ['host', 'evil.example'],
        ['x-forwarded-host', 'evil.example'],
      ],
    ],
  ] as [string, [string, string][]][])('is refused: %s', (_, headers) => {
    expect(from(headers)).toBe('csrf_origin_rejected');
  });
});

const renewed = (cookie: string | undefined, holders: readonly NonNullable<CsrfHolder>[]) =>
  service.renew(requestWith(cookie === undefined ? {} : { cookie }), holders);

const serves = (token: string, as: CsrfHolder) =>
  codeOf(() => service.enforce(requestWith({ header: token, cookie: token }), as)) === 'accepted';

describe('a token for a page', () => {
  it('is anonymous for an anonymous caller', () => {
    expect(serves(renewed(undefined, []), undefined)).toBe(true);
    expect(serves(renewed('nonsense', []), undefined)).toBe(true);
  });

  it('stays bound to its login once the access cookie has expired', () => {
    expect(serves(renewed(service.issue(ada), []), ada)).toBe(true);
  });

  it('follows the credential of the caller and not a cookie that an attacker set', () => {
    expect(
      serves(renewed(service.issue(holder('planted')), [{ subject: { issuer, id: 'ada' }, sid: 'sid-of-ada' }]), ada),
    ).toBe(true);
  });

  it('belongs to one of two logins', () => {
    const both = [
      { subject: { issuer, id: 'ada' }, sid: 'cookie' },
      { subject: { issuer, id: 'ada' }, sid: 'session' },
    ];
    expect(serves(renewed(service.issue(holder('session')), both), holder('session'))).toBe(true);
    expect(serves(renewed(undefined, both), holder('cookie'))).toBe(true);
  });
});

const anyone = (header: CsrfHolder, cookie: CsrfHolder) =>
  codeOf(() => service.enforceForAnyone(requestWith({ header: service.issue(header), cookie: service.issue(cookie) })));

describe('an anonymous request', () => {
  it('is accepted with header and cookie of one holder, and refused with those of two', () => {
    expect(anyone(undefined, undefined)).toBe('accepted');
    expect(anyone(ada, ada)).toBe('accepted');
    expect(anyone(undefined, ada)).toBe('csrf_token_invalid');
  });
});
