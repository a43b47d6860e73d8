import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  accessCookieSpecs,
  clearCookie,
  CookieTooLargeError,
  cookieSpecs,
  cookieValues,
  writeCookie,
  writeTokenCookies,
  type CookieSettings,
} from '../../../libs/auth/src/core/browser/cookies.js';
import { cookieSettings } from '../support/cookie-settings.js';

const now = 1_800_000_000;

function pairOf(claims: object) {
  const accessToken = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  return {
    accessToken,
    refreshToken: 'e30.e30.c2ln',
    expiresIn: 900,
    accessExpiresAt: new Date((now + 900) * 1000),
    refreshExpiresAt: new Date((now + 86_400) * 1000),
    sid: 'sid',
    subject: { issuer: 'https://issuer.test', id: 'ada' },
    scopes: [],
  };
}

describe('reading cookies', () => {
  it.each<[string, string[], string[]]>([
    ['one value', ['a=1; auth=x; b=2'], ['x']],
    ['both of two with one name', ['auth=x; auth=y'], ['x', 'y']],
    ['both of two lines', ['auth=x', 'auth=y'], ['x', 'y']],
    ['nothing of a name that only ends or begins alike', ['my-auth=x; auth2=y'], []],
    ['nothing of another case', ['Auth=x'], []],
    ['nothing of a nameless cookie', ['=auth=evil; =x; auth'], []],
    ['an empty value', ['auth='], ['']],
    ['a value with equals signs', ['auth=a=b=='], ['a=b==']],
    ['quotes as part of the value', ['auth="x"'], ['"x"']],
    ['a value cut at the semicolon, whatever the quotes say', ['$Version=1; auth="evil; $Path=/; good"'], ['"evil']],
    ['percent signs as they are, broken ones too', ['auth=a%2Eb%E0%A4%A'], ['a%2Eb%E0%A4%A']],
    ['a value without surrounding whitespace', ['  auth \t=  x\t ;b=1'], ['x']],
  ])('finds %s', (_, lines, values) => {
    expect(cookieValues(lines, 'auth')).toEqual(values);
  });

  it('never throws and never finds a value with a semicolon, whatever the header holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        for (const value of cookieValues(lines, 'a')) expect(value).not.toContain(';');
      }),
    );
  });

  it('finds what was written among any other cookies', () => {
    const name = fc.stringMatching(/^[a-z]{2,8}$/);
    const value = fc.stringMatching(/^[\w.-]{1,40}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), value, (others, own) => {
        const line = [...others.map(([one, other]) => `${one}=${other}`), `A=${own}`].join('; ');
        expect(cookieValues([line], 'A')).toEqual([own]);
      }),
    );
  });

  it('finds the last of 200 cookies', () => {
    const others = Array.from({ length: 200 }, (_, index) => `c${index}=${'x'.repeat(70)}`);
    expect(cookieValues([[...others, 'auth=x'].join('; ')], 'auth')).toEqual(['x']);
  });
});

