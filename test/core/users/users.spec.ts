import { describe, expect, it } from '@jest/globals';
import type { Subject, Verified } from '../../../libs/auth/src/core/base/principal.js';
import { UserSource, type SignInCredentials, type UserDescription } from '../../../libs/auth/src/core/users/users.js';
import { codeOf, ISSUER, rig } from '../support/core-fixture.js';

interface Row {
  readonly id: number;
  readonly email: string;
  readonly password: string;
}

/** Answers as TypeORM's `findOneBy()` and Prisma's `findUnique()` do: a row with a number as its key, or `null`. */
class Repository extends UserSource<Row> {
  rows: readonly Row[] = [{ id: 7, email: 'ada@example.com', password: 'secret' }];

  /** What came with the subject at each call. */
  readonly seen: (Verified | undefined)[] = [];

  override async findBySubject({ id }: Subject, verified?: Verified): Promise<Row | null> {
    this.seen.push(verified);
    return this.rows.find((row) => String(row.id) === id) ?? null;
  }

  override describe({ id }: Row): UserDescription {
    return { id: String(id), active: true };
  }

  override async verifyCredentials({ username, password }: SignInCredentials): Promise<Row | null> {
    return this.rows.find((row) => row.email === username && row.password === password) ?? null;
  }
}

async function application() {
  const repository = new Repository();
  return { repository, ...(await rig({ source: repository as unknown as UserSource })) };
}

describe('a user source that answers with null', () => {
  it('signs a user with a numeric key in, and finds them again', async () => {
    const { signIn, tokens, repository } = await application();
    const user = await signIn.verify({ username: 'ada@example.com', password: 'secret' });
    const { accessToken } = await tokens.issue(user);
    const principal = await tokens.verify(accessToken, { kind: 'access' });
    expect(principal).toMatchObject({ subject: { issuer: ISSUER, id: '7' }, user: repository.rows[0] });
  });

  it('refuses wrong credentials as one that answers with undefined does', async () => {
    const { signIn } = await application();
    expect(await codeOf(signIn.verify({ username: 'ada@example.com', password: 'x' }))).toBe('invalid_credentials');
  });

  it('refuses the tokens of a user who was deleted, and ends the login at a refresh', async () => {
    const { tokens, repository } = await application();
    const { accessToken, refreshToken } = await tokens.issue('7');
    const { rows } = repository;
    repository.rows = [];
    expect(await codeOf(tokens.verify(accessToken, { kind: 'access' }))).toBe('user_not_found');
    expect(await codeOf(tokens.refresh(refreshToken))).toBe('user_not_found');
    repository.rows = rows;
    expect(await codeOf(tokens.refresh(refreshToken))).toBe('token_revoked');
  });

  it('refuses to issue to an id that it does not know', async () => {
    const { tokens } = await application();
    expect(await codeOf(tokens.issue('8'))).toBe('user_not_found');
  });
});

describe('a user source', () => {
  it('sees the claims of the credential that names the subject, if there is one', async () => {
    const { tokens, repository } = await application();
    const { accessToken, refreshToken } = await tokens.issue('7', { claims: { tenant: 'school' } });
    await tokens.verify(accessToken, { kind: 'access' });
    await tokens.refresh(refreshToken);
    const [byId, access, refresh] = repository.seen;
    expect(byId).toBeUndefined();
    expect(access).toMatchObject({ own: true, claims: { tenant: 'school', sub: '7' } });
    expect(refresh?.claims).toMatchObject({ sub: '7' });
    expect(refresh?.claims).not.toHaveProperty('tenant');
  });
});

describe('tokenUser()', () => {
  const answering = async (tokenUser: (verified: Verified) => unknown) => {
    const mistakes: string[] = [];
    const { tokens } = await rig({
      withoutUsers: true,
      onMistake: ({ message }) => void mistakes.push(message),
      settings: { tokenUser: tokenUser as never },
    });
    const { accessToken } = await tokens.issue('ada');
    return { mistakes, answer: tokens.verify(accessToken, { kind: 'access' }) };
  };

  it.each<[string, (verified: Verified) => unknown, string]>([
    ['nothing', () => undefined, 'misconfigured'],
    ['a text', () => 'ada', 'misconfigured'],
    ['a promise', async () => ({ id: 'ada' }), 'misconfigured'],
  ])('that answers with %s is a mistake of the application, which is told', async (_, tokenUser, code) => {
    const { mistakes, answer } = await answering(tokenUser);
    expect(await codeOf(answer)).toBe(code);
    expect(mistakes).toEqual([
      expect.stringMatching(/^tokenUser\(\) answers with .*; it must answer at once, with an object/),
    ]);
  });

  it('that breaks is a fault of the application', async () => {
    const { answer } = await answering(() => JSON.parse('{') as unknown);
    expect(await codeOf(answer)).toBe('application_fault');
  });
});
