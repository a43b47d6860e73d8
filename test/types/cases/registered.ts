import type {
  AuthClaims,
  AuthModuleOptions,
  AuthUser,
  IssueOptions,
  Principal,
  Subject,
  TokenService,
  UserChanges,
  UserDescription,
} from 'nestjs-latchkey';
import type { Policy } from 'nestjs-latchkey/policies';
import { UserFreshness, UserSource } from 'nestjs-latchkey';

interface Person {
  id: string;
  name: string;
}

declare module 'nestjs-latchkey' {
  interface Register {
    user: Person;
    claims: { tenant: string };
  }
}

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

holds<Equals<AuthUser, Person>>();
holds<Equals<Principal['user'], Person | undefined>>();
holds<Equals<AuthClaims['tenant'], string | undefined>>();

declare const tokens: TokenService;
declare const person: Person;

void tokens.issue(person, { claims: { tenant: 'blue' } });
void tokens.issue('subject-id');
// @ts-expect-error a user of another type
void tokens.issue({ id: 1 });
// @ts-expect-error a registered claim of another type
const wrongClaim: IssueOptions = { claims: { tenant: 1 } };
// @ts-expect-error a verify call names the kind it wants
void tokens.verify('token');
// @ts-expect-error there is no such kind
void tokens.verify('token', { kind: 'any' });

const verified: Promise<Principal> = tokens.verify('token', { kind: 'access' });
void verified.then(({ user }) => user?.name);

class People extends UserSource {
  override findBySubject(_: Subject): Promise<Person | undefined> {
    return Promise.resolve(undefined);
  }
  override describe({ id }: Person): UserDescription {
    return { id, active: true };
  }
}

class Wrong extends UserSource {
  // @ts-expect-error a source of something else than the registered user
  override findBySubject(_: Subject): Promise<number> {
    return Promise.resolve(1);
  }
  override describe(): UserDescription {
    return { id: '', active: true };
  }
}

const policy: Policy = ({ principal }) => principal.user?.name === 'ada';
void [wrongClaim, People, Wrong, policy];

type TokenUserMaker = NonNullable<AuthModuleOptions['tokenUser']>;

const mapped: TokenUserMaker = ({ subject, claims }) => ({ id: subject.id, name: claims.tenant ?? '' });
// @ts-expect-error a mapping that makes something else than the registered user
const incomplete: TokenUserMaker = ({ subject }) => ({ id: subject.id });
// @ts-expect-error a claim is what it was registered as, and may be absent
const mistaken: TokenUserMaker = ({ subject, claims }) => ({ id: subject.id, name: claims.tenant });
// @ts-expect-error a mapping answers at once
const late: TokenUserMaker = async ({ subject }) => ({ id: subject.id, name: '' });

const stateless: AuthModuleOptions = { userFreshness: 'token', tokenUser: mapped };
const bounded: AuthModuleOptions = { userFreshness: { withinMs: 1_000 } };
// @ts-expect-error there is no such freshness
const unknown: AuthModuleOptions = { userFreshness: 'never' };

UserFreshness('every-request');
// @ts-expect-error a route asks the source or does not; the bound is of the module
UserFreshness({ withinMs: 1_000 });

declare const changes: UserChanges;
changes.changed(person);
changes.changed('subject-id');
// @ts-expect-error a user of another type
changes.changed({ id: 1 });
void [incomplete, mistaken, late, stateless, bounded, unknown];