describe('the attributes of cookies', () => {
  it('are as strict as they can be by default', () => {
    const specs = cookieSpecs(cookieSettings);
    expect(writeCookie(specs.access, 'x', 60).line).toBe(
      '__Host-access=x; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
    expect(writeCookie(specs.refresh, 'x', 60).line).toBe(
      '__Secure-refresh=x; Max-Age=60; Path=/auth/cookie; HttpOnly; Secure; SameSite=Strict',
    );
  });

  it.each<[string, Partial<CookieSettings>, string]>([
    [
      'a domain gives up the host prefix',
      { domain: 'example.com' },
      '__Secure-access=x; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    ],
    ['plain http gives up every prefix', { secure: false }, 'access=x; Path=/; HttpOnly; SameSite=Lax'],
    ['strict is passed on', { sameSite: 'strict' }, '__Host-access=x; Path=/; HttpOnly; Secure; SameSite=Strict'],
  ])('change with the options: %s', (_, changed, line) => {
    expect(writeCookie(cookieSpecs({ ...cookieSettings, ...changed }).access, 'x').line).toBe(line);
  });

  it('allow the host prefix for a refresh cookie of the whole site', () => {
    expect(cookieSpecs({ ...cookieSettings, refreshPath: '/' }).refresh.name).toBe('__Host-refresh');
  });

  it('are the same for setting and for clearing', () => {
    for (const changed of [{}, { domain: 'example.com' }, { secure: false }, { mode: 'split' as const }]) {
      const { access, payload, signature, refresh, csrf } = cookieSpecs({ ...cookieSettings, ...changed });
      for (const spec of [access, payload, signature, refresh, csrf]) {
        const set = writeCookie(spec, 'x', 5).line.replace('=x; Max-Age=5', '=; Max-Age=0');
        expect(clearCookie(spec).line).toBe(set);
      }
    }
  });

  it('let scripts read only the first half of a split token', () => {
    const { payload, signature } = cookieSpecs({ ...cookieSettings, mode: 'split' });
    expect([payload.httpOnly, signature.httpOnly]).toEqual([false, true]);
  });

  it.each(['a;b', 'a\r\nSet-Cookie: x=y', 'a b', 'a"b', 'é', 'a,b', '\0'])(
    'refuse a value that would not be read back unchanged: %j',
    (value) => {
      expect(() => writeCookie(cookieSpecs(cookieSettings).access, value)).toThrow(TypeError);
    },
  );
});

const names = (changed: Partial<CookieSettings>) =>
  writeTokenCookies(cookieSpecs({ ...cookieSettings, ...changed }), pairOf({}), now).map(({ name }) => name);

const valueOf = (line = '') => line.slice(line.indexOf('=') + 1, line.indexOf(';'));

describe('the cookies of a sign-in', () => {
  it('are one for each token in single mode', () => {
    expect(names({})).toEqual(['__Host-access', '__Secure-refresh']);
  });

  it('have the names that were given for both halves', () => {
    const names = { access: 'a', refresh: 'r', csrf: 'c', payload: 'head', signature: 'sign' };
    const { payload, signature } = cookieSpecs({ ...cookieSettings, mode: 'split', names });
    expect([payload.name, signature.name]).toEqual(['__Host-head', '__Host-sign']);
  });

  it('are two for the access token in split mode, and form it when joined', () => {
    const pair = pairOf({ sub: 'ada' });
    const [payload, signature] = writeTokenCookies(cookieSpecs({ ...cookieSettings, mode: 'split' }), pair, now);
    expect(`${valueOf(payload?.line)}.${valueOf(signature?.line)}`).toBe(pair.accessToken);
  });

  it('never outlive their tokens', () => {
    const [access, refresh] = writeTokenCookies(cookieSpecs(cookieSettings), pairOf({}), now);
    expect(access?.line).toContain('Max-Age=900;');
    expect(refresh?.line).toContain('Max-Age=86400;');
  });

  it('end with the browser if they are not persistent', () => {
    const lines = writeTokenCookies(cookieSpecs({ ...cookieSettings, persistent: false }), pairOf({}), now);
    expect(lines.some(({ line }) => line.includes('Max-Age'))).toBe(false);
  });

  it('are refused if a browser would drop one, naming the large claims and no value', () => {
    const pair = pairOf({ sub: 'ada', courses: Array.from({ length: 400 }, () => 'SECRET-COURSE') });
    const write = () => writeTokenCookies(cookieSpecs(cookieSettings), pair, now);
    expect(write).toThrow(CookieTooLargeError);
    expect(write).toThrow(/__Host-access would take \d+ bytes; browsers keep 4096\. The biggest claims: courses/);
    expect(write).not.toThrow(/SECRET-COURSE/);
  });

  it('fit up to 4,096 bytes with name and attributes, and not one more', () => {
    const { access } = cookieSpecs(cookieSettings);
    const rest = writeCookie(access, '', 900).line.length;
    const sized = (bytes: number) => ({ ...pairOf({}), accessToken: `e30.e30.${'x'.repeat(bytes - rest - 8)}` });
    const write = (bytes: number) => () => writeTokenCookies(cookieSpecs(cookieSettings), sized(bytes), now);
    expect(write(4096)).not.toThrow();
    expect(write(4097)).toThrow(CookieTooLargeError);
  });
});

describe('the cookies to clear', () => {
  it('are those of both modes, so that a change of mode leaves none', () => {
    expect(accessCookieSpecs(cookieSpecs(cookieSettings)).map(({ name }) => name)).toEqual([
      '__Host-access',
      '__Host-access-payload',
      '__Host-access-signature',
    ]);
  });
});
