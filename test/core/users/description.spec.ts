import { describe, expect, it } from '@jest/globals';
import { UserSource } from '../../../libs/auth/src/core/users/users.js';
import { bearerOf, codeOf, ISSUER, rig } from '../support/core-fixture.js';

/** What an untyped `describe()` may return. */
type Loose = Readonly<Record<string, unknown>>;

class Loosely extends UserSource<{ answer: unknown }> {
  /** What every user is described with. */
  answer: unknown = { id: 'ada', active: true };

  override findBySubject() {
    return Promise.resolve({ answer: this.answer });
  }
  override describe({ answer }: { answer: unknown }) {
    return answer as { id: string; active: boolean };
  }
  override verifyCredentials() {
    return Promise.resolve({ answer: this.answer });
  }
}

async function looseRig() {
  const source = new Loosely();
  const mistakes: string[] = [];
  const onMistake = ({ message }: Error) => void mistakes.push(message);
  return { ...(await rig({ source: source as unknown as UserSource, onMistake })), source, mistakes };
}

const good: Loose = { id: 'ada', active: true };

const UNUSABLE: readonly (readonly [string, unknown, string])[] = [
  ['an integer id', { ...good, id: 7 }, 'describe().id is a number; accepted is text of 1 to 255 characters'],
  ['a bigint id', { ...good, id: 7n }, 'describe().id is a bigint'],
  ['an object id', { ...good, id: new Date(0) }, 'describe().id is an object (Date)'],
  ['an empty id', { ...good, id: '' }, 'describe().id is empty text'],
  ['a whitespace id', { ...good, id: '  ' }, 'describe().id is text of whitespace'],
  ['no id', { active: true }, 'describe().id is undefined'],
  ['null as id', { ...good, id: null }, 'describe().id is null'],
  ['a line break in the id', { ...good, id: 'a\nb' }, 'describe().id is text with a control character or a line break'],
  ['a separator of lines in the id', { ...good, id: 'a\u2028b' }, 'describe().id is text with a control character'],
  ['an id of 256 characters', { ...good, id: 'x'.repeat(256) }, 'describe().id is text of 256 characters'],
  ['half a character in the id', { ...good, id: 'a\ud800' }, 'describe().id is text with half a character'],
  ['0 as active', { ...good, active: 0 }, 'describe().active is the number 0; accepted is true or false'],
  ['1 as active', { ...good, active: 1 }, 'describe().active is the number 1'],
  ['null as active', { ...good, active: null }, 'describe().active is null'],
  ['no active', { id: 'ada' }, 'describe().active is undefined'],
  ['text as active', { ...good, active: 'false' }, 'describe().active is text'],
  ['a buffer as active', { ...good, active: Buffer.from([1]) }, 'describe().active is an object (Buffer)'],
  ['a number as stamp', { ...good, stamp: 3 }, 'describe().stamp is a number'],
  ['a date as stamp', { ...good, stamp: new Date(0) }, 'describe().stamp is an object (Date)'],
  ['text as scopes', { ...good, scopes: 'read write' }, 'describe().scopes is text'],
  ['two scopes in one text', { ...good, scopes: ['read write'] }, 'describe().scopes is a list with an entry'],
  ['numbers as roles', { ...good, roles: [1] }, 'describe().roles is a list with an entry'],
  ['a list as match', { ...good, match: ['a@b.example'] }, 'describe().match is a list'],
  ['a Map as match', { ...good, match: new Map([['email', 'a@b.example']]) }, 'describe().match is an object (Map)'],
  ['a promise of match', { ...good, match: Promise.resolve({ email: 'a' }) }, 'describe().match is a promise'],
  ['a list in match', { ...good, match: { groups: ['a'] } }, 'describe().match has a list for a claim'],
  ['a promise', Promise.resolve(good), 'describe() answers with a promise; it must answer at once'],
  ['nothing', undefined, 'describe() answers with undefined'],
];

