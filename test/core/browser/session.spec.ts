import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BlocklistService } from '../../../libs/auth/src/core/logins/blocklist-service.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import type { LoginService } from '../../../libs/auth/src/core/logins/login-service.js';
import type { SessionService } from '../../../libs/auth/src/core/browser/session.js';
import type { Scheme } from '../../../libs/auth/src/core/schemes/schemes.js';
import type { Stores } from '../../../libs/auth/src/core/stores/stores.js';
import { UserSource } from '../../../libs/auth/src/core/users/users.js';
import { authRequest } from '../../support/auth-request.js';
import { ISSUER, rig, schemeIn, type FieldSession } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const start = 1_800_000_000;
const subject = { issuer: ISSUER, id: 'ada' };

interface Person {
  readonly id: string;
  readonly active?: boolean;
  readonly stamp?: string;
}

class People extends UserSource<Person> {
  override findBySubject = () => Promise.resolve(undefined);
  override describe = ({ id, active = true, stamp }: Person) => ({ id, active, stamp });
}

let clock: ManualClock;
let stores: Stores;
let host: FieldSession;
let logins: LoginService;
let blocklist: BlocklistService;
let service: SessionService;
let scheme: Scheme;

beforeEach(async () => {
  clock = new ManualClock();
  clock.ms = start * 1000;
  const parts = await rig({ clock, source: new People() as unknown as UserSource });
  ({ stores, host, logins, blocklist, sessions: service } = parts);
  scheme = schemeIn(parts.schemes, 'session');
});

const person = (one: Person) => one as never;

async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return error instanceof AuthError ? error.code : error;
  }
}

async function recognised(request: object): Promise<unknown> {
  const credential = scheme.find(authRequest({ raw: request }));
  return credential === undefined ? undefined : outcome(() => scheme.verify(credential, authRequest({ raw: request })));
}

describe('signing in by session', () => {
  it('opens a login that is listed as a device, and is found by the scheme', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }), { label: 'laptop' });
    expect((await logins.list(subject)).map(({ id, label }) => ({ id, label }))).toEqual([
      { id: sid, label: 'laptop' },
    ]);
    expect(await recognised(request)).toMatchObject({ subject, sid, kind: 'user', own: true, authTime: start });
  });

  it('ends the previous login of the session', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }));
    await service.signIn(request, person({ id: 'bob' }));
    expect(await logins.list(subject)).toEqual([]);
    const verified = { subject, sid, kind: 'user', claims: {}, own: true } as const;
    expect(await outcome(() => blocklist.assertNotRevoked(verified))).toBe('token_revoked');
  });

  it('is refused to inactive users, and changes nothing', async () => {
    const request = {};
    expect(await outcome(() => service.signIn(request, person({ id: 'lin', active: false })))).toBe('user_disabled');
    expect(request).toEqual({});
  });

  it('is unavailable while the session store is down, and lists no device', async () => {
    host.broken = true;
    expect(await outcome(() => service.signIn({}, person({ id: 'ada' })))).toBe('store_unavailable');
    expect(await logins.list(subject)).toEqual([]);
  });

  it('is issued after the time up to which the subject is revoked', async () => {
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
  it('ends the login and the session', async () => {
    const request = {};
    await service.signIn(request, person({ id: 'ada' }));
    await service.signOut(request);
    expect(await logins.list(subject)).toEqual([]);
    expect(await recognised(request)).toBeUndefined();
  });

  it('is no error without a session', async () => {
    expect(await outcome(() => service.signOut({}))).toBeUndefined();
  });
});

describe('the session scheme', () => {
  it('ends a login at its absolute end, though it was used every minute', async () => {
    const request = {};
    await service.signIn(request, person({ id: 'ada' }));
    clock.advance(2_592_000 - 1);
    expect(await recognised(request)).toMatchObject({ subject });
    clock.advance(1);
    expect(await recognised(request)).toBe('token_expired');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'ada'],
    ['an object of another package', { user: 'ada' }],
    [
      'a record of another issuer',
      { iss: 'https://other.test', sub: 'a', sid: 's', issuedAt: 1, expiresAt: 9e9, authTime: 1 },
    ],
    ['an empty subject', { iss: ISSUER, sub: '', sid: 's', issuedAt: 1, expiresAt: 9e9, authTime: 1 }],
    ['times that are text', { iss: ISSUER, sub: 'a', sid: 's', issuedAt: '1', expiresAt: '9', authTime: 1 }],
    ['no end', { iss: ISSUER, sub: 'a', sid: 's', issuedAt: 1, authTime: 1 }],
  ])('finds no user in a session that holds %s', async (_, session) => {
    expect(await recognised({ session })).toBeUndefined();
  });

  it('records the use of a login once a minute', async () => {
    const request = {};
    const { sid } = await service.signIn(request, person({ id: 'ada' }));
    const principal = { subject, sid } as never;
    const lastUsed = async () => (await stores.logins.find(ISSUER, sid))?.lastUsedAt;
    clock.advance(100);
    scheme.recognised?.(principal);
    clock.advance(10);
    scheme.recognised?.(principal);
    expect(await lastUsed()).toBe(start + 100);
    clock.advance(51);
    scheme.recognised?.(principal);
    expect(await lastUsed()).toBe(start + 161);
  });
});
