// The user source of the test applications: users in memory that a test can change, with a count of the lookups.
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';

export const PASSWORD = 'correct horse battery staple';

export interface Person {
  readonly id: string;
  active: boolean;
  stamp: string;
  motto?: string;
  /** If it is set, access tokens must carry it. */
  email?: string | undefined;
  readonly roles?: readonly string[];
  readonly scopes: readonly string[];
}

export class UserDirectory extends UserSource<Person> {
  readonly all = new Map<string, Person>();
  lookups = 0;
  /** How often a password was compared with a hash, be it a dummy. */
  comparisons = 0;
  /** Replaces the answer about a password. */
  answer: (() => unknown) | undefined;
  down = false;

  constructor(users: readonly (Pick<Person, 'id' | 'scopes'> & Partial<Person>)[]) {
    super();
    for (const user of users) this.all.set(user.id, { active: true, stamp: '1', motto: 'none', ...user });
  }

  of(id: string): Person {
    const person = this.all.get(id);
    if (person === undefined) throw new Error(`There is no ${id}.`);
    return person;
  }

  override async findBySubject({ id }: Subject): Promise<Person | undefined> {
    this.lookups += 1;
    this.assertUp();
    return this.all.get(id);
  }

  override describe({ id, active, stamp, email, roles, scopes }: Person): UserDescription {
    return { id, active, stamp, match: email === undefined ? undefined : { email }, roles, scopes };
  }

  override async verifyCredentials({ username, password }: SignInCredentials): Promise<Person | undefined> {
    this.comparisons += 1;
    this.assertUp();
    // A test may make the source answer what no source should.
    if (this.answer !== undefined) return this.answer() as Person;
    return password === PASSWORD ? this.all.get(username) : undefined;
  }

  private assertUp(): void {
    if (this.down) throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
  }
}