describe.each(UNUSABLE)('a user source that describes a user with %s', (_, answer, sentence) => {
  it('is a TypeError before anything is signed or stored', async () => {
    const { source, tokens, sessions, signIn, logins, mistakes } = await looseRig();
    source.answer = answer;
    const request = {};
    const work = [
      () => tokens.issue({ answer } as never),
      () => tokens.issue('ada'),
      () => signIn.verify({ username: 'ada', password: 'secret' }),
      () => sessions.signIn(request, { answer } as never),
    ];
    const outcomes = await Promise.all(work.map((each) => each().catch((error: unknown) => error)));
    // The calling code receives a TypeError; the client receives a response, with the same error as its cause.
    const told = outcomes.map((error) => (error as Error).cause ?? error);
    expect(outcomes.map((error) => (error as Error).constructor.name).sort()).toEqual([
      'AuthError',
      ...Array.from({ length: 3 }, () => 'UnusableDescription'),
    ]);
    expect(told).toEqual(work.map(() => expect.any(TypeError)));
    for (const error of told) expect((error as Error).message).toContain(sentence);
    expect(mistakes.length).toBe(work.length);
    expect([request, await logins.list({ issuer: ISSUER, id: 'ada' })]).toEqual([{}, []]);
  });

  it('is refused at a request and at a refresh, and ends no login', async () => {
    const { source, tokens, authenticator, bearer, mistakes } = await looseRig();
    const { accessToken, refreshToken } = await tokens.issue('ada');
    source.answer = answer;
    const demand = {
      schemes: [bearer],
      optional: true,
      permissions: { inactive: true, clients: true, restrictedClients: true },
      policies: [],
    };
    const decision = await authenticator.authenticate(bearerOf(accessToken), demand);
    expect(decision).toMatchObject({ error: { code: 'misconfigured', cause: expect.any(TypeError) } });
    expect(await codeOf(tokens.refresh(refreshToken))).toBe('misconfigured');
    expect(mistakes).toEqual([expect.stringContaining(sentence), expect.stringContaining(sentence)]);
    source.answer = good;
    expect((await tokens.refresh(refreshToken)).subject.id).toBe('ada');
  });
});

describe('a user source that describes a user well', () => {
  it.each<[string, Loose]>([
    ['as little as it may', good],
    ['null for what it does not have', { ...good, stamp: null, scopes: null, roles: null }],
    ['an id of 255 characters', { ...good, id: 'x'.repeat(255) }],
    ['an id with blanks and letters of any script', { ...good, id: 'Žofie Ω 7' }],
  ])('signs in with %s', async (_, answer) => {
    const { source, tokens, mistakes } = await looseRig();
    source.answer = answer;
    const { accessToken } = await tokens.issue({ answer } as never);
    expect((await tokens.verify(accessToken, { kind: 'access' })).subject.id).toBe(answer['id']);
    expect(mistakes).toEqual([]);
  });
});

describe('issuing to an id', () => {
  it('looks the user up: inactive and unknown users get no token, and others their own claims', async () => {
    const { tokens, people, logins } = await rig();
    people.add({ id: '1', scopes: ['read'], stamp: 'one' });
    people.add({ id: '2', active: false });
    expect(await codeOf(tokens.issue('2'))).toBe('user_disabled');
    expect(await codeOf(tokens.issue('3'))).toBe('user_not_found');
    expect(await logins.list({ issuer: ISSUER, id: '2' })).toEqual([]);
    const pair = await tokens.issue('1');
    expect(pair.scopes).toEqual(['read']);
    expect((await tokens.verify(pair.accessToken, { kind: 'access' })).subject.id).toBe('1');
  });

  it('is unavailable while the source is down', async () => {
    const { tokens, people } = await rig();
    people.failure = new Error('away');
    expect(await codeOf(tokens.issue('1'))).toBe('users_unavailable');
  });

  it.each<[string, unknown]>([
    ['', 'is empty text'],
    ['a\nb', 'is text with a control character'],
    ['x'.repeat(256), 'is text of 256 characters'],
  ])('refuses %j, which no verifier would accept as a subject', async (id, problem) => {
    const { tokens } = await rig({ withoutUsers: true });
    await expect(tokens.issue(id)).rejects.toThrow(`The subject given to TokenService.issue ${String(problem)}`);
    await expect(tokens.issueForClient(id)).rejects.toThrow(
      `The client id given to TokenService.issueForClient ${String(problem)}`,
    );
  });

  it('refuses a number as the id of a client', async () => {
    const { tokens } = await rig();
    await expect(tokens.issueForClient(7 as never)).rejects.toThrow('is a number');
  });
});
