// Tokens of a trusted issuer, and a verifier that trusts it.
import type { JWK } from 'jose';
import { externalIssuer, type TrustOptions } from '../../../libs/auth/src/core/issuers/external-issuer.js';
import type { Verified } from '../../../libs/auth/src/core/base/principal.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { forge, forger, NOW, verdictOf } from './token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

export const ISSUER = 'https://accounts.example';
export const rsa = forger('RS256', { kid: 'rsa' });
export const es = forger('ES256', { kid: 'es' });
export const publicOf = ({ jwk: { kty, crv, x, y, n, e, kid } }: typeof rsa): JWK =>
  JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid })) as JWK;

export const trusts = (changes: Partial<TrustOptions> = {}): TrustOptions => ({
  issuer: ISSUER,
  audience: 'courses',
  keys: { jwks: { keys: [publicOf(rsa), publicOf(es)] } },
  ...changes,
});

export const claimsWith = (changes: object = {}): object => ({
  iss: ISSUER,
  sub: 'ada',
  aud: 'courses',
  iat: NOW,
  exp: NOW + 900,
  ...changes,
});

export const tokenWith = (changes: object = {}, header: object = {}, by = rsa): string =>
  forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt', ...header }, claimsWith(changes), by);

export async function verifierOf(...options: readonly TrustOptions[]): Promise<TokenVerifier> {
  const clock = new ManualClock(NOW * 1_000);
  const around = { clock, toleranceSeconds: 5 };
  const issuers = await Promise.all(options.map((each) => externalIssuer(each, around)));
  return new TokenVerifier({ issuers, clock });
}

export const verify = async (token: string, ...options: readonly TrustOptions[]): Promise<Verified> =>
  (await verifierOf(...options)).verify(token, 'access');

export const verdict = (token: string, ...options: readonly TrustOptions[]) => verdictOf(verify(token, ...options));
