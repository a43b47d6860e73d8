// Where the keys of an issuer are: at an address that is given, or at the one its own metadata names. Metadata of another
// issuer counts for nothing (RFC 8414 §3.3): it answers a provider that serves many and mixes them up.
import type { Clock } from '../base/clock.js';
import { JsonError, parseStrictJsonObject } from '../base/json.js';
import { type FetchedDocument, KeyFetchError } from './key-fetch.js';
import type { DiscoveredKeys, JwksAddress } from './key-source-options.js';

const REMEMBERED_MS = 24 * 3_600_000;

/** Where to begin: the key set itself, or the first address that metadata may be at. */
export function firstAddressOf(issuer: string, keys: JwksAddress | DiscoveredKeys): string {
  if ('jwksUri' in keys) return keys.jwksUri;
  return keys.metadataUri ?? metadataAddresses(issuer)[0];
}

/**
 * The addresses that an issuer's metadata may be at, in the order in which they are asked: of OpenID Connect Discovery §4, of RFC 8414
 * §3, which puts the well-known part in front of the path, and that part at the end of the path, as many put it.
 */
export function metadataAddresses(issuer: string): readonly [string, ...string[]] {
  const base = issuer.replace(/\/$/, '');
  const first = `${base}/.well-known/openid-configuration`;
  if (!URL.canParse(base)) return [first];
  const { origin, pathname } = new URL(base);
  const path = pathname === '/' ? '' : pathname;
  const others = [`${origin}${AUTHORIZATION_SERVER}${path}`, `${base}${AUTHORIZATION_SERVER}`];
  return [first, ...new Set(others)];
}

const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';

/** Finds the address of a key set, and asks again when it no longer serves. */
export class KeySetAddress {
  #discovered: { readonly address: string; readonly untilMs: number } | undefined;

  constructor(
    private readonly issuer: string,
    private readonly keys: JwksAddress | DiscoveredKeys,
    private readonly clock: Clock,
  ) {}

  /** @throws KeyFetchError */
  async locate(fetch: (address: string) => Promise<FetchedDocument>): Promise<string> {
    if ('jwksUri' in this.keys) return this.keys.jwksUri;
    if (this.#discovered !== undefined && this.clock.nowMs() < this.#discovered.untilMs)
      return this.#discovered.address;
    const { metadataUri } = this.keys;
    const address = await this.#discover(
      fetch,
      metadataUri === undefined ? metadataAddresses(this.issuer) : [metadataUri],
    );
    this.#discovered = { address, untilMs: this.clock.nowMs() + REMEMBERED_MS };
    return address;
  }

  /** The first of the addresses that has metadata says where the keys are. A provider that does not answer is not asked elsewhere. */
  async #discover(
    fetch: (address: string) => Promise<FetchedDocument>,
    [address = '', ...others]: readonly string[],
  ): Promise<string> {
    try {
      const { body } = await fetch(address);
      return readMetadata(body, this.issuer, this.keys);
    } catch (cause) {
      if (!(cause instanceof KeyFetchError) || !cause.isAbsent || others.length === 0) throw cause;
      return this.#discover(fetch, others).catch((later: unknown) => {
        // If no URL has metadata, the error of the first one is reported.
        throw later instanceof KeyFetchError && later.isAbsent ? cause : later;
      });
    }
  }

  /** Drops the cached metadata: the keys could not be fetched from there. */
  forget(): void {
    this.#discovered = undefined;
  }
}

function readMetadata(body: Uint8Array, expected: string, keys: JwksAddress | DiscoveredKeys): string {
  const { issuer, jwks_uri: address, access_token_issuer: ofAccessTokens } = parse(body);
  // AD FS signs access tokens under another name than its own and says which. That counts only at an address that the application gave.
  const isTheirs = issuer === expected || ('metadataUri' in keys && ofAccessTokens === expected);
  if (!isTheirs)
    throw new KeyFetchError('the metadata is of another issuer; every character counts, a slash at the end too');
  if (typeof address !== 'string') throw new KeyFetchError('the metadata names no key set');
  return address;
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return parseStrictJsonObject(body);
  } catch (cause) {
    if (cause instanceof JsonError)
      throw new KeyFetchError('the metadata is not acceptable JSON', { cause, isAbsent: true });
    throw cause;
  }
}
