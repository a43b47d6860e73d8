import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RouteRequirements } from '../../../libs/auth/src/core/authentication/authenticator.js';
import { NO_PERMISSIONS } from '../../../libs/auth/src/core/users/accounts.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { onAuthEvent, type AttemptEvent } from '../../../libs/auth/src/core/base/events.js';
import type { AuthUser } from '../../../libs/auth/src/core/base/principal.js';
import { defineScheme, type Scheme } from '../../../libs/auth/src/core/schemes/schemes.js';
import { bearerOf, ISSUER, requestWith, rig, type Person } from '../support/core-fixture.js';

const asUser = (person: Person): AuthUser => person as unknown as AuthUser;

const demandOf = (schemes: readonly Scheme[], more: Partial<RouteRequirements> = {}): RouteRequirements => ({
  schemes,
  optional: false,
  permissions: NO_PERMISSIONS,
  policies: [],
  ...more,
});

async function signedIn() {
  const parts = await rig();
  const person = parts.people.add({ id: 'ada', scopes: ['read'], roles: ['staff'] });
  const { accessToken, refreshToken, sid } = await parts.tokens.issue(asUser(person));
  return { ...parts, person, accessToken, refreshToken, sid };
}

let events: AttemptEvent[];
let stop: () => void;
beforeEach(() => {
  events = [];
  stop = onAuthEvent((event) => void (event.type === 'attempt' && events.push(event)));
});
afterEach(() => {
  expect(events).toHaveLength(1);
  stop();
});

/** A scheme with a fixed outcome. */
const stub = (name: string, verify: Scheme['verify'], more: Partial<Scheme> = {}): Scheme =>
  ({ name, sentBy: 'client', find: () => 'credential', verify, ...more }) as Scheme;

const refusing = (code: 'token_invalid' | 'token_expired') => () => Promise.reject(new AuthError(code));

describe('the read path', () => {
  it('authenticates the holder of a valid token', async () => {
    const { authenticator, bearer, accessToken, person, sid } = await signedIn();
    const decision = await authenticator.authenticate(bearerOf(accessToken), demandOf([bearer]));
    expect(decision).toMatchObject({
      principal: { user: person, scheme: 'bearer', scopes: ['read'], roles: ['staff'], sid, kind: 'user' },
    });
    expect(events[0]).toMatchObject({ outcome: 'success', scheme: 'bearer', subject: 'ada', issuer: ISSUER });
  });

  it('reports the key of the credential, also if it was refused afterwards', async () => {
    const { authenticator, bearer, tokens, accessToken } = await signedIn();
    const { kid } = JSON.parse(Buffer.from(String(accessToken.split('.')[0]), 'base64url').toString());
    await tokens.revoke(accessToken);
    await authenticator.authenticate(bearerOf(accessToken), demandOf([bearer]));
    expect(events[0]).toMatchObject({ code: 'token_revoked', key: { kid, alg: 'ES256' } });
  });

  it('reports no key if the signature is invalid, and none of the credential before', async () => {
    const { authenticator, bearer, accessToken } = await signedIn();
    const key = { kid: 'machine', alg: 'ES256' };
    const machine = { subject: { issuer: ISSUER, id: 'm' }, kind: 'client', claims: {}, own: true, key } as const;
    const forgiven = stub('machine', () => Promise.resolve(machine), { onFailure: 'forgive' });
    const forged = `${accessToken.slice(0, -6)}AAAAAA`;
    await authenticator.authenticate(bearerOf(forged), demandOf([forgiven, bearer]));
    expect(events[0]).toMatchObject({ code: 'token_invalid', forgiven: [{ code: 'client_not_allowed' }] });
    expect(events[0]?.key).toBeUndefined();
  });

  it('answers a request without credentials with "unauthenticated", without any lookup', async () => {
    const { authenticator, bearer, people } = await signedIn();
    const decision = await authenticator.authenticate(requestWith(), demandOf([bearer]));
    expect(decision).toMatchObject({ error: { code: 'unauthenticated' } });
    expect(people.loads).toBe(0);
    expect(events[0]).toMatchObject({ outcome: 'not_applicable', carried: [] });
  });

  it('queries no store and no user source before the signature is verified', async () => {
    const { authenticator, bearer, people, stores, accessToken } = await signedIn();
    const asked: string[] = [];
    stores.revocations.find = () => {
      asked.push('revocations');
      return Promise.resolve(undefined);
    };
    const tampered = `${accessToken.slice(0, -6)}AAAAAA`;
    const decision = await authenticator.authenticate(bearerOf(tampered), demandOf([bearer]));
    expect(decision).toMatchObject({ error: { code: 'token_invalid' }, scheme: 'bearer' });
    expect([asked, people.loads]).toEqual([[], 0]);
  });

  it('loads no user for a revoked token', async () => {
    const { authenticator, bearer, people, tokens, accessToken } = await signedIn();
    await tokens.revoke(accessToken);
    const decision = await authenticator.authenticate(bearerOf(accessToken), demandOf([bearer]));
    expect(decision).toMatchObject({ error: { code: 'token_revoked', publicCode: 'token_invalid' } });
    expect(people.loads).toBe(0);
  });

  it('refuses a user source that returns another user', async () => {
    const { authenticator, bearer, people, accessToken } = await signedIn();
    people.findBySubject = () => Promise.resolve({ id: 'eve', active: true, password: '' });
    const decision = await authenticator.authenticate(bearerOf(accessToken), demandOf([bearer]));
    expect(decision).toMatchObject({ error: { code: 'user_not_found' } });
  });

  it('answers "unavailable" if the user source throws, and stops', async () => {
    const { authenticator, bearer, people, accessToken } = await signedIn();
    people.failure = new Error('away');
    const other = stub('other', () => Promise.reject(new Error('never asked')));
    const decision = await authenticator.authenticate(
      bearerOf(accessToken),
      demandOf([bearer, other], { optional: true }),
    );
    expect(decision).toMatchObject({ error: { code: 'users_unavailable', status: 503 } });
    expect(events[0]?.outcome).toBe('unavailable');
  });

  it('answers "unavailable" if a scheme of the application throws', async () => {
    const { authenticator } = await signedIn();
    const broken = stub('broken', () => Promise.reject(new TypeError('boom')));
    const decision = await authenticator.authenticate(requestWith(), demandOf([broken]));
    expect(decision).toMatchObject({ error: { status: 503 } });
  });

  it('answers 500 if finding a credential throws', async () => {
    const { authenticator } = await signedIn();
    const broken = stub('broken', () => Promise.resolve(undefined), {
      find: () => {
        throw new TypeError('boom');
      },
    });
    expect(await authenticator.authenticate(requestWith(), demandOf([broken]))).toMatchObject({
      error: { status: 500 },
    });
  });
});

