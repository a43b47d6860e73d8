import { describe, expect, it } from '@jest/globals';
import { AuthConfigurationError, AuthError, reasonText } from '../../../libs/auth/src/core/base/errors.js';
import type { AuthClaims, Claims, Json, Subject, Verified } from '../../../libs/auth/src/core/base/principal.js';
import {
  ProvisionedUserSource,
  type ProvisionedAttributes,
  type ProvisioningRules,
} from '../../../libs/auth/src/core/users/provisioning.js';
import { AccountResolver } from '../../../libs/auth/src/core/users/accounts.js';
import { verdictOf } from '../support/token-forgery.js';

interface Learner {
  readonly id: string;
  readonly email?: string;
  readonly name?: string;
  readonly isStaff?: boolean;
  readonly preferences?: Json;
  readonly languages?: Json;
}

/** Learners, and everything that was written about them. */
class Learners extends ProvisionedUserSource<Learner> {
  readonly all = new Map<string, Learner>();
  readonly writes: object[] = [];
  isDown = false;

  know(user: Learner, subject: Subject = ADA): this {
    this.all.set(JSON.stringify(subject), user);
    return this;
  }

  protected override async find(subject: Subject): Promise<Learner | undefined> {
    if (this.isDown) throw new Error('connect ECONNREFUSED');
    return this.all.get(JSON.stringify(subject));
  }

  protected override async create(subject: Subject, attributes: ProvisionedAttributes<Learner>): Promise<Learner> {
    this.writes.push({ ...attributes });
    const made = { id: `learner-${this.all.size + 1}`, ...attributes } as Learner;
    this.know(made, subject);
    return made;
  }

  protected override async update(user: Learner, changes: ProvisionedAttributes<Learner>): Promise<Learner> {
    this.writes.push({ ...changes });
    return { ...user, ...changes } as Learner;
  }

  override describe({ id }: Learner) {
    return { id, active: true };
  }
}

const ADA: Subject = { issuer: 'https://accounts.example', id: 'ada' };

const verified = (claims: Record<string, Json> = {}, subject: Subject = ADA): Verified => ({
  subject,
  kind: 'user',
  // As they come out of a token: without a prototype.
  claims: Object.assign(Object.create(null), claims) as Claims as AuthClaims,
  scopes: [],
  own: false,
});

const learner: Learner = { id: 'learner-1', email: 'ada@example.com', name: 'Ada', isStaff: false };

const follow = (rules: ProvisioningRules<Learner>['follow'], user: Learner = learner) =>
  new Learners(rules === undefined ? {} : { follow: rules }).know(user);

const matching = () => new Learners({ follow: { name: 'name' }, match: { email: 'email' } }).know(learner);

describe('Accounts from external tokens', () => {
  it('are not created unless the option is set', async () => {
    const learners = new Learners({});
    expect(await learners.resolve(verified({ name: 'Ada' }))).toBeUndefined();
    expect(learners.writes).toEqual([]);
  });

  it('are created by issuer and subject, whatever name or address the token claims', async () => {
    const learners = new Learners({ unknown: 'create', follow: { name: 'name' } }).know(learner);
    const other = { issuer: 'https://evil.example', id: 'ada' };
    const made = await learners.resolve(verified({ name: 'Ada', email: 'ada@example.com' }, other));
    expect(made).toEqual({ id: 'learner-2', name: 'Ada' });
    expect(await learners.resolve(verified({ name: 'Ada' }, other))).toBe(made);
  });

  it('hold only the mapped claims of a token', async () => {
    const learners = new Learners({ unknown: 'create', follow: { name: 'profile.name' } });
    await learners.resolve(
      verified({ profile: { name: 'Ada' }, is_staff: true, isStaff: true, email: 'x', roles: ['admin'] }),
    );
    expect(learners.writes).toEqual([{ name: 'Ada' }]);
  });
});

describe('Attributes that follow claims', () => {
  it('are written only if they differ', async () => {
    const learners = follow({ name: 'name', email: 'email' });
    expect(await learners.resolve(verified({ name: 'Ada', email: 'ada@example.com' }))).toBe(learner);
    expect(learners.writes).toEqual([]);
    expect(await learners.resolve(verified({ name: 'Ada L.', email: 'ada@example.com' }))).toMatchObject({
      name: 'Ada L.',
    });
    expect(learners.writes).toEqual([{ name: 'Ada L.' }]);
  });

  it('stay unchanged if the claim is absent or null', async () => {
    const learners = follow({ name: 'name' });
    await learners.resolve(verified({}));
    await learners.resolve(verified({ name: null }));
    expect(learners.writes).toEqual([]);
  });

  it('are granted and removed if they are privileges that were mapped by name', async () => {
    const isStaff = { claim: 'is_staff', is: 'flag', grantsPrivileges: true } as const;
    const promoted = follow({ isStaff });
    await promoted.resolve(verified({ is_staff: true }));
    const demoted = follow({ isStaff }, { ...learner, isStaff: true });
    await demoted.resolve(verified({ is_staff: false }));
    expect([...promoted.writes, ...demoted.writes]).toEqual([{ isStaff: true }, { isStaff: false }]);
  });

  it('are merged by option: other values stay, and an empty claim writes nothing', async () => {
    const rules = { preferences: { claim: 'preferences', is: 'object', merge: true } } as const;
    const written = async (stored: Json | undefined, claim: Json | undefined): Promise<object[]> => {
      const learners = follow(rules, stored === undefined ? learner : { ...learner, preferences: stored });
      await learners.resolve(verified(claim === undefined ? {} : { preferences: claim }));
      return learners.writes;
    };
    expect(await written({ theme: 'dark', size: 1 }, { size: 2 })).toEqual([
      { preferences: { theme: 'dark', size: 2 } },
    ]);
    expect(await written(undefined, { size: 2 })).toEqual([{ preferences: { size: 2 } }]);
    expect(await written({ size: 2 }, { size: 2 })).toEqual([]);
    expect(await written({ size: 2 }, {})).toEqual([]);
    expect(await written({ size: 2 }, undefined)).toEqual([]);
  });

  it.each([
    ['text', 7],
    ['text', 'a'.repeat(256)],
    ['text', ['Ada']],
    ['flag', 'true'],
    ['flag', 1],
    ['number', '7'],
    ['texts', 'de'],
    ['texts', ['de', 7]],
    ['object', ['de']],
    ['object', 'de'],
  ] as const)('refuse a token whose claim is not a %s: %j', async (is, value) => {
    const learners = follow({ languages: { claim: 'value', is } });
    expect(await verdictOf(learners.resolve(verified({ value: value as Json })))).toBe('invalid_claims');
    expect(learners.writes).toEqual([]);
  });

  it('are read only from the token', async () => {
    const learners = follow({ name: 'constructor.name', email: '__proto__.x' });
    await learners.resolve(verified({}));
    expect(learners.writes).toEqual([]);
  });
});

