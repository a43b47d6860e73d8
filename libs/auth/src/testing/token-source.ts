// What test tokens are made from: the keys, names and clock of a running application, or made-up ones.
import type { INestApplicationContext } from '@nestjs/common';
import {
  type Authentication,
  generateOwnKey,
  type PublishedKey,
  refreshAudienceOf,
  stampDigest,
  type AccountResolver,
} from '../core/internal.js';
import type { Algorithm, OwnKeys, SigningKey } from '../keys.js';
import { SystemClock, type Clock, type AuthUser, type Subject, type UserDescription } from '../index.js';
import { findProvider, type AuthSettings, AUTH_SETTINGS, AUTHENTICATION } from '../nest/internal.js';

/** Whom a test token is for: the `sub`, or a user of the application. */
export type TestUser = string | AuthUser;

/** What a token says about its user. */
export interface Described extends Omit<UserDescription, 'active' | 'stamp'> {
  readonly stampDigest?: string | undefined;
}

/** What test tokens are made from. */
export interface TokenSource {
  readonly issuer: string;
  /** Empty where the application does not check the audience. */
  readonly audience: readonly string[];
  /** The `aud` of refresh tokens. */
  readonly refreshAudience: string;
  /** The `client_id` of a user's access token. */
  readonly clientId: string;
  readonly ttlSeconds: number;
  readonly clock: Clock;
  /** Called for every token, because keys rotate. */
  signingKey(): SigningKey;
  publicJwks(): ReturnType<OwnKeys['publicJwks']>;
  describe(user: TestUser): Promise<Described>;
}

/** How an issuer without an application may be made up. */
export interface StandaloneOptions {
  /** @defaultValue 'https://issuer.test' */
  readonly issuer?: string;
  /** @defaultValue 'test' */
  readonly audience?: string | readonly string[];
  /** @defaultValue 'ES256' */
  readonly algorithm?: Algorithm;
  /** @defaultValue the machine's */
  readonly clock?: Clock;
}

const FIFTEEN_MINUTES_SECONDS = 900;

/** @throws {TypeError} where the application only verifies, and so has no key to sign with */
export function sourceOf(app: INestApplicationContext, configuration?: string): TokenSource {
  const { tokens, anyAudience } = findProvider<AuthSettings>(app, AUTH_SETTINGS, configuration);
  const { keys, users, clock } = findProvider<Authentication>(app, AUTHENTICATION, configuration);
  const { ring } = keys;
  if (ring === undefined) {
    throw new TypeError('This application only verifies. Make tokens with a LocalIssuer that it trusts.');
  }
  return {
    issuer: tokens.issuer,
    audience: anyAudience ? [] : tokens.audience,
    refreshAudience: refreshAudienceOf(tokens),
    clientId: tokens.access.clientId,
    ttlSeconds: tokens.access.ttlSeconds,
    clock,
    signingKey: () => ring.signingKey,
    publicJwks: () => ring.publicJwks(),
    describe: (user) => describeBy(users, tokens.issuer, user),
  };
}

/** A source of its own: keys made on the spot. `rotate` puts another key in their place. */
export async function madeUpSource(
  options: StandaloneOptions = {},
): Promise<{ readonly source: TokenSource; readonly rotate: () => Promise<void> }> {
  const { issuer = 'https://issuer.test', audience = 'test', algorithm, clock = new SystemClock() } = options;
  let key: PublishedKey & { readonly signing: SigningKey } = await generateOwnKey(algorithm);
  const source: TokenSource = {
    issuer,
    audience: [audience].flat(),
    refreshAudience: issuer,
    clientId: issuer,
    ttlSeconds: FIFTEEN_MINUTES_SECONDS,
    clock,
    signingKey: () => key.signing,
    publicJwks: () => ({ keys: key.publicJwk === undefined ? [] : [key.publicJwk] }),
    describe: async (user) => ({ id: idOf(user) }),
  };
  return { source, rotate: async () => void (key = await generateOwnKey(algorithm)) };
}

/** As the application would describe them at a sign-in, stamp included, or its checks would refuse the token. */
async function describeBy({ source }: AccountResolver, issuer: string, who: TestUser): Promise<Described> {
  if (source === undefined) return { id: idOf(who) };
  const user = typeof who === 'string' ? await source.findBySubject({ issuer, id: who }) : who;
  // No user has that id, which is useful in tests.
  if (user === undefined || user === null) return { id: idOf(who) };
  const { id, stamp, scopes, roles } = source.describe(user);
  const subject: Subject = { issuer, id };
  return { id, scopes, roles, stampDigest: stamp === undefined ? undefined : stampDigest(subject, stamp) };
}

function idOf(user: TestUser): string {
  if (typeof user === 'string') return user;
  const id: unknown = Reflect.get(user, 'id');
  if (typeof id === 'string' && id !== '') return id;
  throw new TypeError('Without a user source a test user is the text of its `sub`, or an object with an `id`.');
}
