// Verification without an application: the keys of one issuer are opened for one token and closed after it.
import type { Clock } from '../base/clock.js';
import type { Verified } from '../base/principal.js';
import { externalIssuer, type TrustOptions } from '../issuers/external-issuer.js';
import { KeyRing, type KeySource } from '../keys/key-ring.js';
import type { TokenKind } from '../tokens/claims.js';
import { ownAccessProfile, ownRefreshProfile } from '../tokens/profiles.js';
import { TokenVerifier, type TrustedIssuer } from '../tokens/token-verifier.js';

/** An issuer whose tokens have the form of our own, by its keys. */
export interface OwnIssuerRules {
  readonly issuer: string;
  readonly keys: KeySource;
  /** One of these must be in `aud` of an access token; `false` accepts any. */
  readonly audience: string | readonly string[] | false;
  readonly maxLifetimeSeconds: number;
}

/** The one issuer that is trusted: by its keys, or by the options of an external one. */
export type OneIssuer = { readonly own: OwnIssuerRules } | { readonly trust: TrustOptions };

type Closable = TrustedIssuer & { readonly close: () => void };

/**
 * Verifies a token as an application that trusts this issuer would, up to and including stage 3: no store is asked and no user is loaded.
 *
 * @throws {AuthError} if the token is not good, or the keys cannot be had
 * @throws {AuthConfigurationError} with everything that is wrong with the issuer
 */
export async function verifyAlone(
  token: { readonly text: string; readonly kind: TokenKind },
  by: OneIssuer,
  context: { readonly clock: Clock; readonly toleranceSeconds: number },
): Promise<Verified> {
  const issuer: Closable = 'own' in by ? await opened(by.own, context) : await externalIssuer(by.trust, context);
  try {
    return await new TokenVerifier({ issuers: [issuer], clock: context.clock }).verify(token.text, token.kind);
  } finally {
    issuer.close();
  }
}

async function opened(
  { issuer, keys, audience, maxLifetimeSeconds }: OwnIssuerRules,
  { clock, toleranceSeconds }: { readonly clock: Clock; readonly toleranceSeconds: number },
): Promise<Closable> {
  const ring = await KeyRing.open({ source: keys, clock, overlapSeconds: 0 });
  const common = { issuer, algorithms: ring.algorithms, toleranceSeconds, maxLifetimeSeconds };
  const profiles = { access: ownAccessProfile({ ...common, audience }), refresh: ownRefreshProfile(common) };
  return { issuer, keys: ring, profiles, close: () => ring.close() };
}
