// Assertions of clients: JWTs that they sign with their own keys in place of a secret (RFC 7523 §2.2, §3). They pass the same strict layer
// as tokens, and each is accepted once.
import { orUnavailable } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { Verified } from '../base/principal.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import type { OneTimeStore } from '../stores/stores.js';
import { parseJws } from '../tokens/jws.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { ClientIssuers, type ClientIssuersParts, type ClientKeys } from './client-issuers.js';
import { StandInKeys } from './stand-in-keys.js';

/** `client_assertion_type` (RFC 7523 §2.2). */
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The refusals of an assertion for which the client has no key. */
const WITHOUT_KEY: ReadonlySet<AuthError['code']> = new Set(['unknown_key', 'algorithm_not_allowed']);

/** What assertions are checked with. */
export interface ClientAssertionsParts extends ClientIssuersParts {
  /** The name of this issuer: part of what is remembered of an assertion. */
  readonly issuer: string;
  readonly oneTime: OneTimeStore;
  /** Knows since when a store that was emptied is complete: an assertion from before may have been used. */
  readonly blocklist: Pick<BlocklistService, 'assertNotRevokedUncached'>;
}

/** Checks the assertions of clients. */
export class ClientAssertions {
  private readonly standIn = new StandInKeys();
  private readonly issuers: ClientIssuers;

  constructor(private readonly parts: ClientAssertionsParts) {
    this.issuers = new ClientIssuers(parts);
  }

  /** Which client an assertion claims to be from. Not verified. @throws {AuthError} `token_malformed` and its like */
  static clientOf(assertion: string): string | undefined {
    const { iss, sub } = parseJws(assertion).claims;
    return typeof iss === 'string' && iss === sub ? iss : undefined;
  }

  /**
   * Whether the client signed the assertion, for us, and it was not used before.
   *
   * @param keys the keys of the client; `undefined` does the same work in vain
   * @returns the id under which its use is to be recorded with {@link use}, last of all
   * @throws {AuthError} every 401 code of a token; `keys_unavailable`; `misconfigured` for keys that cannot be used
   */
  async verify(assertion: string, clientId: string, keys: ClientKeys | undefined): Promise<Verified> {
    const { clock } = this.parts;
    const jws = parseJws(assertion);
    const issuer = await this.issuers.issuerOf(clientId, keys ?? { jwks: this.standIn.setFor(jws.header.alg) });
    // Made for each use, so that nothing of an assertion is remembered.
    const verifier = new TokenVerifier({ issuers: [issuer], clock });
    const verified = await verifier.verify(assertion, 'access').catch(async (error: unknown) => {
      // No key was found, so that no signature was checked: the answer must not come sooner than to a bad signature.
      if (error instanceof AuthError && WITHOUT_KEY.has(error.code)) await this.standIn.verify(jws);
      throw error;
    });
    // Any other audience could present it here.
    const isForUsAlone = [verified.claims['aud']].flat().length === 1;
    if (keys === undefined || verified.subject.id !== clientId || !isForUsAlone) throw new AuthError('token_invalid');
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

  /** Ends what is under way. */
  close(): void {
    this.issuers.close();
  }
}
