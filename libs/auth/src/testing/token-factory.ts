// Test tokens, good and bad. They are signed for real, so that the whole verification runs; no store is written.
import type { INestApplicationContext } from '@nestjs/common';
import { parseDurationMs, newId, signJws, highestLimits, generateOwnKey } from '../core/internal.js';
import type { OwnKeys, SigningKey } from '../keys.js';
import type { Duration, AuthErrorCode, Json } from '../index.js';
import { madeUpSource, sourceOf, type StandaloneOptions, type TestUser, type TokenSource } from './token-source.js';

/** Any claims at all: tests also sign what the library never would. */
export type TestClaims = Readonly<Record<string, Json | undefined>>;

/** How a test token may differ from what the application itself would issue. */
export interface TestTokenOptions {
  /** @defaultValue what the user source says, else none */
  readonly scopes?: readonly string[];
  /** Put over all others, registered ones included; `undefined` takes a claim away. */
  readonly claims?: TestClaims;
  /** @defaultValue `access.ttl` of the application, else 15 minutes */
  readonly ttl?: Duration;
  /** Members of the header, `typ` among them. `alg` and `kid` come from the key. */
  readonly header?: Readonly<Record<string, string>>;
}

/** A token that must be refused, and the code that a client sees. */
export interface RefusedToken {
  /** What is wrong with it, to name a test case. */
  readonly name: string;
  readonly token: string;
  readonly errorCode: AuthErrorCode;
}

const HOUR_SECONDS = 3600;

/**
 * Makes test tokens, good and bad.
 *
 * @example
 * ```ts
 * import type { INestApplication } from '@nestjs/common';
 * import { TokenFactory } from 'nestjs-latchkey/testing';
 *
 * export async function refusesWhatItShould(app: INestApplication, call: (token: string) => Promise<number>) {
 *   for (const { name, token } of await TokenFactory.of(app).refused('user-1')) {
 *     if ((await call(token)) !== 401) throw new Error(`A token is let in: ${name}`);
 *   }
 * }
 * ```
 */
export class TokenFactory {
  /** @internal Made by {@link TokenFactory.of}, {@link TokenFactory.standalone}, or a `LocalIssuer`. */
  constructor(private readonly source: TokenSource) {}

  /**
   * Signs with the keys of an application, by its clock and in its name.
   * @param configuration the name of one of several configurations @defaultValue the one without a name
   * @throws {TypeError} if the application only verifies
   */
  static of(app: INestApplicationContext, configuration?: string): TokenFactory {
    return new TokenFactory(sourceOf(app, configuration));
  }

  /** An issuer without an application, with a key made on the spot. */
  static async standalone(options: StandaloneOptions = {}): Promise<TokenFactory> {
    const { source } = await madeUpSource(options);
    return new TokenFactory(source);
  }

  /** The `iss` of the tokens. */
  get issuer(): string {
    return this.source.issuer;
  }

  /** The public keys that the tokens verify with, as a JWK Set. */
  publicJwks(): ReturnType<OwnKeys['publicJwks']> {
    return this.source.publicJwks();
  }

  /** The claims of an access token for a user, as they would be signed. */
  async claimsFor(user: TestUser, options: TestTokenOptions = {}): Promise<TestClaims> {
    const { id, scopes, roles, stampDigest } = await this.source.describe(user);
    const now = this.source.clock.nowSeconds();
    const granted = options.scopes ?? scopes ?? [];
    return {
      ...this.commonClaims(id, options),
      client_id: this.source.clientId,
      sid: newId(),
      auth_time: now,
      scope: granted.length === 0 ? undefined : granted.join(' '),
      roles: roles === undefined || roles.length === 0 ? undefined : roles,
      stamp: stampDigest,
      ...options.claims,
    };
  }

  /** Signs any claims. The header says `at+jwt` unless stated otherwise. */
  async sign(claims: TestClaims, header: TestTokenOptions['header'] = {}): Promise<string> {
    const key = this.source.signingKey();
    // Issuers make larger tokens than we do; what is refused is for the application under test to say.
    const signer = { alg: key.alg, kid: key.kid, sign: (data: Uint8Array) => key.sign(data), limits: highestLimits };
    return signJws({ typ: 'at+jwt', ...header }, claims, signer);
  }

  /** A good access token. */
  async valid(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    return this.sign(await this.claimsFor(user, options), options.header);
  }

  /** An access token that ended an hour ago. */
  async expired(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const exp = this.source.clock.nowSeconds() - HOUR_SECONDS;
    return this.valid(user, over(options, { iat: exp - 60, exp }));
  }

