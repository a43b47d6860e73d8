import { describe, expect, it } from '@jest/globals';
import { csrfExplanation } from '../../../libs/auth/src/core/browser/csrf-explanation.js';
import { authRequest } from '../../support/auth-request.js';

const settings = {
  trustedOrigins: ['https://app.example.com', 'https://shop.example.org'],
  headerName: 'x-csrf-token',
  cookieName: '__Host-csrf',
  disabled: false,
};
type Code = Parameters<typeof csrfExplanation>[0];
const explain = (code: Code, headers: readonly (readonly [string, string])[] = []) =>
  csrfExplanation(code, authRequest({ headers: [...headers] }), settings);

describe('the explanation of a refused page', () => {
  it('names the origin that was sent, the accepted ones and the option', () => {
    expect(explain('csrf_origin_rejected', [['Origin', 'https://other.example']])).toBe(
      'A request was refused with csrf_origin_rejected: its Origin is "https://other.example". ' +
        'Accepted are https://app.example.com, https://shop.example.org. Add the origin of your page to csrf.trustedOrigins.',
    );
  });

  it.each([
    ['http://localhost:4000', 'localhost:4000'],
    ['http://LOCALHOST:4000', 'Localhost:4000'],
    ['https://app.internal', 'app.internal'],
  ])('names the issuer if the page %s is on the host %s of the server itself', (origin, host) => {
    const sentence = explain('csrf_origin_rejected', [
      ['Origin', origin],
      ['Host', host],
    ]);
    expect(sentence).toContain('set `issuer` to that origin');
  });

  it.each([
    [[['Origin', 'http://localhost:5173'] as const, ['Host', 'localhost:4000'] as const]],
    [[['Origin', 'null'] as const, ['Host', 'localhost:4000'] as const]],
  ])('does not name it otherwise: %j', (headers) => {
    expect(explain('csrf_origin_rejected', headers)).not.toContain('issuer');
  });

  it('shows of a Referer the origin alone', () => {
    const sentence = explain('csrf_origin_rejected', [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Referer', 'https://user:pass@other.example/reset?token=s3cret#s3cret'],
    ]);
    expect(sentence).toContain(
      'it has no Origin, its Sec-Fetch-Site is "cross-site", and the origin of its Referer is "https://other.example"',
    );
    expect(sentence).not.toMatch(/s3cret|pass|reset/);
  });

  it('is short and in one line, whatever was sent', () => {
    const long = explain('csrf_origin_rejected', [['Origin', `https://${'x'.repeat(5_000)}`]]);
    expect(long?.length).toBeLessThan(400);
    expect(explain('csrf_origin_rejected', [['Origin', 'a\nFATAL all is lost']])).not.toContain('\n');
  });

  it.each<[Code, string]>([
    ['csrf_cookie_missing', '__Host-csrf'],
    ['csrf_token_missing', 'csrf.headerName'],
    ['csrf_token_invalid', 'The token changes at sign-in'],
  ])('of %s says %s', (code, part) => {
    expect(explain(code, [['X-CSRF-Token', 's3cret']])).toContain(part);
    expect(explain(code, [['X-CSRF-Token', 's3cret']])).not.toContain('s3cret');
  });

  it('is about CSRF alone', () => {
    expect(explain('token_expired')).toBeUndefined();
  });
});
