// The core as production assembles it, in memory: real keys, a clock that stands still until it is moved, and users, stores and a host
// session that a test can change.
import type { MismatchRule } from '../../../libs/auth/src/core/authentication/session-mismatch.js';
import { Clock } from '../../../libs/auth/src/core/base/clock.js';
import type { Subject } from '../../../libs/auth/src/core/base/principal.js';
import type { AuthRequest } from '../../../libs/auth/src/core/base/request.js';
import { cookieSpecs } from '../../../libs/auth/src/core/browser/cookies.js';
import { HostSession, type SessionRecord } from '../../../libs/auth/src/core/browser/session.js';
import type { AuthenticationSettings } from '../../../libs/auth/src/core/composition/authentication-settings.js';
import {
  createAuthentication,
  type AuthenticationPorts,
} from '../../../libs/auth/src/core/composition/create-authentication.js';
import type { ClaimsFor, TokenSettings } from '../../../libs/auth/src/core/issuing/token-settings.js';
import { generateOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import type { RemoteSigner } from '../../../libs/auth/src/core/keys/keys.js';
import { headerFinder, type Scheme } from '../../../libs/auth/src/core/schemes/schemes.js';
import {
  MemoryOneTimeStore,
  MemoryLoginStore,
  MemoryBlocklistStore,
} from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { Stores } from '../../../libs/auth/src/core/stores/stores.js';
import { UserSource, type SignInCredentials, type UserDescription } from '../../../libs/auth/src/core/users/users.js';
import { ManualClock } from '../../support/clocks.js';
import { cookieSettings } from './cookie-settings.js';

export const ISSUER = 'https://auth.example';
export const AUDIENCE = 'api';

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

/** A host whose session is a member of the request. */
export class FieldSession extends HostSession {
  broken = false;

  override read(request: unknown): unknown {
    return (request as { session?: unknown }).session;
  }

  override async start(request: unknown, record: SessionRecord): Promise<void> {
    if (this.broken) throw new Error('connect ECONNREFUSED');
    Object.assign(request as object, { session: record });
  }

  override async destroy(request: unknown): Promise<void> {
    Object.assign(request as object, { session: undefined });
  }
}

export interface RigOptions {
  readonly withoutUsers?: boolean;
  /** @defaultValue `people` */
  readonly source?: UserSource;
  readonly onMistake?: (mistake: Error) => void;
  readonly claimsFor?: ClaimsFor;
  readonly graceMs?: number;
  readonly onMismatch?: MismatchRule;
  readonly subjectClaim?: string;
  readonly clientId?: string | undefined;
  /** Signs with a key that is elsewhere, and cannot be reached while this says so. */
  readonly signerIsAway?: () => boolean;
  /** @defaultValue a clock of the rig's own */
  readonly clock?: ManualClock;
  readonly stores?: (clock: Clock) => Stores;
  /** Settings besides those above. */
  readonly settings?: Partial<AuthenticationSettings>;
  /** Ports besides those above. */
  readonly ports?: Partial<AuthenticationPorts>;
}

const MINUTE = 60;
const DAY = 86_400;

function tokenSettings(options: RigOptions): TokenSettings {
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

/** Before the time of the tokens in token-forgery.ts, so that what is stored about them has not expired. */
const START_MS = Date.UTC(2026, 0, 1);

const COOKIES = cookieSpecs(cookieSettings);

async function settingsOf(options: RigOptions): Promise<AuthenticationSettings> {
  const { signerIsAway, onMismatch = 'reject' } = options;
  return {
    issuing: true,
    tokens: tokenSettings(options),
    anyAudience: false,
    exclusiveAudience: false,
    keys: signerIsAway === undefined ? undefined : await remoteSigner(signerIsAway),
    algorithm: undefined,
    trust: [],
    limits: {},
    toleranceSeconds: 5,
    cookies: undefined,
    cookieSpecs: COOKIES,
    csrf: {
      trustedOrigins: [],
      headerName: 'x-csrf-token',
      cookieName: COOKIES.csrf.name,
      secret: undefined,
      disabled: false,
    },
    signIn: { ttlSeconds: 300, tries: 3, triesPerHour: 20 },
    session: { mismatch: onMismatch, enabled: true },
    revocation: { freshness: 'every-request', onStoreError: 'refuse', timeoutMs: 300, pruneEveryMs: undefined },
    ...options.settings,
  };
}

async function remoteSigner(isAway: () => boolean): Promise<RemoteSigner> {
  const { signing, publicJwk } = await generateOwnKey('ES256');
  return {
    alg: 'ES256',
    publicJwk: publicJwk ?? {},
    sign: async (data) => {
      if (isAway()) throw new Error('kms away');
      return signing.sign(data);
    },
  };
}

/** Everything that a test of the core needs. `stores` are as they were before their guard. */
export async function rig(options: RigOptions = {}) {
  const { clock = new ManualClock(START_MS), onMistake } = options;
  const people = new People();
  const host = new FieldSession();
  const stores = options.stores?.(clock) ?? {
    revocations: new MemoryBlocklistStore(clock),
    logins: new MemoryLoginStore(clock),
    oneTime: new MemoryOneTimeStore(clock),
  };
  const find = headerFinder({ name: 'authorization', schemes: ['Bearer'] });
  const core = await createAuthentication(await settingsOf(options), {
    clock,
    stores,
    hostSession: host,
    bearer: { find, isSentByBrowser: false, challenge: 'Bearer' },
    onMistake,
    ...options.ports,
  });
  if (options.withoutUsers !== true) core.users.source = options.source ?? (people as unknown as UserSource);
  return { ...core, clock, people, host, stores, guarded: core.stores, bearer: schemeIn(core.schemes, 'bearer') };
}

/** The scheme of that name. */
export function schemeIn(schemes: ReadonlyMap<string, Scheme>, name: string): Scheme {
  const scheme = schemes.get(name);
  if (scheme === undefined) throw new Error(`There is no scheme '${name}'.`);
  return scheme;
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
