// Assertions of clients: JWTs that they sign with their own keys in place of a secret (RFC 7523 §2.2, §3). They pass the same strict layer
// as tokens, and each is accepted once.
import type { JSONWebKeySet } from 'jose';
import { orUnavailable } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import type { Verified } from '../base/principal.js';
import { externalIssuer } from '../issuers/external-issuer.js';
import type { Algorithm } from '../keys/algorithms.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import type { OneTimeStore } from '../stores/stores.js';
import { parseJws } from '../tokens/jws.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { StandInKeys } from './stand-in-keys.js';

/** `client_assertion_type` (RFC 7523 §2.2). */
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What assertions may be signed with: public keys alone, so that no secret is ever a key here. */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const satisfies Algorithm[];

/** The header `typ`, if there is one: RFC 7515 §4.1.9 recommends `JWT`, and draft rfc7523bis the longer one. */
const TYPES = ['', 'jwt', 'client-authentication+jwt'];

/** The refusals of an assertion for which the client has no key. */
const WITHOUT_KEY: ReadonlySet<AuthError['code']> = new Set(['unknown_key', 'algorithm_not_allowed']);

/** What assertions are checked with. */
export interface ClientAssertionsParts {
  /** The name of this issuer: part of what is remembered of an assertion. */
  readonly issuer: string;
  /** Whom assertions may be meant for: the issuer, and the address of the token endpoint. */
  readonly audiences: () => readonly string[];
  readonly toleranceSeconds: number;
  readonly clock: Clock;
  readonly oneTime: OneTimeStore;
  /** Knows since when a store that was emptied is complete: an assertion from before may have been used. */
  readonly blocklist: Pick<BlocklistService, 'assertNotRevokedUncached'>;
}

/** Checks the assertions of clients. */
export class ClientAssertions {
  private readonly standIn = new StandInKeys();

  constructor(private readonly parts: ClientAssertionsParts) {}

  /** Which client an assertion claims to be from. Not verified. @throws {AuthError} `token_malformed` and its like */
  static clientOf(assertion: string): string | undefined {
    const { iss, sub } = parseJws(assertion).claims;
    return typeof iss === 'string' && iss === sub ? iss : undefined;
  }

  /**
   * Whether the client signed the assertion, for us, and it was not used before.
   *
   * @param jwks the keys of the client; `undefined` does the same work in vain
   * @returns the id under which its use is to be recorded with {@link use}, last of all
   * @throws {AuthError} every 401 code of a token; `misconfigured` for keys that cannot be used
   */
  async verify(assertion: string, clientId: string, jwks: JSONWebKeySet | undefined): Promise<Verified> {
    const { clock } = this.parts;
    const jws = parseJws(assertion);
    const issuer = await this.clientAsIssuer(clientId, jwks ?? this.standIn.setFor(jws.header.alg));
    // Made for each use, so that nothing of an assertion is remembered.
    const verifier = new TokenVerifier({ issuers: [issuer], clock });
    const verified = await verifier.verify(assertion, 'access').catch(async (error: unknown) => {
      // No key was found, so that no signature was checked: the answer must not come sooner than to a bad signature.
      if (error instanceof AuthError && WITHOUT_KEY.has(error.code)) await this.standIn.verify(jws);
      throw error;
    });
    // Any other audience could present it here.
    const isForUsAlone = [verified.claims['aud']].flat().length === 1;
    if (jwks === undefined || verified.subject.id !== clientId || !isForUsAlone) throw new AuthError('token_invalid');
    return verified;
  }

  /** Records the use. @throws {AuthError} `token_invalid` if it was used before; `token_revoked`; `store_unavailable` */
  async use(verified: Verified, clientId: string): Promise<void> {
    const { jti, expiresAt } = verified;
    const { blocklist, issuer, oneTime, toleranceSeconds } = this.parts;
    if (jti === undefined || expiresAt === undefined) throw new AuthError('missing_claim');
    const id = JSON.stringify(['client-assertion', issuer, clientId, jti]);
    // A second longer than the tolerance, so that rounding cannot make it good again.
    const forgottenAt = expiresAt + toleranceSeconds + 1;
    await blocklist.assertNotRevokedUncached(verified);
    const isFirst = await orUnavailable('store_unavailable', () => oneTime.consume(id, forgottenAt));
    if (isFirst !== true) throw new AuthError('token_invalid');
  }

  private async clientAsIssuer(clientId: string, jwks: JSONWebKeySet) {
    const { audiences, clock, toleranceSeconds } = this.parts;
    const entry = {
      issuer: clientId,
      audience: audiences(),
      keys: { jwks },
      algorithms: ASSERTION_ALGORITHMS,
      types: TYPES,
      requiredClaims: ['iat', 'jti'],
      maxLifetime: '1h',
    } as const;
    try {
      return await externalIssuer(entry, { clock, toleranceSeconds });
    } catch (cause) {
      if (cause instanceof AuthConfigurationError) {
        const unusable = new UnissuableToken(
          `ClientSource answered with a client whose \`jwks\` cannot be used: ${cause.problems.join('; ')}.`,
        );
        throw new AuthError('misconfigured', { cause: unusable });
      }
      throw cause;
    }
  }
}