  /** An access token that begins in an hour. */
  async notYetValid(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const nbf = this.source.clock.nowSeconds() + HOUR_SECONDS;
    return this.valid(user, over(options, { nbf, exp: nbf + 60, iat: nbf }));
  }

  /** A refresh token, which is not an access token. No store knows it, so it cannot be refreshed either. */
  async wrongKind(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const claims = await this.claimsFor(
      user,
      over(options, { aud: this.source.refreshAudience, client_id: undefined }),
    );
    return this.sign({ ...claims, login_exp: claims['exp'] }, { typ: 'rt+jwt' });
  }

  /** A good token whose subject was changed after it was signed. */
  async tampered(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const [header = '', , signature = ''] = (await this.valid(user, options)).split('.');
    const claims = await this.claimsFor(user, over(options, { sub: 'another-user' }));
    return `${header}.${encode(claims)}.${signature}`;
  }

  /** A token without a signature, by `alg: none`. */
  async unsigned(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const claims = await this.claimsFor(user, options);
    return `${encode({ typ: 'at+jwt', alg: 'none', ...options.header })}.${encode(claims)}.`;
  }

  /** A token that names the right key and is signed with another. */
  async otherKey(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const { alg, kid } = this.source.signingKey();
    const { signing } = await generateOwnKey(alg);
    const impostor: SigningKey = { alg, kid, sign: (data) => signing.sign(data) };
    return signJws({ typ: 'at+jwt', ...options.header }, await this.claimsFor(user, options), impostor);
  }

  /** A token of an issuer that is not trusted, correctly signed with a key of its own. */
  async untrustedIssuer(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    const { signing } = await generateOwnKey();
    const claims = await this.claimsFor(user, over(options, { iss: 'https://elsewhere.test' }));
    return signJws({ typ: 'at+jwt', ...options.header }, claims, signing);
  }

  /** A good token that is meant for another service. */
  async otherAudience(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    return this.valid(user, over(options, { aud: 'another-service' }));
  }

  /** The token of a client that acts for itself: only routes with `@AllowClients()` accept it. */
  async client(clientId: string, options: TestTokenOptions = {}): Promise<string> {
    const common = this.commonClaims(clientId, options);
    const scope = options.scopes?.join(' ');
    const claims = { ...common, client_id: clientId, kind: 'client', sid: newId(), scope, ...options.claims };
    return this.sign(claims, options.header);
  }

  /** A user's token by a restricted client: only routes with `@AllowRestrictedClients()` accept it. */
  async restricted(user: TestUser, options: TestTokenOptions = {}): Promise<string> {
    return this.valid(user, over(options, { is_restricted: true }));
  }

  /** Every bad token of this class, to go through in one test. */
  async refused(user: TestUser): Promise<readonly RefusedToken[]> {
    const bad: [name: string, token: Promise<string>, errorCode: AuthErrorCode][] = [
      ['it has expired', this.expired(user), 'token_expired'],
      ['it is not valid yet', this.notYetValid(user), 'token_not_yet_valid'],
      ['it is a refresh token', this.wrongKind(user), 'wrong_token_type'],
      ['its subject was changed', this.tampered(user), 'token_invalid'],
      ['it has no signature', this.unsigned(user), 'algorithm_not_allowed'],
      ['it is signed with another key', this.otherKey(user), 'token_invalid'],
      ['its issuer is not trusted', this.untrustedIssuer(user), 'invalid_issuer'],
      ['it is not a token', Promise.resolve('no.token'), 'token_malformed'],
    ];
    if (this.source.audience.length > 0) {
      bad.push(['it is meant for another service', this.otherAudience(user), 'invalid_audience']);
    }
    return Promise.all(bad.map(async ([name, token, errorCode]) => ({ name, token: await token, errorCode })));
  }

  private commonClaims(id: string, { ttl }: TestTokenOptions): TestClaims {
    const { issuer, audience, clock, ttlSeconds } = this.source;
    const now = clock.nowSeconds();
    const [only, ...others] = audience;
    return {
      iss: issuer,
      sub: id,
      aud: others.length === 0 ? only : audience,
      iat: now,
      exp: now + Math.ceil((parseDurationMs(ttl) ?? ttlSeconds * 1000) / 1000),
      jti: newId(),
    };
  }
}

/** The caller's own claims come last: a test may want a token to be wrong in two ways. */
function over(options: TestTokenOptions, claims: TestClaims): TestTokenOptions {
  return { ...options, claims: { ...claims, ...options.claims } };
}

function encode(members: object): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}
