import { describe, expect, it } from '@jest/globals';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { hasFilter } from '../../../libs/auth/src/core/policies/filters.js';
import {
  allOf,
  anyOf,
  enforce,
  not,
  type Policy,
  type PolicyContext,
} from '../../../libs/auth/src/core/policies/policies.js';
import {
  claimEquals,
  claimIncludes,
  hasRoles,
  hasScopes,
  isRestricted,
  recentAuth,
  selfOrStaff,
} from '../../../libs/auth/src/core/policies/built-in-policies.js';
import { principalWith, requestWith } from '../../support/principals.js';

const NOW = 1_900_000_000;
const yes: Policy = () => true;
const no: Policy = () => false;
const broken: Policy = () => {
  throw new TypeError('undefined is not an object');
};
const cannotTell: Policy = () => {
  throw new AuthError('store_unavailable');
};

type Given = Parameters<typeof principalWith>[0];

function contextOf(given: Given = {}, params: Record<string, string> = {}): PolicyContext {
  return { principal: principalWith(given), request: requestWith(params), nowSeconds: NOW };
}

function withFilters(filters: unknown): PolicyContext {
  return contextOf({ claims: { filters } }, { org: 'Acme' });
}

/** 'granted', or the code of the refusal. */
async function answer(policy: Policy, context = contextOf()): Promise<string> {
  try {
    await enforce([policy], context);
    return 'granted';
  } catch (error) {
    return error instanceof AuthError ? error.code : 'something else';
  }
}

describe('a list of policies', () => {
  it('grants if every policy returns true', async () => {
    await expect(enforce([yes, async () => true], contextOf())).resolves.toBeUndefined();
  });

  it.each([
    ['false', no],
    ['a truthy answer that is not true', (() => 1) as unknown as Policy],
    ['undefined', (() => undefined) as unknown as Policy],
    ['a promise of false', async () => false],
    ['a TypeError over missing data', broken],
    ['a rejected promise', async () => Promise.reject(new Error('no'))],
  ])('refuses with forbidden for %s', async (_, policy) => {
    expect(await answer(policy)).toBe('forbidden');
  });

  it('reports the first refusal with its own code', async () => {
    expect(await answer(allOf(yes, hasScopes('a'), no))).toBe('insufficient_scope');
  });
});

describe('allOf, anyOf and not', () => {
  it.each<[string, Policy, string]>([
    ['allOf grants if all grant', allOf(yes, yes), 'granted'],
    ['allOf refuses if one refuses', allOf(yes, no), 'forbidden'],
    ['anyOf grants if one grants', anyOf(no, broken, yes), 'granted'],
    ['anyOf grants if one throws and another grants', anyOf(cannotTell, yes), 'granted'],
    ['anyOf refuses if none grants', anyOf(no, no), 'forbidden'],
    ['anyOf reports a refusal that has a code of its own', anyOf(no, broken, hasScopes('a')), 'insufficient_scope'],
    ['anyOf reports "cannot tell" before a refusal', anyOf(hasScopes('a'), cannotTell), 'store_unavailable'],
    ['not grants what is refused', not(no), 'granted'],
    ['not refuses what is granted', not(yes), 'forbidden'],
    ['not grants what lacks a scope', not(hasScopes('a')), 'granted'],
    ['not makes no grant of a policy that broke', not(broken), 'forbidden'],
    ['not makes no grant of "cannot tell"', not(cannotTell), 'store_unavailable'],
    ['not makes no grant of a missing parameter', not(selfOrStaff({ param: 'id' })), 'forbidden'],
    ['not makes no grant of two nots over a broken policy', not(not(broken)), 'forbidden'],
  ])('%s', async (_, policy, expected) => {
    expect(await answer(policy)).toBe(expected);
  });

  it('list the scopes without which no caller passes', () => {
    expect(allOf(hasScopes('a'), hasScopes('b', 'a')).requires?.scopes).toEqual(['a', 'b']);
    expect(anyOf(hasScopes('a', 'b'), hasScopes('b', 'c')).requires?.scopes).toEqual(['b']);
    expect(anyOf(hasScopes('a'), yes).requires?.scopes ?? []).toEqual([]);
    expect(not(hasScopes('a')).requires?.scopes ?? []).toEqual([]);
  });

  it('have readable names', () => {
    expect(anyOf(allOf(yes, hasScopes('a')), not(hasRoles('x'))).name).toBe(
      'anyOf(allOf(yes, scopes(a)), not(roles(x)))',
    );
  });

  it('cannot be empty', () => {
    expect(() => (allOf as (...none: unknown[]) => Policy)()).toThrow('at least one policy');
    expect(() => (anyOf as (...none: unknown[]) => Policy)()).toThrow('at least one policy');
  });
});

