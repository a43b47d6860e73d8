import { beforeEach, describe, expect, it } from '@jest/globals';
import { BlocklistService } from '../../../libs/auth/src/core/logins/blocklist-service.js';
import { Clock } from '../../../libs/auth/src/core/base/clock.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { LoginService } from '../../../libs/auth/src/core/logins/login-service.js';
import { memoryStores } from '../../../libs/auth/src/core/stores/memory-stores.js';
import {
  HostSession,
  SessionService,
  sessionScheme,
  type SessionRecord,
} from '../../../libs/auth/src/core/browser/session.js';
import type { Stores } from '../../../libs/auth/src/core/stores/stores.js';
import { UserSource, AccountResolver } from '../../../libs/auth/src/core/users/users.js';
import { authRequest } from '../../support/auth-request.js';

const issuer = 'https://app.test';
const start = 1_800_000_000;
const subject = { issuer, id: 'ada' };

class TestClock extends Clock {
  seconds = start;
  override nowMs(): number {
    return this.seconds * 1000;
  }
}

/** A host whose session is a field of the request. */
class FieldSession extends HostSession {
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

interface Person {
  readonly id: string;
  readonly active?: boolean;
  readonly stamp?: string;
}

class People extends UserSource<Person> {
  override findBySubject = () => Promise.resolve(undefined);
  override describe = ({ id, active = true, stamp }: Person) => ({ id, active, stamp });
}

let clock: TestClock;
let stores: Stores;
let host: FieldSession;
let logins: LoginService;
let blocklist: BlocklistService;
let service: SessionService;

beforeEach(async () => {
  clock = new TestClock();
  host = new FieldSession();
  stores = await memoryStores().useFactory(clock);
  blocklist = new BlocklistService(stores.revocations, clock, {
    accessSeconds: 900,
    loginSeconds: 2_592_000,
    toleranceSeconds: 5,
  });
  logins = new LoginService(stores.logins, blocklist, clock);
  const users = new AccountResolver();
  users.source = new People() as unknown as UserSource;
  const access = { ttlSeconds: 900, maxTtlSeconds: 900, subjectClaim: 'sub', clientId: 'app', claimsFor: undefined };
  const refresh = { idleSeconds: 1_209_600, absoluteSeconds: 2_592_000, graceMs: 10_000 };
  service = new SessionService({
    settings: { issuer, audience: ['app'], access, refresh },
    clock,
    users,
    logins,
    blocklist,
    host,
  });
});

const person = (one: Person) => one as never;
const scheme = () => sessionScheme({ issuer, host, clock, csrf: () => {}, logins });

async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return error instanceof AuthError ? error.code : error;
  }
}

async function recognised(request: object): Promise<unknown> {
  const credential = scheme().find(authRequest({ raw: request }));
  return credential === undefined
    ? undefined
    : outcome(() => scheme().verify(credential, authRequest({ raw: request })));
}

describe('signing in by session', () => {
  it('opens a sign-in that is listed as a device, and is recognised by the scheme', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }), { label: 'laptop' });
    expect((await logins.list(subject)).map(({ id, label }) => ({ id, label }))).toEqual([
      { id: sid, label: 'laptop' },
    ]);
    expect(await recognised(request)).toMatchObject({ subject, sid, kind: 'user', own: true, authTime: start });
  });

  it('ends the sign-in that the session stood for before', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }));
    await service.signIn(request, person({ id: 'bob' }));
    expect(await logins.list(subject)).toEqual([]);
    expect(await blocklist.blockedBy({ subject, sid, kind: 'user', claims: {}, own: true })).toBe('login');
  });

  it('is refused to inactive users, and changes nothing', async () => {
    const request = {};
    expect(await outcome(() => service.signIn(request, person({ id: 'lin', active: false })))).toBe('user_disabled');
    expect(request).toEqual({});
  });

  it('cannot be told where the session store is down, and leaves no device behind', async () => {
    host.broken = true;
    expect(await outcome(() => service.signIn({}, person({ id: 'ada' })))).toBe('store_unavailable');
    expect(await logins.list(subject)).toEqual([]);
  });

  it('is issued after the moment up to which everything of the subject is revoked', async () => {
    await blocklist.revokeSubject(subject);
    const request = {};
    await service.signIn(request, person({ id: 'ada' }));
    expect(await recognised(request)).toMatchObject({ issuedAt: start + 1 });
  });

  it('keeps a digest of the stamp and not the stamp', async () => {
    const request = {};
    await service.signIn(request, person({ id: 'ada', stamp: 'version-7' }));
    expect(JSON.stringify(request)).not.toContain('version-7');
    expect(await recognised(request)).toMatchObject({ stamp: expect.stringMatching(/^[\w-]{22}$/) });
  });
});

describe('signing out of a session', () => {
  it('ends the sign-in and the session', async () => {
    const request = {};
    await service.signIn(request, person({ id: 'ada' }));
    await service.signOut(request);
    expect(await logins.list(subject)).toEqual([]);
    expect(await recognised(request)).toBeUndefined();
  });

  it('is no error where there is nothing to sign out of', async () => {
    expect(await outcome(() => service.signOut({}))).toBeUndefined();
  });
});

describe('the session scheme', () => {
  it('ends a sign-in at its absolute end, though it was used every minute', async () => {
    const request = {};
    await service.signIn(request, person({ id: 'ada' }));
    clock.seconds = start + 2_592_000 - 1;
    expect(await recognised(request)).toMatchObject({ subject });
    clock.seconds += 1;
    expect(await recognised(request)).toBe('token_expired');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'ada'],
    ['an object of somebody else', { user: 'ada' }],
    [
      'a record of another issuer',
      { iss: 'https://other.test', sub: 'a', sid: 's', issuedAt: 1, expiresAt: 9e9, authTime: 1 },
    ],
    ['an empty subject', { iss: issuer, sub: '', sid: 's', issuedAt: 1, expiresAt: 9e9, authTime: 1 }],
    ['times that are text', { iss: issuer, sub: 'a', sid: 's', issuedAt: '1', expiresAt: '9', authTime: 1 }],
    ['no end', { iss: issuer, sub: 'a', sid: 's', issuedAt: 1, authTime: 1 }],
  ])('finds nobody in a session that holds %s', async (_, session) => {
    expect(await recognised({ session })).toBeUndefined();
  });

  it('notes the use of a sign-in once a minute', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }));
    const used = scheme();
    const principal = { subject, sid } as never;
    const lastUsed = async () => (await stores.logins.find(issuer, sid))?.lastUsedAt;
    clock.seconds = start + 100;
    used.recognised?.(principal);
    clock.seconds = start + 110;
    used.recognised?.(principal);
    expect(await lastUsed()).toBe(start + 100);
    clock.seconds = start + 161;
    used.recognised?.(principal);
    expect(await lastUsed()).toBe(start + 161);
  });
});
