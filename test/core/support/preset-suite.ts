// What is true of every preset, over the tokens that its provider documents: a user, a client, what is refused and by which rule, and
// keys that change under way.
import { describe, expect, it } from '@jest/globals';
import {
  externalIssuer,
  trustProblems,
  type TrustOptions,
} from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import * as endpoint from '../../support/key-server.js';
import { es, publicOf, rsa, verdict, verify } from './external-tokens.js';
import { forge, forger, NOW, verdictOf } from './token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

/** A token that is refused: what makes it one, the code, and the entry without the rule, which then accepts it. */
export type Refused = readonly [changes: object, code: string, withoutRule?: Partial<TrustOptions>, header?: object];

/** A provider's tokens as its documentation shows them: header and claims, with our own key under it. */
export interface Shown {
  /** The preset; if it receives a transport for the keys, it must use it. */
  readonly make: (way?: { readonly jwksUri: string; readonly allowLoopbackHttp: true }) => TrustOptions;
  /** Where it fetches keys; `undefined` if it discovers them. */
  readonly jwksUri: string | undefined;
  readonly header?: object;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly verified: object;
  /** The claims of a client token, if the provider has clients. */
  readonly machine?: object;
  readonly machineVerified?: object;
  readonly refused: readonly Refused[];
}

/** For how long the tokens of the suites live. */
export const times = { iat: NOW, exp: NOW + 3_600 };

/** The entry of a preset with our own public keys in the place of the provider's. */
export const known = (options: TrustOptions): TrustOptions => ({
  ...options,
  keys: { jwks: { keys: [publicOf(rsa)] } },
  algorithms: ['RS256'],
});

/** A token as shown, with changes. */
export const tokenOf = ({ header = {}, claims }: Shown, changes: object = {}, by = rsa, other: object = {}): string =>
  forge({ alg: by.alg, kid: by.kid, ...header, ...other }, { ...claims, ...changes }, by);

export function describePreset(name: string, shown: Shown): void {
  const { make, jwksUri, verified, machine, machineVerified = {}, refused } = shown;
  const options = known(make());

  describe(`The preset ${name}`, () => {
    it('names the URL of the keys, and is a valid configuration', () => {
      const [source] = [make().keys].flat();
      expect(source).toMatchObject(jwksUri === undefined ? { discovery: true } : { jwksUri });
      expect(trustProblems([make()])).toEqual([]);
    });

    it('reads a token as the provider documents it', async () => {
      expect(await verify(tokenOf(shown), options)).toMatchObject(verified);
    });

    if (machine !== undefined) {
      it('tells a client from a user', async () => {
        expect(await verify(tokenOf(shown, machine), options)).toMatchObject({ kind: 'client', ...machineVerified });
      });
    }

    it.each(refused.map((each) => [each] as const))('refuses a token with %j', async (each) => {
      const [changes, code, withoutRule, header] = each;
      const token = tokenOf(shown, changes, rsa, header);
      expect(await verdict(token, options)).toBe(code);
      // It is that rule, and nothing else, that refuses it.
      if (withoutRule !== undefined) expect(await verdict(token, { ...options, ...withoutRule })).toBe('OK');
    });

    it('refuses a token for another service, by the audience alone', async () => {
      const { claims = {} } = options;
      const token = tokenOf(shown, { [claims.audience ?? 'aud']: 'another-service' });
      expect(await verdict(token, options)).toBe('invalid_audience');
      expect(await verdict(token, { ...options, audience: false, claimEquals: {} })).toBe('OK');
    });

    it('refuses another signature, another algorithm and a secret', async () => {
      const hmac = forger('HS256', { kid: 'rsa' });
      expect(await verdict(tokenOf(shown).slice(0, -6) + 'AAAAAA', options)).toBe('token_invalid');
      expect(await verdict(tokenOf(shown, {}, es), options)).toBe('algorithm_not_allowed');
      expect(await verdict(tokenOf(shown, {}, hmac), options)).toBe('algorithm_not_allowed');
    });

    it('follows the keys of the provider when they change', async () => {
      const next = forger('RS256', { kid: 'next' });
      const server = await endpoint.keyServer(endpoint.serve({ keys: [publicOf(rsa)] }));
      try {
        const clock = new ManualClock(NOW * 1_000);
        const fetched = make({ jwksUri: `${server.url}/keys`, allowLoopbackHttp: true });
        const issuers = [await externalIssuer(fetched, { clock, toleranceSeconds: 5 })];
        const verifier = new TokenVerifier({ issuers, clock });
        const answer = (token: string) => verdictOf(verifier.verify(token, 'access'));
        expect(await answer(tokenOf(shown))).toBe('OK');
        server.answer(endpoint.serve({ keys: [publicOf(next)] }));
        clock.seconds += 31;
        expect(await answer(tokenOf(shown, {}, next))).toBe('OK');
        expect(server.requests).toEqual(['/keys', '/keys']);
        clock.seconds += 31;
        // The signature of a verified token is cached; another token of the withdrawn key is refused.
        expect(await answer(tokenOf(shown, { other: 1 }))).toBe('unknown_key');
        for (const issuer of issuers) issuer.close();
      } finally {
        await server.stop();
      }
    });
  });
}
