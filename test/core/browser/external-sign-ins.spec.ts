// What a browser keeps of a sign-in elsewhere: who may take it up again, for how long, and where it may end.
import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { cookieSpecs } from '../../../libs/auth/src/core/browser/cookies.js';
import {
  EXTERNAL_SIGN_IN_SECONDS,
  ExternalSignIns,
  type ExternalSignInStart,
} from '../../../libs/auth/src/core/browser/external-sign-ins.js';
import { returnAddress } from '../../../libs/auth/src/core/browser/return-address.js';
import { MemoryOneTimeStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { OneTimeStore } from '../../../libs/auth/src/core/stores/stores.js';
import { ManualClock } from '../../support/clocks.js';
import { cookieSettings } from '../support/cookie-settings.js';
import { ISSUER } from '../support/core-fixture.js';

const OURS = ['https://app.example', 'capacitor://localhost'];
const ONE = { provider: 'one' } as const;

describe('a sign-in elsewhere that a browser keeps', () => {
  let clock: ManualClock;
  let store: OneTimeStore | undefined;
  let secrets: Uint8Array[];
  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryOneTimeStore();
    secrets = [randomBytes(32)];
  });

  const service = (issuer = ISSUER): ExternalSignIns =>
    new ExternalSignIns({ issuer, origins: OURS, toleranceSeconds: 5, clock, secrets: () => secrets, store });
  const begin = (start: ExternalSignInStart = ONE, before?: string) => {
    const { request, sealed } = service().begin(start, before);
    const params = new URLSearchParams({ code: 'c', state: request.state });
    return { request, sealed, params };
  };
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'resumed',
      (error: { code?: unknown }) => error.code,
    );

  it('comes back as it was, with a challenge of its verifier', async () => {
    const { request, sealed, params } = begin({ ...ONE, returnTo: '/account' });
    const { state, nonce, codeVerifier, codeChallenge } = request;
    expect(new Set([state, nonce, codeVerifier]).size).toBe(3);
    expect(createHash('sha256').update(codeVerifier).digest('base64url')).toBe(codeChallenge);
    expect(await service().resume(sealed, { ...ONE, params })).toEqual({
      state,
      nonce,
      codeVerifier,
      returnTo: '/account',
      search: `?code=c&state=${state}`,
    });
  });

  it('can be read by no one who holds it', () => {
    const { request, sealed } = begin();
    const text = Buffer.from(sealed, 'base64url').toString('latin1');
    for (const value of Object.values(request)) expect(text).not.toContain(value);
  });

  it('is refused once its time is over, and not a second before', async () => {
    const [first, second] = [begin(), begin()];
    clock.advance(EXTERNAL_SIGN_IN_SECONDS - 1);
    expect(await codeOf(service().resume(first.sealed, { ...ONE, params: first.params }))).toBe('resumed');
    clock.advance(1);
    expect(await codeOf(service().resume(second.sealed, { ...ONE, params: second.params }))).toBe(
      'external_state_invalid',
    );
  });

  it('is refused with any bit changed, and if another application sealed it', async () => {
    const { sealed, params } = begin();
    const bytes = Buffer.from(sealed, 'base64url');
    for (const index of [0, 15, 30, bytes.length - 1]) {
      const changed = Buffer.from(bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))).toString('base64url');
      expect(await codeOf(service().resume(changed, { ...ONE, params }))).toBe('external_state_invalid');
    }
    for (const text of [undefined, '', 'x', 'x'.repeat(200)])
      expect(await codeOf(service().resume(text, { ...ONE, params }))).toBe('external_state_invalid');
    expect(await codeOf(service('https://other.example').resume(sealed, { ...ONE, params }))).toBe(
      'external_state_invalid',
    );
    secrets = [randomBytes(32)];
    expect(await codeOf(service().resume(sealed, { ...ONE, params }))).toBe('external_state_invalid');
  });

  it('is kept beside two others, and the oldest is forgotten', async () => {
    const first = begin();
    const second = begin(ONE, first.sealed);
    const third = begin(ONE, second.sealed);
    const fourth = begin(ONE, third.sealed);
    expect([first, second, third].map(({ sealed }) => service().isAlone(sealed))).toEqual([true, false, false]);
    expect(await codeOf(service().resume(third.sealed, { ...ONE, params: first.params }))).toBe('resumed');
    expect(await codeOf(service().resume(fourth.sealed, { ...ONE, params: first.params }))).toBe(
      'external_state_invalid',
    );
    for (const { params } of [fourth, second, third]) {
      expect(await codeOf(service().resume(fourth.sealed, { ...ONE, params }))).toBe('resumed');
      expect(await codeOf(service().resume(fourth.sealed, { ...ONE, params }))).toBe('external_state_invalid');
    }
  });

  it('is kept alone beside what is not ours, too old or too long, and a cookie never gets too long', async () => {
    const old = begin();
    clock.advance(EXTERNAL_SIGN_IN_SECONDS);
    const foreign = service('https://other.example').begin(ONE).sealed;
    for (const before of [old.sealed, foreign, '', '...', 'x'.repeat(8_000), `${foreign}.`.repeat(20)])
      expect(begin(ONE, before).sealed).not.toContain('.');
    const long = { ...ONE, returnTo: `/${'x'.repeat(1_000)}` };
    const last = begin(long, begin(long, begin(long).sealed).sealed);
    expect(last.sealed.length).toBeLessThanOrEqual(3_500);
    expect(await codeOf(service().resume(last.sealed, { ...ONE, params: last.params }))).toBe('resumed');
  });

  it('outlasts a rotation of the keys', async () => {
    const { sealed, params } = begin();
    secrets = [randomBytes(32), ...secrets];
    expect(await codeOf(service().resume(sealed, { ...ONE, params }))).toBe('resumed');
  });

  it('is as good as before after a store that did not answer', async () => {
    const { sealed, params } = begin();
    const sound = store;
    store = { consume: () => Promise.reject(new Error('down')), prune: async () => 0 };
    expect(await codeOf(service().resume(sealed, { ...ONE, params }))).toBe('store_unavailable');
    store = sound;
    expect(await codeOf(service().resume(sealed, { ...ONE, params }))).toBe('resumed');
    store = { consume: async () => 1 as never, prune: async () => 0 };
    const second = begin();
    expect(await codeOf(service().resume(second.sealed, { ...ONE, params: second.params }))).toBe(
      'external_state_invalid',
    );
  });

  it('keeps the words of an attacker out of the reason of a refusal', async () => {
    const { sealed, params } = begin();
    params.set('error', 'access_denied <script>');
    await expect(service().resume(sealed, { ...ONE, params })).rejects.toMatchObject({
      code: 'external_sign_in_refused',
      reason: { rule: 'the provider answered an error without a name' },
    });
  });

  it('takes the verifier of a library that makes its own', () => {
    const codeVerifier = 'v'.repeat(43);
    expect(begin({ ...ONE, codeVerifier }).request.codeVerifier).toBe(codeVerifier);
    expect(() => begin({ ...ONE, codeVerifier: 'short' })).toThrow('A PKCE verifier is 43 to 128');
  });

  it.each(['', 'a b', '<', 'x'.repeat(65), 7])('is not begun at a provider called %j', (provider) => {
    expect(() => begin({ provider: provider as string })).toThrow('The provider of an external sign-in is');
  });

  it('is not begun without a store for what is used once, or without a secret', () => {
    secrets = [];
    expect(() => begin()).toThrow(/csrf\.secret is required/);
    store = undefined;
    expect(() => begin()).toThrow(AuthConfigurationError);
  });

  it('is in a cookie that no sibling host can plant, whatever the domain of the others', () => {
    const { externalSignIn } = cookieSpecs({ ...cookieSettings, domain: 'example.com', sameSite: 'strict' });
    expect(externalSignIn).toMatchObject({
      name: expect.stringMatching(/^__Host-/),
      domain: undefined,
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
    });
  });
});

describe('the address to return to', () => {
  it.each([
    ['/', '/'],
    ['/account?a=1&b=%2F#c', '/account?a=1&b=%2F#c'],
    ['/a/../b', '/b'],
    ['https://app.example/x', 'https://app.example/x'],
    ['capacitor://localhost/x', 'capacitor://localhost/x'],
  ])('may be %s', (given, address) => {
    expect(returnAddress(given, OURS)).toBe(address);
  });

  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/\t/evil.example',
    ' //evil.example',
    '\n//evil.example',
    'https://evil.example/',
    'https://app.example.evil.example/',
    'https://app.example@evil.example/',
    'https://user:pw@app.example/',
    'http://app.example/',
    'https://app.example:444/',
    'javascript:alert(1)',
    'data:text/html,x',
    'account',
    '',
    `/${'x'.repeat(1_024)}`,
    ['/account'],
    null,
  ])('may not be %j', (given) => {
    expect(returnAddress(given, OURS)).toBeUndefined();
  });
});