describe('hasScopes', () => {
  it('grants a superset of the scopes and refuses anything less', async () => {
    const policy = hasScopes('a:read', 'a:write');
    expect(await answer(policy, contextOf({ scopes: ['x', 'a:write', 'a:read'] }))).toBe('granted');
    expect(await answer(policy, contextOf({ scopes: ['a:read'] }))).toBe('insufficient_scope');
    expect(await answer(policy, contextOf({ scopes: [] }))).toBe('insufficient_scope');
  });

  it('does not accept a part of a scope, or another case, as the scope', async () => {
    expect(await answer(hasScopes('a:read'), contextOf({ scopes: ['a:rea', 'a:read:own', 'A:READ'] }))).toBe(
      'insufficient_scope',
    );
  });

  it('names the scopes in its refusal', async () => {
    await expect(enforce([hasScopes('a', 'b')], contextOf())).rejects.toMatchObject({ requiredScopes: ['a', 'b'] });
  });

  it.each([[[]], [['a b']], [['']], [['say "hi"']], [['a\\b']], [['ü']], [['a\r\nSet-Cookie: x']]])(
    'refuses the list %j when it is written',
    (scopes) => {
      expect(() => (hasScopes as (...list: string[]) => Policy)(...scopes)).toThrow(TypeError);
    },
  );
});

describe('hasRoles', () => {
  it('grants one of the roles and refuses others', async () => {
    expect(await answer(hasRoles('staff', 'admin'), contextOf({ roles: ['admin'] }))).toBe('granted');
    expect(await answer(hasRoles('staff', 'admin'), contextOf({ roles: ['Staff'] }))).toBe('forbidden');
    expect(await answer(hasRoles('staff'), contextOf({}))).toBe('forbidden');
  });

  it('does not read a role from the claims, which another party may have written', async () => {
    expect(await answer(hasRoles('staff'), contextOf({ claims: { roles: ['staff'] } }))).toBe('forbidden');
  });

  it('cannot be empty', () => {
    expect(() => (hasRoles as (...none: string[]) => Policy)()).toThrow(TypeError);
    expect(() => hasRoles('')).toThrow(TypeError);
  });
});

