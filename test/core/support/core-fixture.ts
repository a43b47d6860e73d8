// The core wired by hand, without Nest: real keys, real stores in memory, a clock that stands still until it is moved.
import { Authenticator } from '../../../libs/auth/src/core/authentication/authenticator.js';
import { BlocklistService } from '../../../libs/auth/src/core/logins/blocklist-service.js';
import { Clock } from '../../../libs/auth/src/core/base/clock.js';
import { LoginService } from '../../../libs/auth/src/core/logins/login-service.js';
import { ephemeralKeys, KeyRing } from '../../../libs/auth/src/core/keys/key-ring.js';
import type { SigningKey } from '../../../libs/auth/src/core/keys/keys.js';
import { MemoryRefreshStore, MemoryRevocationStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { Subject } from '../../../libs/auth/src/core/base/principal.js';
import { ownAccessProfile, ownRefreshProfile } from '../../../libs/auth/src/core/tokens/profiles.js';
import type { AuthRequest } from '../../../libs/auth/src/core/base/request.js';
import { defineScheme, headerTransport } from '../../../libs/auth/src/core/schemes/schemes.js';
import type { MismatchRule } from '../../../libs/auth/src/core/authentication/session-mismatch.js';
import { SignInService } from '../../../libs/auth/src/core/users/sign-in.js';
import type { LoginStore, BlocklistStore } from '../../../libs/auth/src/core/stores/stores.js';
import { TokenMinter } from '../../../libs/auth/src/core/issuing/token-minter.js';
import { selfCheck } from '../../../libs/auth/src/core/tokens/self-check.js';
import { TokenService } from '../../../libs/auth/src/core/issuing/token-service.js';
import type { ClaimsFor, TokenSettings } from '../../../libs/auth/src/core/issuing/token-settings.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import {
  UserSource,
  AccountResolver,
  type SignInCredentials,
  type UserDescription,
} from '../../../libs/auth/src/core/users/users.js';

export const ISSUER = 'https://auth.example';
export const AUDIENCE = 'api';

export class TestClock extends Clock {
  ms = Date.UTC(2026, 0, 1);

  override nowMs(): number {
    return this.ms;
  }

  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

export interface Person {
  id: string;
  active: boolean;
  stamp?: string;
  scopes?: string[];
  roles?: string[];
  password: string;
}

/** AccountResolver that a test can change under way; it counts who was asked for. */
export class People extends UserSource<Person> {
  readonly rows = new Map<string, Person>();
  loads = 0;
  failure: Error | undefined;

  add(person: Partial<Person> & { id: string }): Person {
    const row = { active: true, password: 'secret', ...person };
    this.rows.set(row.id, row);
    return row;
  }

  override findBySubject({ id }: Subject): Promise<Person | undefined> {
    this.loads += 1;
    return this.failure === undefined ? Promise.resolve(this.rows.get(id)) : Promise.reject(this.failure);
  }

  override describe({ id, active, stamp, scopes, roles }: Person): UserDescription {
    return { id, active, stamp, scopes, roles };
  }

  override verifyCredentials({ username, password }: SignInCredentials): Promise<Person | undefined> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const row = this.rows.get(username);
    return Promise.resolve(row?.password === password ? row : undefined);
  }
}

export interface RigOptions {
  readonly withoutUsers?: boolean;
  /** Ready-made, with a source of its own. @defaultValue over `people` */
  readonly users?: AccountResolver;
  readonly claimsFor?: ClaimsFor;
  readonly graceMs?: number;
  readonly onMismatch?: MismatchRule;
  readonly subjectClaim?: string;
  readonly clientId?: string | undefined;
  /** Stands between the minter and the ring: a remote signer that may fail. */
  readonly signer?: (key: SigningKey) => SigningKey;
  /** @defaultValue a clock of the rig's own */
  readonly clock?: TestClock;
  readonly stores?: (clock: Clock) => { revocations: BlocklistStore; logins: LoginStore };
}

const MINUTE = 60;
const DAY = 86_400;

function settingsOf(options: RigOptions): TokenSettings {
  return {
    issuer: ISSUER,
    audience: [AUDIENCE],
    access: {
      ttlSeconds: 15 * MINUTE,
      maxTtlSeconds: 30 * MINUTE,
      subjectClaim: options.subjectClaim ?? 'sub',
      clientId: options.clientId ?? ISSUER,
      claimsFor: options.claimsFor,
    },
    refresh: { idleSeconds: 14 * DAY, absoluteSeconds: 30 * DAY, graceMs: options.graceMs ?? 10_000 },
  };
}

/** Everything that a test of the core needs. */
export async function rig(options: RigOptions = {}) {
  const { clock = new TestClock() } = options;
  const settings = settingsOf(options);
  const ring = await KeyRing.open({ source: ephemeralKeys(), clock, overlapSeconds: 14 * DAY });
  const people = new People();
  const users = options.users ?? new AccountResolver();
  if (options.withoutUsers !== true && options.users === undefined) users.source = people as unknown as UserSource;
  const stores = options.stores?.(clock) ?? {
    revocations: new MemoryRevocationStore(clock),
    logins: new MemoryRefreshStore(clock),
  };
  const common = { issuer: ISSUER, algorithms: ring.algorithms, toleranceSeconds: 5 };
  const profiles = {
    access: ownAccessProfile({ ...common, audience: AUDIENCE, maxLifetimeSeconds: 30 * MINUTE }),
    refresh: ownRefreshProfile({ ...common, maxLifetimeSeconds: 14 * DAY }),
  };
  const verifier = new TokenVerifier({ issuers: [{ issuer: ISSUER, keys: ring, profiles }], clock });
  const blocklist = new BlocklistService(stores.revocations, clock, {
    accessSeconds: 30 * MINUTE,
    loginSeconds: 30 * DAY,
    toleranceSeconds: 5,
  });
  const logins = new LoginService(stores.logins, blocklist, clock);
  const signer = options.signer ?? ((key: SigningKey) => key);
  const minter = new TokenMinter(settings, () => signer(ring.signingKey), { check: selfCheck(() => profiles.access) });
  const tokens = new TokenService({ settings, clock, users, verifier, minter, logins, blocklist });
  const authenticator = new Authenticator(blocklist, users, { onMismatch: options.onMismatch ?? 'reject', clock });
  const bearer = defineScheme<string>({
    name: 'bearer',
    sentBy: 'client',
    find: headerTransport({ name: 'authorization', schemes: ['Bearer'] }),
    verify: (token) => verifier.verify(token, 'access'),
  });
  const signIn = new SignInService(users);
  return { clock, ring, people, users, stores, verifier, blocklist, logins, tokens, authenticator, bearer, signIn };
}

/** A request with nothing but these headers and cookies. */
export function requestWith(
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  { method = 'GET', cookies = {} }: { method?: string; cookies?: Readonly<Record<string, readonly string[]>> } = {},
): AuthRequest {
  return {
    method,
    headerLines: (name) => [headers[name.toLowerCase()] ?? []].flat(),
    cookieValues: (name) => cookies[name] ?? [],
    param: () => undefined,
    raw: {},
  };
}

export function bearerOf(token: string): AuthRequest {
  return requestWith({ authorization: `Bearer ${token}` });
}

/** The payload of a token, read without any check. */
export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** The code that a promise is refused with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