describe('several schemes', () => {
  it('stop at an invalid header, although a later scheme would succeed', async () => {
    const { authenticator, bearer, people } = await signedIn();
    const other = stub('other', () => Promise.resolve(undefined));
    const decision = await authenticator.authenticate(bearerOf('rubbish'), demandOf([bearer, other]));
    expect(decision).toMatchObject({ error: { code: 'token_malformed' }, scheme: 'bearer' });
    expect(people.loads).toBe(0);
  });

  it('forgive an invalid credential of a forgiving scheme and continue', async () => {
    const { authenticator, bearer, accessToken } = await signedIn();
    const forgiving = stub('stale', refusing('token_expired'), { onFailure: 'forgive' });
    const decision = await authenticator.authenticate(bearerOf(accessToken), demandOf([forgiving, bearer]));
    expect(decision).toMatchObject({ principal: { scheme: 'bearer' } });
    expect(events[0]).toMatchObject({
      outcome: 'success',
      forgiven: [{ scheme: 'stale', code: 'token_expired' }],
      conflicting: true,
    });
  });

  it('report the first forgiven error if no scheme succeeds', async () => {
    const { authenticator, bearer } = await signedIn();
    const forgiving = stub('stale', refusing('token_expired'), { onFailure: 'forgive' });
    const decision = await authenticator.authenticate(requestWith(), demandOf([forgiving, bearer]));
    expect(decision).toMatchObject({ error: { code: 'token_expired' }, scheme: 'stale' });
    expect(events[0]).toMatchObject({ outcome: 'forgiven', scheme: 'stale' });
  });

  it('never forgive "unavailable"', async () => {
    const { authenticator } = await signedIn();
    const away = stub('away', () => Promise.reject(new AuthError('keys_unavailable')), { onFailure: 'forgive' });
    const good = stub('good', () => Promise.reject(new Error('never asked')));
    const decision = await authenticator.authenticate(requestWith(), demandOf([away, good]));
    expect(decision).toMatchObject({ error: { code: 'keys_unavailable' }, scheme: 'away' });
  });

  it('are ambiguous with two credentials in one place, also on an optional route', async () => {
    const { authenticator, bearer, accessToken } = await signedIn();
    const twice = requestWith({ authorization: [`Bearer ${accessToken}`, `Bearer ${accessToken}`] });
    const decision = await authenticator.authenticate(twice, demandOf([bearer], { optional: true }));
    expect(decision).toMatchObject({ error: { code: 'ambiguous_credentials', status: 400 } });
    expect(events[0]?.outcome).toBe('ambiguous');
  });

  it('let a scheme report that there was no credential after all', async () => {
    const { authenticator, bearer, accessToken } = await signedIn();
    const nothing = stub('nothing', () => Promise.resolve(undefined));
    const decision = await authenticator.authenticate(bearerOf(accessToken), demandOf([nothing, bearer]));
    expect(decision).toMatchObject({ principal: { scheme: 'bearer' } });
  });
});