describe('Attributes that must match a claim', () => {
  it('accept a token that agrees with the stored value', async () => {
    expect(await matching().resolve(verified({ email: 'ada@example.com' }))).toBe(learner);
  });

  it.each([{ email: 'other@example.com' }, { email: '' }, { email: null }, {}])(
    'refuse a token with %j, and copy nothing of it before',
    async (claims) => {
      const source = matching();
      expect(await verdictOf(source.resolve(verified({ ...claims, name: 'Mallory' })))).toBe('claims_stale');
      expect(source.writes).toEqual([]);
    },
  );

  it('are not equal if both are missing', async () => {
    const { email: _, ...nameless } = learner;
    const source = new Learners({ match: { email: 'email' } }).know(nameless);
    expect(await verdictOf(source.resolve(verified({})))).toBe('claims_stale');
  });

  it('are set when the user is created, and never after', async () => {
    const source = new Learners({ unknown: 'create', match: { email: 'email' } });
    await source.resolve(verified({ email: 'ada@example.com' }));
    expect(await verdictOf(source.resolve(verified({ email: 'new@example.com' })))).toBe('claims_stale');
    expect(source.writes).toEqual([{ email: 'ada@example.com' }]);
    const other = { issuer: ADA.issuer, id: 'bob' };
    expect(await verdictOf(source.resolve(verified({}, other)))).toBe('claims_stale');
  });
});

describe('A claim that is copied', () => {
  const reasonOf = async (learners: Learners, claims: Record<string, Json>) => {
    const error: unknown = await learners.resolve(verified(claims)).catch((cause: unknown) => cause);
    if (!(error instanceof AuthError)) throw error;
    return `${error.code}: ${error.reason === undefined ? '' : reasonText(error.reason)}`;
  };

  it('may be as long as the column of the application', async () => {
    const long = 'x'.repeat(2_000);
    expect(await reasonOf(follow({ name: 'name' }), { name: long })).toBe(
      'invalid_claims: name: must be a string of at most 255 characters (option follow)',
    );
    const wide = follow({ name: { claim: 'name', maxLength: 2_000 } });
    expect(await wide.resolve(verified({ name: long }))).toMatchObject({ name: long });
    expect(await reasonOf(wide, { name: `${long}x` })).toMatch(/at most 2000 characters/);
  });

  it('is named in the error, without its value', async () => {
    const languages = follow({ languages: { claim: 'langs', is: 'texts' } });
    expect(await reasonOf(languages, { langs: ['secret', 7] })).toBe(
      'invalid_claims: langs: must be a list of strings of at most 255 characters (option follow)',
    );
    expect(await reasonOf(matching(), { email: 'secret@example.com' })).toBe(
      'claims_stale: email: must equal what is stored (option match)',
    );
  });
});

describe('Invalid rules', () => {
  it.each([0, 1.5, 65_537, '9', Number.NaN])('limit a string to %s', (maxLength) => {
    const rules = { follow: { name: { claim: 'name', maxLength } } } as ProvisioningRules<Learner>;
    expect(() => new Learners(rules)).toThrow(/name has a maxLength/);
  });

  it('copy and compare the same attribute', () => {
    expect(() => new Learners({ follow: { email: 'email' }, match: { email: 'email' } })).toThrow(
      AuthConfigurationError,
    );
  });

  it.each(['isStaff', 'roles', 'active', 'is_superuser', 'permissions', 'emailVerified', 'groupIds'])(
    'take %s from tokens without being marked as privileges',
    (attribute) => {
      const rules = { follow: { [attribute]: 'claim' } };
      expect(() => new Learners(rules as ProvisioningRules<Learner>)).toThrow(/grantsPrivileges: true/);
    },
  );
});

describe('A source of external users that is down', () => {
  it('is "unavailable", and not an unknown user', async () => {
    const users = new AccountResolver();
    const learners = new Learners({}).know(learner);
    users.externalSource = learners as never;
    learners.isDown = true;
    await expect(users.resolve(verified())).rejects.toMatchObject({ code: 'users_unavailable' });
    learners.isDown = false;
    await expect(users.resolve(verified())).resolves.toMatchObject({ description: { id: 'learner-1' } });
    const unknown = verified({}, { issuer: ADA.issuer, id: 'bob' });
    await expect(users.resolve(unknown)).rejects.toMatchObject({ status: 401, code: 'user_not_found' });
  });
});