describe('claimEquals and claimIncludes', () => {
  const claims = {
    tenant: 'school',
    level: 2,
    verified: true,
    groups: ['staff', 'teachers'],
    org: { unit: 'a', tags: ['x'] },
    'https://x.example/a.b': 'dotted',
    text: 'staff teachers',
    nothing: null,
  };
  const asked = (policy: Policy) => answer(policy, contextOf({ claims }));

  it('compare whole values of the same type, by name or path', async () => {
    for (const policy of [
      claimEquals('tenant', 'school'),
      claimEquals('tenant', 'other', 'school'),
      claimEquals('level', 2),
      claimEquals('verified', true),
      claimEquals('org.unit', 'a'),
      claimEquals('https://x.example/a.b', 'dotted'),
      claimIncludes('groups', 'staff'),
      claimIncludes('groups', 'teachers', 'staff'),
      claimIncludes('org.tags', 'x'),
    ])
      expect(await asked(policy)).toBe('granted');
  });

  it('refuse every value that only looks like it', async () => {
    for (const policy of [
      claimEquals('tenant', 'School'),
      claimEquals('level', '2'),
      claimEquals('verified', 'true'),
      claimEquals('groups', 'staff'),
      claimEquals('org', 'a'),
      claimIncludes('groups', 'staff', 'admin'),
      claimIncludes('text', 'staff'),
      claimIncludes('tenant', 'school'),
    ])
      expect(await asked(policy)).toBe('forbidden');
  });

  it('refuse a missing claim, which no negation turns into a grant', async () => {
    for (const policy of [
      claimEquals('none', 'a'),
      claimIncludes('none', 'a'),
      claimEquals('nothing', 'a'),
      claimEquals('org.none', 'a'),
    ]) {
      expect(await asked(policy)).toBe('forbidden');
      expect(await asked(not(policy))).toBe('forbidden');
    }
    expect(await asked(not(claimEquals('tenant', 'other')))).toBe('granted');
  });

  it('need a claim and values to compare with', () => {
    const untyped = claimEquals as (...given: unknown[]) => Policy;
    for (const given of [
      [],
      [''],
      ['tenant'],
      ['tenant', undefined],
      ['tenant', null],
      ['tenant', ''],
      ['tenant', {}],
      [1, 'a'],
      ['a', Number.NaN],
    ])
      expect(() => untyped(...given)).toThrow(TypeError);
    expect(() => (claimIncludes as (...given: unknown[]) => Policy)('groups')).toThrow(/"groups" needs values/);
    expect(claimEquals('tenant', 'school').name).toBe('claimEquals(tenant)');
  });
});

describe('selfOrStaff', () => {
  const policy = selfOrStaff({ param: 'id' });

  it.each<[string, Given, Record<string, string>, string]>([
    ['the user that the path names', { id: '42' }, { id: '42' }, 'granted'],
    ['another user', { id: '42' }, { id: '43' }, 'forbidden'],
    ['staff for another user', { id: '1', roles: ['staff'] }, { id: '42' }, 'granted'],
    ['a missing parameter', { id: '42' }, {}, 'forbidden'],
    ['a missing parameter, also for staff', { roles: ['staff'] }, {}, 'forbidden'],
    ['an empty parameter and an empty id', { id: '' }, { id: '' }, 'forbidden'],
    ['a whitespace parameter and a whitespace id', { id: ' ' }, { id: ' ' }, 'forbidden'],
    ['a client with the id of the user', { id: '42', kind: 'client' }, { id: '42' }, 'forbidden'],
    ['a user of another issuer with the same id', { id: '42', own: false }, { id: '42' }, 'forbidden'],
    ['another case', { id: 'Ada' }, { id: 'ada' }, 'forbidden'],
  ])('decides for %s', async (_, given, params, expected) => {
    expect(await answer(policy, contextOf(given, params))).toBe(expected);
  });

  it('compares what selfValue says, normalised on both sides', async () => {
    const byName = selfOrStaff({
      param: 'username',
      selfValue: ({ claims }) => claims['username'] as string | undefined,
      normalise: (text) => text.toLowerCase(),
    });
    expect(await answer(byName, contextOf({ claims: { username: 'Ada' } }, { username: 'aDA' }))).toBe('granted');
    expect(await answer(byName, contextOf({ claims: {} }, { username: 'ada' }))).toBe('forbidden');
    expect(await answer(byName, contextOf({ claims: { username: '' } }, { username: '' }))).toBe('forbidden');
  });

  it('accepts another definition of staff', async () => {
    const scoped = selfOrStaff({ param: 'id', staff: hasScopes('users:read') });
    expect(await answer(scoped, contextOf({ id: '1', scopes: ['users:read'] }, { id: '2' }))).toBe('granted');
    expect(await answer(scoped, contextOf({ id: '1', roles: ['staff'] }, { id: '2' }))).toBe('insufficient_scope');
  });

  it('needs the name of a parameter', () => {
    expect(() => selfOrStaff({ param: '' })).toThrow(TypeError);
  });
});