describe('a credential that the browser sends by itself', () => {
  const refuseCsrf = () => {
    throw new AuthError('csrf_token_missing');
  };
  const cookie = (verify: Scheme['verify']) =>
    defineScheme({
      name: 'cookie',
      sentBy: 'browser',
      csrf: refuseCsrf,
      find: () => 'x',
      verify,
      onFailure: 'forgive',
    });
  const identifying: Scheme['verify'] = () =>
    Promise.resolve({ subject: { issuer: 'x', id: '1' }, kind: 'user', claims: {}, scopes: [], own: false });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'FOO', 'MESSAGE'])('needs CSRF protection for %s', async (method) => {
    const { authenticator } = await signedIn();
    const decision = await authenticator.authenticate(requestWith({}, { method }), demandOf([cookie(identifying)]));
    expect(decision).toMatchObject({ error: { code: 'csrf_token_missing', status: 403 } });
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('needs none for %s', async (method) => {
    const { authenticator } = await signedIn();
    const decision = await authenticator.authenticate(requestWith({}, { method }), demandOf([cookie(identifying)]));
    expect(decision).toMatchObject({ principal: { scheme: 'cookie' } });
  });

  it('is checked only after the signature: a forged cookie is invalid, not a CSRF failure', async () => {
    const { authenticator } = await signedIn();
    const forged = cookie(refusing('token_invalid'));
    const decision = await authenticator.authenticate(requestWith({}, { method: 'POST' }), demandOf([forged]));
    expect(decision).toMatchObject({ error: { code: 'token_invalid' } });
  });
});

describe('an optional route', () => {
  it.each([
    ['nothing', requestWith()],
    ['a bad token', bearerOf('rubbish')],
    ['a malformed header', requestWith({ authorization: 'Bearer a b' })],
  ])('continues anonymously with %s', async (_, request) => {
    const { authenticator, bearer } = await signedIn();
    expect(await authenticator.authenticate(request, demandOf([bearer], { optional: true }))).toEqual({
      principal: undefined,
    });
  });

  it('records the invalid credential that it ignored', async () => {
    const { authenticator, bearer } = await signedIn();
    await authenticator.authenticate(bearerOf('rubbish'), demandOf([bearer], { optional: true }));
    expect(events[0]).toMatchObject({ outcome: 'anonymous', code: 'token_malformed' });
  });

  it('requires a caller if it has a policy', async () => {
    const { authenticator, bearer } = await signedIn();
    const demand = demandOf([bearer], { optional: true, policies: [() => true] });
    expect(await authenticator.authenticate(requestWith(), demand)).toMatchObject({
      error: { code: 'unauthenticated' },
    });
  });
});

describe('policies', () => {
  it.each([
    ['says no', () => false, 'forbidden'],
    ['throws a refusal', () => Promise.reject(new AuthError('filter_mismatch')), 'filter_mismatch'],
    ['trips over missing data', () => Promise.reject(new TypeError('undefined')), 'forbidden'],
    ['answers with something that is only truthy', () => 'yes' as unknown as boolean, 'forbidden'],
  ])('refuse if one %s', async (_, policy, code) => {
    const { authenticator, bearer, accessToken } = await signedIn();
    const demand = demandOf([bearer], { policies: [() => true, policy] });
    const decision = await authenticator.authenticate(bearerOf(accessToken), demand);
    expect(decision).toMatchObject({ error: { code, status: 403 } });
    expect(events[0]).toMatchObject({ outcome: 'forbidden', subject: 'ada' });
  });

  it('run in order, and only for an authenticated caller', async () => {
    const { authenticator, bearer } = await signedIn();
    const asked: string[] = [];
    const demand = demandOf([bearer], { policies: [() => asked.push('policy') > 0] });
    await authenticator.authenticate(bearerOf('rubbish'), demand);
    expect(asked).toEqual([]);
  });
});

describe('permissions', () => {
  it('refuse an inactive user unless the route allows it', async () => {
    const { authenticator, bearer, accessToken, person } = await signedIn();
    person.active = false;
    const allowing = demandOf([bearer], { permissions: { ...NO_PERMISSIONS, inactive: true } });
    expect(await authenticator.authenticate(bearerOf(accessToken), allowing)).toMatchObject({
      principal: { user: person },
    });
    events.pop();
    expect(await authenticator.authenticate(bearerOf(accessToken), demandOf([bearer]))).toMatchObject({
      error: { code: 'user_disabled', publicCode: 'token_invalid' },
    });
  });

  it.each([
    [{ restricted: false }, {}, 'client_not_allowed'],
    [{ restricted: false }, { clients: true }, undefined],
    [{ restricted: true }, { clients: true }, 'restricted_client'],
    [{ restricted: true }, { restrictedClients: true }, 'client_not_allowed'],
    [{ restricted: true }, { clients: true, restrictedClients: true }, undefined],
  ])('decide about a client %p on a route that allows %p', async (options, allowed, code) => {
    const { authenticator, bearer, tokens } = await signedIn();
    const { accessToken } = await tokens.issueForClient('billing', options);
    const demand = demandOf([bearer], { permissions: { ...NO_PERMISSIONS, ...allowed } });
    const decision = await authenticator.authenticate(bearerOf(accessToken), demand);
    expect('error' in decision ? decision.error.code : undefined).toBe(code);
  });
});
