// The applications that the model of logins is compared with: two over one pair of stores, which can be made to fail.
import { generateKeyPairSync } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import * as fc from 'fast-check';
import {
  AuthModule,
  BlocklistService,
  Clock,
  LoginService,
  TokenService,
  UserSource,
  type Subject,
} from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import type { MakeStores } from 'nestjs-latchkey/testing';
import { SignInModel, type Step, type Instance, type Applications } from './login-model.js';
import { SwitchedStores } from './switched-stores.js';
import { ManualClock } from './clocks.js';

const ISSUER = 'https://accounts.test';

interface User {
  readonly id: string;
  active: boolean;
  stamp: string;
}

@Injectable()
class AccountResolver extends UserSource<User> {
  static all: User[] = [];

  override async findBySubject({ id }: Subject): Promise<User | undefined> {
    return AccountResolver.all.find((user) => user.id === id);
  }

  override describe({ id, active, stamp }: User) {
    return { id, active, stamp };
  }
}

@Module({ providers: [AccountResolver], exports: [AccountResolver] })
class UsersModule {}

const nat = fc.nat(5);
const age = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5);
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const waits = fc.constantFrom(
  1,
  500,
  999,
  5 * SECOND,
  9_999,
  10 * SECOND,
  899 * SECOND,
  906 * SECOND,
  DAY,
  13 * DAY,
  15 * DAY,
);

const happenings: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('sign-in' as const), user: nat }) },
    { weight: 8, arbitrary: fc.record({ does: fc.constant('refresh' as const), sign: nat, age }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('refresh-at-once' as const), sign: nat }) },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('end-while-refreshing' as const),
        sign: nat,
        everywhere: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constantFrom('revoke-access' as const, 'revoke-refresh' as const, 'end' as const, 'all-but' as const),
        sign: nat,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constantFrom('everywhere' as const, 'disable' as const, 'enable' as const, 'change-password' as const),
        user: nat,
      }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('outage' as const), sign: nat }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('wait' as const), ms: waits }) },
  ),
  { maxLength: 20 },
);

/** Lives through random histories and compares with the model after every step. A failure prints the seed and the shortest history. */
export async function compareWithModel(makeStores: MakeStores, numRuns: number): Promise<void> {
  const clock = new ManualClock();
  const kept = await makeStores(clock);
  const switched = new SwitchedStores();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const start = () => startInstance({ stores: switched.around(kept), clock, keys: privateKey, users: AccountResolver });
  const applications = [await start(), await start()] as const;
  const instances = [applications[0].instance, applications[1].instance] as const;
  let lives = 0;
  const life = fc.asyncProperty(happenings, async (history) => {
    lives += 1;
    AccountResolver.all = ['ada', 'grace'].map((name) => ({ id: `${name}-${lives}`, active: true, stamp: '1' }));
    const applications: Applications = {
      instances,
      users: AccountResolver.all,
      clock,
      issuer: ISSUER,
      setDown: (isDown) => void (switched.mood = isDown ? 'broken' : 'well'),
      leafOf: async (sid) => (await kept.logins.find(ISSUER, sid))?.currentJti,
    };
    const model = new SignInModel(applications);
    await model.step({ does: 'sign-in', user: 0 });
    for (const step of history) await model.step(step);
  });
  try {
    await fc.assert(life, { numRuns, endOnFailure: false });
  } finally {
    for (const { close } of applications) await close();
  }
}

/** An application on these stores, without HTTP. */
export async function startInstance(options: {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly keys: ReturnType<typeof generateKeyPairSync>['privateKey'];
  readonly users?: typeof AccountResolver;
  /** @defaultValue as long as may be: many processes share two cores here */
  readonly timeout?: '300ms' | '1s';
  readonly refresh?: { readonly idle: '30m'; readonly absolute: '40m' };
}): Promise<{ readonly instance: Instance & { readonly blocklist: BlocklistService }; close(): Promise<void> }> {
  const { stores, clock, keys, users, refresh } = options;
  const auth = AuthModule.forRoot({
    issuer: ISSUER,
    audience: 'accounts',
    keys,
    clock,
    ...(users && { users }),
    ...(refresh && { refresh }),
    stores: { useFactory: () => stores },
    revocation: { timeout: options.timeout ?? '1s' },
  });
  const module = await Test.createTestingModule({ imports: [UsersModule, auth] }).compile();
  await module.init();
  const instance = {
    tokens: module.get(TokenService),
    logins: module.get(LoginService),
    blocklist: module.get(BlocklistService),
  };
  return { instance, close: () => module.close() };
}
