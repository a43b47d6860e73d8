// Clients as issuers of their assertions, with their own keys: a set that the ClientSource answered with, or one at an address of the client
// (`jwks_uri`, RFC 7591 §2), which is fetched as the keys of every trusted issuer are.
import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import { group } from '../base/option-group.js';
import { externalIssuer, type ExternalIssuer } from '../issuers/external-issuer.js';
import { keyFetch, keyFetchRules, type KeyFetchOptions } from '../issuers/key-fetch-options.js';
import type { Algorithm } from '../keys/algorithms.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';

/** What assertions may be signed with: public keys alone, so that no secret is ever a key here. */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const satisfies Algorithm[];

/** The header `typ`, if there is one: RFC 7515 §4.1.9 recommends `JWT`, and draft rfc7523bis the longer one. */
const TYPES = ['', 'jwt', 'client-authentication+jwt'];

/** So many fetched key sets are kept at most; beyond that, those of the client that was not here for longest are dropped. */
const MOST_KEPT = 1_000;

/** Where the public keys of a client are. */
export type ClientKeys = { readonly jwks: JSONWebKeySet } | { readonly jwksUri: string };

/** How the keys of clients are fetched. At boot there is nothing to fetch: the clients are not known. */
export type ClientKeyFetchOptions = Omit<KeyFetchOptions, 'eager'>;

const { eager: _, ...whileRunning } = keyFetch;

/** The declaration of {@link ClientKeyFetchOptions}, for the options of the token endpoint. */
export const clientKeyFetch = group<ClientKeyFetchOptions>()({
  summary: 'how keys at a `jwksUri` of a client are fetched; as those of an issuer of `trust`',
  options: whileRunning,
  rules: keyFetchRules as never,
  otherwise: 'as those of a provider on the internet',
});

/** What issuers of assertions are made with. */
export interface ClientIssuersParts {
  /** Whom assertions may be meant for: the issuer, and the address of the token endpoint. */
  readonly audiences: () => readonly string[];
  readonly toleranceSeconds: number;
  readonly clock: Clock;
  /** @defaultValue that of a provider on the internet */
  readonly keyFetch?: ClientKeyFetchOptions | undefined;
}

/** Makes issuers of clients, and keeps what was fetched for them. */
export class ClientIssuers {
  private readonly fetched = new Map<string, ExternalIssuer>();

  constructor(private readonly parts: ClientIssuersParts) {}

  /** @throws {AuthError} `misconfigured` for keys, or an address of keys, that cannot be used */
  async issuerOf(clientId: string, keys: ClientKeys): Promise<ExternalIssuer> {
    if ('jwks' in keys) return this.made(clientId, keys);
    // Of a client that has another address now, the keys at the old one must not be accepted.
    const place = JSON.stringify([clientId, keys.jwksUri]);
    const issuer = this.fetched.get(place) ?? (await this.made(clientId, keys));
    return this.keep(place, this.fetched.get(place) ?? issuer);
  }

  /** Ends what is under way. */
  close(): void {
    for (const issuer of this.fetched.values()) issuer.close();
  }

  private keep(place: string, issuer: ExternalIssuer): ExternalIssuer {
    this.fetched.delete(place);
    this.fetched.set(place, issuer);
    const [oldest] = this.fetched.keys();
    // Not closed: another request may wait for it, and a fetch ends by itself.
    if (this.fetched.size > MOST_KEPT && oldest !== undefined) this.fetched.delete(oldest);
    return issuer;
  }

  private async made(clientId: string, keys: ClientKeys): Promise<ExternalIssuer> {
    const { audiences, clock, keyFetch: fetching, toleranceSeconds } = this.parts;
    const entry = {
      issuer: clientId,
      audience: audiences(),
      keys: 'jwks' in keys ? keys : { ...fetching, jwksUri: keys.jwksUri },
      algorithms: ASSERTION_ALGORITHMS,
      types: TYPES,
      requiredClaims: ['iat', 'jti'],
      maxLifetime: '1h',
    } as const;
    try {
      return await externalIssuer(entry, { clock, toleranceSeconds });
    } catch (cause) {
      if (!(cause instanceof AuthConfigurationError)) throw cause;
      const member = 'jwks' in keys ? 'jwks' : 'jwksUri';
      const unusable = new UnissuableToken(
        `ClientSource answered with a client whose \`${member}\` cannot be used: ${cause.problems.join('; ')}.`,
      );
      throw new AuthError('misconfigured', { cause: unusable });
    }
  }
}
