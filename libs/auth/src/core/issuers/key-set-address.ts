// Owns where the keys of an issuer are: at an address that is given, or at the one its own metadata names. Metadata of another
// issuer counts for nothing (RFC 8414 §3.3): it answers a provider that serves many and mixes them up.
import type { Clock } from '../clock.js';
import { JsonRefused, parseStrictJsonObject } from '../tokens/json.js';
import { type FetchedDocument, FetchProblem } from './key-fetch.js';
import type { DiscoveredKeys, JwksAddress } from './trust-options.js';

const REMEMBERED_MS = 24 * 3_600_000;

/** Where to begin: the key set itself, or metadata that name it. */
export function firstAddress(issuer: string, keys: JwksAddress | DiscoveredKeys): string {
  if ('jwksUri' in keys) return keys.jwksUri;
  return keys.metadataUri ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** Finds the address of a key set, and asks again when it no longer serves. */
export class KeySetAddress {
  #discovered: { readonly address: string; readonly untilMs: number } | undefined;

  constructor(
    private readonly issuer: string,
    private readonly keys: JwksAddress | DiscoveredKeys,
    private readonly clock: Clock,
  ) {}

  /** @throws FetchProblem */
  async locate(fetch: (address: string) => Promise<FetchedDocument>): Promise<string> {
    const first = firstAddress(this.issuer, this.keys);
    if ('jwksUri' in this.keys) return first;
    if (this.#discovered !== undefined && this.clock.nowMs() < this.#discovered.untilMs)
      return this.#discovered.address;
    const { body } = await fetch(first);
    const address = readMetadata(body, this.issuer);
    this.#discovered = { address, untilMs: this.clock.nowMs() + REMEMBERED_MS };
    return address;
  }

  /** Forgets what metadata said: keys could not be had there. */
  forget(): void {
    this.#discovered = undefined;
  }
}

function readMetadata(body: Uint8Array, expected: string): string {
  const { issuer, access_token_issuer: accessTokenIssuer, jwks_uri: address } = parse(body);
  // AD FS signs access tokens under another name than ID tokens, and says so.
  if (issuer !== expected && accessTokenIssuer !== expected)
    throw new FetchProblem('the metadata is of another issuer; every character counts, a slash at the end too');
  if (typeof address !== 'string') throw new FetchProblem('the metadata names no key set');
  return address;
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return parseStrictJsonObject(body);
  } catch (cause) {
    if (cause instanceof JsonRefused) throw new FetchProblem('the metadata is no acceptable JSON', { cause });
    throw cause;
  }
}
