import { afterEach, describe, expect, it } from '@jest/globals';
import { cookieScheme, findAccessToken } from '../../../libs/auth/src/core/browser/cookie-scheme.js';
import { cookieSpecs } from '../../../libs/auth/src/core/browser/cookies.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { authRequest } from '../../support/auth-request.js';
import { cookieSettings } from '../support/cookie-settings.js';

const single = cookieSpecs(cookieSettings);
const split = cookieSpecs({ ...cookieSettings, mode: 'split' });

const heard: AuthEvent[] = [];
const stop = onAuthEvent((event) => void heard.push(event));
afterEach(() => void heard.splice(0));
// The channel is the process's own; the listener goes with the test file.
void stop;

function found(specs: typeof single, ...cookies: [string, string][]): string | undefined {
  try {
    return findAccessToken(authRequest({ cookies }), specs);
  } catch (error) {
    return error instanceof AuthError ? error.code : String(error);
  }
}

describe('a token in one cookie', () => {
  it('is found under its exact name', () => {
    expect(found(single, ['__Host-access', 'a.b.c'])).toBe('a.b.c');
    expect(found(single, ['access', 'a.b.c'])).toBeUndefined();
  });

  it('is absent if the cookie is empty', () => {
    expect(found(single, ['__Host-access', ''])).toBeUndefined();
  });

  it('is ambiguous if the cookie is sent twice', () => {
    expect(found(single, ['__Host-access', 'a.b.c'], ['__Host-access', 'a.b.c'])).toBe('ambiguous_credentials');
  });

  it('is not read from the cookies of split mode', () => {
    expect(found(single, ['__Host-access-payload', 'a.b'], ['__Host-access-signature', 'c'])).toBeUndefined();
  });
});

const payload = (value: string): [string, string] => ['__Host-access-payload', value];

const signature = (value: string): [string, string] => ['__Host-access-signature', value];

describe('a token split over two cookies', () => {
  it('is joined', () => {
    expect(found(split, payload('a.b'), signature('c'))).toBe('a.b.c');
    expect(heard).toEqual([]);
  });

  it.each([
    ['signature', payload('a.b')],
    ['payload', signature('c')],
  ])('is absent if the %s is missing, and an event names it', (missing, half) => {
    expect(found(split, half)).toBeUndefined();
    expect(heard).toEqual([{ type: 'cookie_half_missing', name: `__Host-access-${missing}` }]);
  });

  it('is absent without an event if both are missing', () => {
    expect(found(split)).toBeUndefined();
    expect(heard).toEqual([]);
  });

  it('is malformed if it was sent in one cookie instead', () => {
    expect(found(split, ['__Host-access', 'a.b.c'])).toBe('token_malformed');
    expect(found(split, ['__Host-access', 'a.b.c'], payload('a.b'))).toBe('token_malformed');
  });

  it('takes precedence over a token in one cookie', () => {
    expect(found(split, ['__Host-access', 'x.y.z'], payload('a.b'), signature('c'))).toBe('a.b.c');
  });

  it.each([
    ['a.b.c', 'd'],
    ['a', 'b'],
    ['a.b', 'c.d'],
    ['a.', 'b.'],
    ['.', '.'],
  ])('is malformed if the halves are %j and %j', (one, other) => {
    expect(found(split, payload(one), signature(other))).toBe('token_malformed');
  });

  it('is ambiguous if one half is sent twice', () => {
    expect(found(split, payload('a.b'), signature('c'), signature('d'))).toBe('ambiguous_credentials');
  });
});

describe('the halves that another party sets', () => {
  const verifier = {
    verifierOf: () => (token: string) => token as never,
    claimedSubject: () => undefined,
    lapsed: async () => undefined,
  };
  const external = { payload: 'edx-jwt-cookie-header-payload', signature: 'edx-jwt-cookie-signature' };
  const scheme = cookieScheme({ specs: single, external, forgiving: true, verifier, csrf: () => {} });
  const find = (...cookies: [string, string][]) => scheme.find(authRequest({ cookies }));

  it('are found by their exact names, after a cookie of our own', () => {
    const halves: [string, string][] = [
      [external.payload, 'a.b'],
      [external.signature, 'c'],
    ];
    expect(find(...halves)).toBe('a.b.c');
    expect(find(...halves, ['__Host-access', 'x.y.z'])).toBe('x.y.z');
    expect(find(['__Host-edx-jwt-cookie-header-payload', 'a.b'], [external.signature, 'c'])).toBeUndefined();
    expect(heard).toContainEqual({ type: 'cookie_half_missing', name: external.payload });
    expect(() => find([external.payload, 'a.b.c'], [external.signature, 'd'])).toThrow(AuthError);
  });
});

describe('the cookie scheme', () => {
  const verifier = {
    verifierOf: () => () => Promise.reject(new AuthError('token_expired')),
    claimedSubject: () => undefined,
    lapsed: async () => undefined,
  };
  const schemeOf = (forgiving: boolean) => cookieScheme({ specs: single, forgiving, verifier, csrf: () => {} });

  it('forgives by default, and is sent by the browser', () => {
    expect(schemeOf(true)).toMatchObject({ name: 'cookie', sentBy: 'browser', onFailure: 'forgive' });
    expect(schemeOf(false).onFailure).toBe('stop');
  });
});
