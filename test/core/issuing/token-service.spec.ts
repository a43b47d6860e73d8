import { describe, expect, it } from '@jest/globals';
import { onAuthEvent, type AuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { AuthUser } from '../../../libs/auth/src/core/base/principal.js';
import type { ClaimsContext } from '../../../libs/auth/src/core/issuing/token-settings.js';
import { codeOf, ISSUER, payloadOf, rig, type People, type Person } from '../support/core-fixture.js';

/** The rig's users are not the registered user type of any application. */
const asUser = (person: Person): AuthUser => person as unknown as AuthUser;

const ada = { id: 'ada', scopes: ['read', 'write'], stamp: '1' };

async function signedIn(options: Parameters<typeof rig>[0] = {}) {
  const parts = await rig(options);
  const person = parts.people.add({ ...ada });
  const pair = await parts.tokens.issue(asUser(person));
  return { ...parts, person, pair };
}

describe('issuing a pair of tokens', () => {
  it('signs an access token with the claims of RFC 9068 and a refresh token for the issuer itself', async () => {
    const { pair, clock } = await signedIn();
    const access = payloadOf(pair.accessToken);
    const refresh = payloadOf(pair.refreshToken);
    const now = clock.nowSeconds();
    expect(access).toMatchObject({
      iss: ISSUER,
      sub: 'ada',
      aud: 'api',
      iat: now,
      exp: now + 900,
      scope: 'read write',
    });
    expect(access).toMatchObject({ sid: pair.sid, auth_time: now });
    expect(refresh).toMatchObject({ iss: ISSUER, sub: 'ada', aud: ISSUER, sid: pair.sid, exp: now + 14 * 86_400 });
    expect(access['jti']).not.toBe(refresh['jti']);
    expect(pair).toMatchObject({ expiresIn: 900, subject: { issuer: ISSUER, id: 'ada' }, scopes: ['read', 'write'] });
  });

  it('accepts claims, audience, scopes, lifetime, header members and id from the caller', async () => {
    const { tokens, person } = await signedIn();
    const pair = await tokens.issue(asUser(person), {
      claims: { tenant: 'blue' },
      audience: ['api', 'reports'],
      scopes: ['read'],
      accessTtl: '20m',
      headers: { env: 'test' },
      jti: 'my-id',
    });
    const claims = payloadOf(pair.accessToken);
    expect(claims).toMatchObject({ tenant: 'blue', aud: ['api', 'reports'], scope: 'read', jti: 'my-id' });
    expect(pair.expiresIn).toBe(1200);
    const header = JSON.parse(Buffer.from(pair.accessToken.split('.')[0] ?? '', 'base64url').toString()) as object;
    expect(header).toMatchObject({ env: 'test', typ: 'at+jwt', alg: 'ES256' });
    expect((await tokens.verify(pair.accessToken, { kind: 'access' })).claims['tenant']).toBe('blue');
  });

  it.each(['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'sid', 'scope', 'stamp', 'kind', 'roles', 'is_restricted'])(
    'refuses a custom claim with the registered name %s',
    async (name) => {
      const { tokens, person } = await signedIn();
      await expect(tokens.issue(asUser(person), { claims: { [name]: 'x' } })).rejects.toThrow(`"${name}"`);
    },
  );

  it.each(['alg', 'kid', 'typ', 'crit'])('refuses a custom header member %s', async (name) => {
    const { tokens, person } = await signedIn();
    await expect(tokens.issue(asUser(person), { headers: { [name]: 'x' } })).rejects.toThrow(`"${name}"`);
  });

  it.each(['31m', 0, '-1s', '60'] as const)(
    'refuses an access lifetime of %p, which access.maxTtl does not allow',
    async (ttl) => {
      const { tokens, person } = await signedIn();
      await expect(tokens.issue(asUser(person), { accessTtl: ttl as '1s' })).rejects.toThrow(
        'access.maxTtl (1800 seconds)',
      );
    },
  );

  it('refuses to issue for an inactive user', async () => {
    const { tokens, people } = await rig();
    expect(await codeOf(tokens.issue(asUser(people.add({ id: 'lin', active: false }))))).toBe('user_disabled');
  });

  it('issues for a subject id without a user source', async () => {
    const { tokens } = await rig({ withoutUsers: true });
    const pair = await tokens.issue('eve', { scopes: ['read'] });
    const principal = await tokens.verify(pair.accessToken, { kind: 'access' });
    expect(principal).toMatchObject({ user: { id: 'eve', issuer: ISSUER }, scopes: ['read'], kind: 'user' });
  });

  it('explains what is missing for a user without a user source', async () => {
    const { tokens } = await rig({ withoutUsers: true });
    await expect(tokens.issue({ id: 'x', issuer: 'y' } as unknown as AuthUser)).rejects.toThrow('set `users`');
  });

  it('stores nothing if signing fails', async () => {
    let away = false;
    const { tokens, people, logins } = await rig({ signerIsAway: () => away });
    away = true;
    expect(await codeOf(tokens.issue(asUser(people.add({ id: 'ada' }))))).toBe('keys_unavailable');
    expect(await logins.list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  });
});

describe('verifying a token', () => {
  it('returns the principal of a valid access token', async () => {
    const { tokens, pair, person } = await signedIn();
    const principal = await tokens.verify(pair.accessToken, { kind: 'access' });
    expect(principal).toMatchObject({ user: person, subject: { issuer: ISSUER, id: 'ada' }, sid: pair.sid });
  });

  it('refuses tokens of the other kind, in either direction', async () => {
    const { tokens, pair } = await signedIn();
    expect(await codeOf(tokens.verify(pair.refreshToken, { kind: 'access' }))).toBe('wrong_token_type');
    expect(await codeOf(tokens.refresh(pair.accessToken))).toBe('wrong_token_type');
  });

  it('applies the rules of a guarded request: deleted, inactive and changed users are refused', async () => {
    const { tokens, pair, person, people } = await signedIn();
    person.active = false;
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('user_disabled');
    Object.assign(person, { active: true, stamp: '2' });
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_superseded');
    people.rows.clear();
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('user_not_found');
  });

  it('answers "unavailable" if the user source breaks', async () => {
    const { tokens, pair, people } = await signedIn();
    people.failure = new Error('connection lost');
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('users_unavailable');
  });

  it('reads the subject from the configured claim, and signs `sub` as well', async () => {
    const { tokens, people } = await rig({ subjectClaim: 'user_id' });
    const pair = await tokens.issue(asUser(people.add({ id: 'ada' })));
    expect(payloadOf(pair.accessToken)).toMatchObject({ sub: 'ada', user_id: 'ada' });
  });
});

describe('refreshing', () => {
  it('returns a new pair of the same login and refuses the old refresh token after the grace', async () => {
    const { tokens, pair, clock } = await signedIn();
    clock.advance(60);
    const next = await tokens.refresh(pair.refreshToken);
    expect(next.sid).toBe(pair.sid);
    expect(await codeOf(tokens.verify(next.accessToken, { kind: 'access' }))).toBe('accepted');
    clock.advance(10);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('refresh_reused');
  });

  it('answers a retry inside the grace with the same successor, however often', async () => {
    const { tokens, pair, clock } = await signedIn();
    const next = await tokens.refresh(pair.refreshToken);
    for (const advance of [1, 3, 5]) {
      clock.advance(advance);
      const retry = await tokens.refresh(pair.refreshToken);
      expect(payloadOf(retry.refreshToken)).toEqual(payloadOf(next.refreshToken));
    }
  });

  it('ends the login and all its tokens when an old refresh token is presented', async () => {
    const { tokens, pair, clock } = await signedIn();
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void events.push(event));
    const second = await tokens.refresh(pair.refreshToken);
    const third = await tokens.refresh(second.refreshToken);
    // The grace is a time: only what was replaced before it is reuse.
    clock.advance(10);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('refresh_reused');
    stop();
    clock.advance(1);
    for (const { accessToken } of [pair, second, third]) {
      expect(await codeOf(tokens.verify(accessToken, { kind: 'access' }))).toBe('token_revoked');
    }
    expect(await codeOf(tokens.refresh(third.refreshToken))).toBe('token_revoked');
    expect(events).toContainEqual({ type: 'refresh_reused', issuer: ISSUER, subject: 'ada', sid: pair.sid });
  });

  it('ends the login at any second use if the grace is zero', async () => {
    const { tokens, pair } = await signedIn({ graceMs: 0 });
    await tokens.refresh(pair.refreshToken);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('refresh_reused');
  });

  it('gives eight parallel callers one successor', async () => {
    const { tokens, pair } = await signedIn();
    const all = await Promise.all(Array.from({ length: 8 }, () => tokens.refresh(pair.refreshToken)));
    expect(new Set(all.map(({ refreshToken }) => payloadOf(refreshToken)['jti'])).size).toBe(1);
  });

  it('builds claims and roles again from the user', async () => {
    const claimsFor = (user: AuthUser) => ({ team: (user as unknown as Person).password });
    const { tokens, pair, person } = await signedIn({ claimsFor });
    Object.assign(person, { password: 'blue', roles: ['staff'], scopes: ['read'] });
    const claims = payloadOf((await tokens.refresh(pair.refreshToken)).accessToken);
    expect(claims).toMatchObject({ team: 'blue', roles: ['staff'], scope: 'read' });
  });

  it('makes the claims that the granted scopes stand for', async () => {
    const claimsFor = (_: AuthUser, { occasion, scopes }: ClaimsContext) => ({
      occasion,
      email: scopes.includes('email') ? 'ada@example.com' : undefined,
    });
    const { tokens, pair, person } = await signedIn({ claimsFor });
    expect(payloadOf(pair.accessToken)).toMatchObject({ occasion: 'sign-in' });
    expect(payloadOf(pair.accessToken)).not.toHaveProperty('email');
    const wider = await tokens.issue(asUser(person), { scopes: ['email'] });
    const refreshed = await tokens.refresh(wider.refreshToken);
    expect(payloadOf(wider.accessToken)).toMatchObject({ occasion: 'sign-in', email: 'ada@example.com' });
    expect(payloadOf(refreshed.accessToken)).toMatchObject({ occasion: 'refresh', email: 'ada@example.com' });
  });

  it('keeps granted scopes, audience and the time of the sign-in', async () => {
    const { tokens, person, clock } = await signedIn();
    const pair = await tokens.issue(asUser(person), { scopes: ['read'], audience: 'reports' });
    const signedInAt = clock.nowSeconds();
    clock.advance(3600);
    const claims = payloadOf((await tokens.refresh(pair.refreshToken)).accessToken);
    expect(claims).toMatchObject({ scope: 'read', aud: 'reports', auth_time: signedInAt });
  });

  it('narrows scopes on request, and consumes nothing if more is requested', async () => {
    const { tokens, pair } = await signedIn();
    expect(await codeOf(tokens.refresh(pair.refreshToken, { scopes: ['admin'] }))).toBe('invalid_scope');
    const next = await tokens.refresh(pair.refreshToken, { scopes: ['read'] });
    expect(payloadOf(next.accessToken)['scope']).toBe('read');
    expect(payloadOf((await tokens.refresh(next.refreshToken)).accessToken)['scope']).toBe('read write');
  });

  it('never exceeds the absolute end of the login', async () => {
    const { tokens, pair, clock } = await signedIn();
    let token = pair.refreshToken;
    for (let day = 0; day < 29; day += 7) {
      clock.advance(7 * 86_400 - 86_400 * (day === 28 ? 6 : 0));
      token = (await tokens.refresh(token)).refreshToken;
    }
    const end = Number(payloadOf(pair.refreshToken)['login_exp']);
    expect(payloadOf(token)['exp']).toBe(end);
    clock.ms = end * 1000;
    expect(await codeOf(tokens.refresh(token))).toBe('refresh_expired');
  });

  it('never exceeds the idle end with the access token, neither at first nor later', async () => {
    const { tokens, people, clock } = await signedIn();
    const pair = await tokens.issue(people.rows.get(ada.id) as never, { refresh: { idle: '1m' } });
    clock.advance(30);
    const next = await tokens.refresh(pair.refreshToken);
    for (const { accessToken, expiresIn } of [pair, next]) {
      const { exp, iat } = payloadOf(accessToken);
      expect([Number(exp) - Number(iat), expiresIn]).toEqual([60, 60]);
    }
  });

  it('reports that the login has ended after it was idle too long', async () => {
    const { tokens, pair, clock } = await signedIn();
    clock.advance(14 * 86_400 + 6);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('refresh_expired');
  });

  it.each([
    ['inactive', 'user_disabled', (people: People) => people.add({ ...ada, active: false })],
    ['changed', 'token_superseded', (people: People) => people.add({ ...ada, stamp: '2' })],
    ['deleted', 'user_not_found', (people: People) => people.rows.delete(ada.id)],
  ] as const)('ends the login of a user who is %s, also if the user is active again', async (_, code, change) => {
    const { tokens, pair, people } = await signedIn();
    change(people);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe(code);
    people.add({ ...ada });
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('token_revoked');
  });

  it('refuses a login that the store does not know, and changes no other', async () => {
    const { tokens, pair, person, stores } = await signedIn();
    const other = await tokens.issue(asUser(person));
    await stores.logins.end(ISSUER, pair.sid);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('refresh_unknown');
    expect(await codeOf(tokens.refresh(other.refreshToken))).toBe('accepted');
  });
});

describe('a refresh while something is down', () => {
  it('consumes nothing if the signer does not answer', async () => {
    let away = false;
    const { tokens, pair, clock } = await signedIn({ signerIsAway: () => away });
    away = true;
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('keys_unavailable');
    away = false;
    clock.advance(60);
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('accepted');
  });

  it('ends no login if the user source does not answer', async () => {
    const { tokens, pair, people } = await signedIn();
    people.failure = new Error('away');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('users_unavailable');
    people.failure = undefined;
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('accepted');
  });

  it('answers "unavailable" if the blocklist does not answer', async () => {
    class Away extends MemoryBlocklistStore {
      away = false;
      override find(...query: Parameters<MemoryBlocklistStore['find']>): ReturnType<MemoryBlocklistStore['find']> {
        return this.away ? Promise.reject(new Error('away')) : super.find(...query);
      }
    }
    const made: { store?: Away } = {};
    const stores = (clock: ConstructorParameters<typeof MemoryBlocklistStore>[0]) => {
      made.store = new Away(clock);
      return { revocations: made.store, logins: new MemoryLoginStore(clock) };
    };
    const { tokens, pair } = await signedIn({ stores });
    if (made.store !== undefined) made.store.away = true;
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('store_unavailable');
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('store_unavailable');
  });
});

describe('revoking', () => {
  it('revokes one access token, and keeps the login active', async () => {
    const { tokens, pair } = await signedIn();
    await tokens.revoke(pair.accessToken);
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('accepted');
  });

  it('ends the whole login with its refresh token', async () => {
    const { tokens, pair } = await signedIn();
    await tokens.revoke(pair.refreshToken);
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('token_revoked');
  });

  it('succeeds for expired, forged and malformed tokens (RFC 7009 §2.2)', async () => {
    const { tokens, pair, clock } = await signedIn();
    for (const token of ['', 'x', `${pair.accessToken.slice(0, -4)}AAAA`]) await tokens.revoke(token);
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('accepted');
    clock.advance(3600);
    expect(await codeOf(tokens.revoke(pair.accessToken))).toBe('accepted');
  });

  it('keeps a login that follows a "sign out everywhere" in the same second', async () => {
    const { tokens, logins, pair, person } = await signedIn();
    await logins.endAll(pair.subject);
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
    const again = await tokens.issue(asUser(person));
    expect(await codeOf(tokens.verify(again.accessToken, { kind: 'access' }))).toBe('accepted');
    const next = await tokens.refresh(again.refreshToken);
    expect(await codeOf(tokens.verify(next.accessToken, { kind: 'access' }))).toBe('accepted');
  });

  it('keeps one login in "everywhere but this one"', async () => {
    const { tokens, logins, pair, person } = await signedIn();
    const other = await tokens.issue(asUser(person));
    await logins.endAll(pair.subject, { exceptSid: pair.sid });
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('accepted');
    expect(await codeOf(tokens.verify(other.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(other.refreshToken))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('accepted');
  });
});

describe('a cut-off while a refresh is under way', () => {
  it('revokes the tokens that the refresh returns', async () => {
    const { tokens, pair, people, blocklist, clock, person } = await signedIn();
    clock.advance(60);
    people.findBySubject = async () => {
      await blocklist.revokeSubject(pair.subject);
      clock.advance(2);
      return person;
    };
    const next = await tokens.refresh(pair.refreshToken);
    people.findBySubject = () => Promise.resolve(person);
    expect(await codeOf(tokens.verify(next.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(next.refreshToken))).toBe('token_revoked');
  });
});

describe('an exception from "sign out everywhere"', () => {
  it('is refused for a login that was itself ended', async () => {
    const { tokens, logins, blocklist, pair } = await signedIn();
    await blocklist.revokeSubject(pair.subject);
    expect(await codeOf(logins.endAll(pair.subject, { exceptSid: pair.sid }))).toBe('token_revoked');
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
  });

  it('is granted to a login after an earlier cut-off', async () => {
    const { tokens, logins, pair, person, clock } = await signedIn();
    await logins.endAll(pair.subject);
    clock.advance(60);
    const again = await tokens.issue(asUser(person));
    await logins.endAll(again.subject, { exceptSid: again.sid });
    expect(await codeOf(tokens.verify(again.accessToken, { kind: 'access' }))).toBe('accepted');
  });
});

describe('ending one device', () => {
  it.each(['\u0000', 'a\nb', '', 'x'.repeat(256), '\ud800'])(
    'never queries the store for %j, which is not an id',
    async (id) => {
      const { logins, stores, pair } = await signedIn();
      let asked = 0;
      stores.logins.find = () => {
        asked += 1;
        return Promise.resolve(undefined);
      };
      expect(await logins.endOwn(pair.subject, id)).toBe(false);
      expect(asked).toBe(0);
    },
  );
});

describe('a token that was issued for another service', () => {
  it('can be revoked and introspected by its issuer, and is refused as a credential', async () => {
    const { tokens, person } = await signedIn();
    const { accessToken } = await tokens.issue(asUser(person), { audience: 'courses' });
    expect(await codeOf(tokens.verify(accessToken, { kind: 'access' }))).toBe('invalid_audience');
    expect(await codeOf(tokens.verify(accessToken, { kind: 'access', anyAudience: true }))).toBe('accepted');
    await tokens.revoke(accessToken);
    expect(await codeOf(tokens.verify(accessToken, { kind: 'access', anyAudience: true }))).toBe('token_revoked');
  });
});

describe('a token for a client', () => {
  it('names a client principal without a user, and cannot be refreshed', async () => {
    const { tokens } = await rig();
    const { accessToken, expiresIn } = await tokens.issueForClient('billing', { scopes: ['read'] });
    const principal = await tokens.verify(accessToken, { kind: 'access' });
    expect(principal).toMatchObject({ kind: 'client', user: undefined, scopes: ['read'], subject: { id: 'billing' } });
    expect(expiresIn).toBe(900);
  });

  it.each([1, 'true', {}])(
    'signs nothing that is restricted by %j, which would count as unrestricted',
    async (given) => {
      const { tokens } = await rig({ withoutUsers: true });
      const restricted = given as never;
      await expect(tokens.issueForClient('billing', { restricted })).rejects.toThrow('accepted is true or false');
      await expect(tokens.issue('ada', { restricted })).rejects.toThrow('accepted is true or false');
    },
  );

  it('is never read as a user of the same id', async () => {
    const { tokens, people } = await rig();
    people.add({ id: 'ada' });
    const { accessToken } = await tokens.issueForClient('ada');
    expect((await tokens.verify(accessToken, { kind: 'access' })).user).toBeUndefined();
    expect(people.loads).toBe(0);
  });
});

describe('the subject of a user', () => {
  it('ends all logins of the user', async () => {
    const { tokens, logins, person, pair } = await signedIn();
    const subject = tokens.subjectOf(asUser(person));
    expect(subject).toEqual(pair.subject);
    await logins.endAll(subject, { reason: 'password-reset' });
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('token_revoked');
  });

  it('is known of an inactive user, of an id, and while the user source is away', async () => {
    const { tokens, people } = await signedIn();
    people.failure = new Error('away');
    expect(tokens.subjectOf(asUser(people.add({ id: 'lin', active: false })))).toEqual({ issuer: ISSUER, id: 'lin' });
    expect(tokens.subjectOf('lin')).toEqual({ issuer: ISSUER, id: 'lin' });
    expect(people.loads).toBe(0);
  });

  it.each(['', 'a\nb', 'x'.repeat(256), 7 as unknown as string])('is not made of %j', async (id) => {
    const { tokens } = await signedIn();
    expect(() => tokens.subjectOf(id)).toThrow(TypeError);
  });

  it('is not made of a user without a user source', async () => {
    const { tokens } = await rig({ withoutUsers: true });
    expect(() => tokens.subjectOf({ id: 'ada' } as AuthUser)).toThrow('AuthModule has no user source');
  });
});
