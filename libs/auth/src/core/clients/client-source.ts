// Where the clients of the token endpoint come from: the port that an application fills in, and the check of what it answers.
import type { JSONWebKeySet } from 'jose';
import { orUnavailable } from '../base/at-once.js';
import type { Duration } from '../base/duration.js';
import { AuthError } from '../base/errors.js';
import { withTimeout } from '../base/timeout.js';
import type { OwnClaims } from '../issuing/token-settings.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';
import type { ClientKeys } from './client-issuers.js';
import { isSecretHash } from './client-secrets.js';

/** What the token endpoint needs to know of a client. */
export interface ClientDescription {
  /** The `client_id`, which becomes the `sub` of its tokens: 1 to 255 printable ASCII characters, never the id of a user. */
  readonly id: string;
  /** False refuses the client from the next request on. Tokens that it has live until they expire, or are revoked. */
  readonly active: boolean;
  /** The hash of its secret, as `newClientSecret()` made it; two while a secret is replaced. @defaultValue it has no secret */
  readonly secretHashes?: string | readonly string[] | undefined;
  /** Its public keys, for `private_key_jwt` (RFC 7523). @defaultValue it has none */
  readonly jwks?: JSONWebKeySet | undefined;
  /**
   * The https address of its public keys (RFC 7591 section 2), instead of `jwks`: fetched when they are needed, with all limits of the keys
   * of a trusted issuer. Who registers a client decides with it where this server connects to. @defaultValue none
   */
  readonly jwksUri?: string | undefined;
  /** The scopes that it may have. A request without `scope` gets all of them. @defaultValue none */
  readonly scopes?: readonly string[] | undefined;
  /**
   * The audiences that it may have tokens for. A request names one or more of them with `resource` (RFC 8707), and must if there are
   * several. @defaultValue the `audience` of the module
   */
  readonly audiences?: readonly string[] | undefined;
  /** Life of its access tokens, at most `access.maxTtl`. @defaultValue `access.ttl` */
  readonly accessTtl?: Duration | undefined;
  /** True for a client that may do only what a route allows by name. @defaultValue false */
  readonly restricted?: boolean | undefined;
  /** Limits its tokens to some resources: `content_org:acme`. @defaultValue none */
  readonly filters?: readonly string[] | undefined;
  /** Own claims of its tokens. @defaultValue none */
  readonly claims?: OwnClaims | undefined;
}

/**
 * Where clients come from. Extend it, and name the class in `clientTokenController({ clients })`.
 *
 * The method rejects only when the source is unavailable: the answer is then 503. One that takes longer than 3 seconds counts as
 * unavailable.
 *
 * @example
 * ```ts
 * import { ClientSource, type ClientDescription } from 'nestjs-latchkey/controllers';
 *
 * export class ServiceAccounts extends ClientSource {
 *   private readonly accounts = new Map<string, ClientDescription>();
 *
 *   async findClient(id: string) {
 *     return this.accounts.get(id);
 *   }
 * }
 * ```
 */
export abstract class ClientSource {
  /** The client with exactly this id, active or not; `undefined` or `null` if there is none. */
  abstract findClient(id: string): Promise<ClientDescription | undefined | null>;
}

/** Longer than any lookup that works. */
const LOOKUP_TIMEOUT_MS = 3_000;

/**
 * The client with that id.
 * @throws {AuthError} `users_unavailable`; `misconfigured` for a description that cannot be used
 */
export async function findClient(source: ClientSource, id: string): Promise<ClientDescription | undefined> {
  const found: unknown = await orUnavailable('users_unavailable', () =>
    withTimeout(LOOKUP_TIMEOUT_MS, async () => source.findClient(id)),
  );
  if (found === undefined || found === null) return undefined;
  const problem = problemOf(found as Partial<ClientDescription>);
  if (problem !== undefined)
    throw new AuthError('misconfigured', {
      cause: new UnissuableToken(`ClientSource answered with a client whose ${problem}.`),
    });
  const client = found as ClientDescription;
  // A database may compare without case, or without trailing blanks: that client is another one.
  return client.id === id ? client : undefined;
}

/** What is wrong, without its value. */
function problemOf({ id, active, secretHashes, scopes = [], audiences, jwks, jwksUri }: Partial<ClientDescription>) {
  const rules: readonly (readonly [isGood: boolean, problem: string])[] = [
    [typeof id === 'string', '`id` is not a string'],
    [typeof active === 'boolean', '`active` is neither true nor false'],
    [hashesOf(secretHashes).every(isSecretHash), '`secretHashes` were not made by newClientSecret()'],
    [[jwks ?? [], jwksUri ?? []].flat().length < 2, '`jwks` and `jwksUri` are both there'],
    [areTexts(scopes), '`scopes` are not a list of strings'],
    [audiences === undefined || (areTexts(audiences) && audiences.length > 0), '`audiences` are not a list of strings'],
  ];
  return rules.find(([isGood]) => !isGood)?.[1];
}

/** The hashes of its secrets, as a list. A column of a database may be NULL. */
export function hashesOf(secretHashes: ClientDescription['secretHashes']): readonly string[] {
  return secretHashes === undefined || secretHashes === null ? [] : [secretHashes].flat();
}

/** Where its public keys are; `undefined` if it has none. */
export function keysOf({ jwks, jwksUri }: Pick<ClientDescription, 'jwks' | 'jwksUri'>): ClientKeys | undefined {
  if (jwks !== undefined && jwks !== null) return { jwks };
  return jwksUri === undefined || jwksUri === null ? undefined : { jwksUri };
}

function areTexts(given: unknown): boolean {
  return Array.isArray(given) && given.every((each) => typeof each === 'string' && each !== '');
}
