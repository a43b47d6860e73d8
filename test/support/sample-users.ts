// The users of the tests: ada, a plain user; grace, who is staff; lin, who is inactive. And what they send.
import { Injectable } from '@nestjs/common';
import { UserSource, type AuthUser, type Subject, type UserDescription } from 'nestjs-latchkey';

interface Person {
  readonly id: string;
  readonly roles: readonly string[];
  readonly active: boolean;
}

const PEOPLE: readonly Person[] = [
  { id: 'ada', roles: [], active: true },
  { id: 'grace', roles: ['staff'], active: true },
  { id: 'lin', roles: ['staff'], active: false },
];

/** A user source that counts its calls, and can be made to return another user. */
@Injectable()
export class People extends UserSource {
  asked = 0;
  /** The id of the user that every lookup returns. */
  mistaken: string | undefined;

  override async findBySubject({ id }: Subject): Promise<AuthUser | undefined> {
    this.asked += 1;
    // The tests register no user type.
    return PEOPLE.find((person) => person.id === (this.mistaken ?? id)) as AuthUser | undefined;
  }

  override describe(user: AuthUser): UserDescription {
    return user as unknown as Person;
  }
}

export function personCalled(id: string): AuthUser {
  return PEOPLE.find((person) => person.id === id) as unknown as AuthUser;
}

export function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}