describe('hasFilter', () => {
  const policy = hasFilter('content_org', ({ request }) => request.param('org'));

  it.each<[string, unknown, string]>([
    ['the right filter', ['content_org:Acme'], 'granted'],
    ['another case of it', ['content_org:aCME'], 'granted'],
    ['the right one among others', ['content_org:other', 'user:me', 'content_org:acme'], 'granted'],
    ['another organisation', ['content_org:other'], 'filter_mismatch'],
    ['another kind', ['user:Acme'], 'filter_mismatch'],
    ['an empty list', [], 'filter_mismatch'],
    ['no filters at all', undefined, 'filter_mismatch'],
    ['me, if it is not configured who that is', ['content_org:me'], 'filter_mismatch'],
    ['a filter without a colon', ['content_org'], 'invalid_claims'],
    ['a filter with two colons', ['content_org:Acme:x'], 'invalid_claims'],
    ['an unreadable filter beside the right one', ['content_org:Acme', 'nonsense'], 'invalid_claims'],
    ['a filter without a value', ['content_org:'], 'invalid_claims'],
    ['a number', [7], 'invalid_claims'],
    ['a text instead of a list', 'content_org:Acme', 'invalid_claims'],
    ['an object', { content_org: 'Acme' }, 'invalid_claims'],
    ['null', null, 'invalid_claims'],
  ])('decides for %s', async (_, filters, expected) => {
    expect(await answer(policy, withFilters(filters))).toBe(expected);
  });

  it('refuses if the requested resource is unknown', async () => {
    expect(await answer(policy, contextOf({ claims: { filters: ['content_org:x'] } }))).toBe('forbidden');
    expect(await answer(not(policy), contextOf({ claims: { filters: ['content_org:x'] } }))).toBe('forbidden');
  });

  it('accepts a token without a filter of the kind if told to', async () => {
    const optional = hasFilter('user', ({ request }) => request.param('user'), { optional: true });
    expect(await answer(optional, contextOf({ claims: { filters: ['content_org:x'] } }, { user: 'ada' }))).toBe(
      'granted',
    );
    expect(await answer(optional, contextOf({ claims: { filters: ['user:x'] } }, { user: 'ada' }))).toBe(
      'filter_mismatch',
    );
  });

  it.each<[string, string, string, string]>([
    ['me for oneself', 'user:me', 'Ada', 'granted'],
    ['me for another user', 'user:me', 'grace', 'filter_mismatch'],
    ['another user by name', 'user:grace', 'Grace', 'granted'],
    ['a user who is called me', 'user:me', 'me', 'filter_mismatch'],
  ])('decides for %s', async (_, filter, asked, expected) => {
    const byName = hasFilter('user', ({ request }) => request.param('user'), {
      selfValue: ({ claims }) => claims['username'] as string | undefined,
    });
    expect(await answer(byName, contextOf({ claims: { filters: [filter], username: 'ada' } }, { user: asked }))).toBe(
      expected,
    );
  });
});

describe('recentAuth', () => {
  const policy = recentAuth('10m');
  const signedIn = (secondsAgo: number): PolicyContext => contextOf({ authTime: new Date((NOW - secondsAgo) * 1000) });

  it.each<[string, PolicyContext, string]>([
    ['a sign-in of the last ten minutes', signedIn(599), 'granted'],
    ['one of exactly ten minutes ago', signedIn(600), 'granted'],
    ['an older one', signedIn(601), 'reauthentication_required'],
    ['one in the far future', signedIn(-3600), 'reauthentication_required'],
    ['none', contextOf(), 'reauthentication_required'],
  ])('decides for %s', async (_, context, expected) => {
    expect(await answer(policy, context)).toBe(expected);
  });

  it('names the accepted age in its refusal', async () => {
    await expect(enforce([policy], contextOf())).rejects.toMatchObject({ maxAgeSeconds: 600 });
  });

  it.each(['10', 0, -5, '0s', 'soon'])('refuses the age %p when it is written', (age) => {
    expect(() => recentAuth(age as never)).toThrow(TypeError);
  });
});

describe('isRestricted', () => {
  it('reads the verified claim', async () => {
    expect(await answer(isRestricted, contextOf({ restricted: true }))).toBe('granted');
    expect(await answer(isRestricted, contextOf({ claims: { is_restricted: true } }))).toBe('forbidden');
    expect(await answer(not(isRestricted), contextOf({}))).toBe('granted');
  });
});
