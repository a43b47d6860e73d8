// Services that are asked before the application has started, and providers that ask while it starts.
import {
  Inject,
  Injectable,
  Module,
  type LoggerService,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthError,
  AuthModule,
  BlocklistService,
  LoginService,
  SignInService,
  TokenService,
  UserSource,
  type AuthModuleStructure,
  type AuthUser,
  type SignInCredentials,
  type Subject,
} from 'nestjs-latchkey';
import { AuthCookies, SessionService } from 'nestjs-latchkey/browser';
import { ephemeralKeys } from 'nestjs-latchkey/keys';
import { ADAPTERS, SILENT, startApplication } from '../../support/applications.js';

interface Person {
  readonly id: string;
  readonly active: boolean;
}

const PEOPLE: readonly Person[] = [
  { id: 'ada', active: true },
  { id: 'lin', active: false },
];
// The tests register no user type.
const ada = PEOPLE[0] as unknown as AuthUser;

@Injectable()
class People extends UserSource<Person> {
  override async findBySubject({ id }: Subject): Promise<Person | undefined> {
    return PEOPLE.find((person) => person.id === id);
  }
  override describe(person: Person) {
    return person;
  }
  override async verifyCredentials({ username }: SignInCredentials): Promise<Person | undefined> {
    return PEOPLE.find(({ id }) => id === username);
  }
}

@Module({ providers: [People], exports: [People] })
class PeopleModule {}

const users = People as never;
const keys = ephemeralKeys('ES256');

let module: TestingModule | undefined;
let errors: string[] = [];
const log: LoggerService = { ...SILENT, error: (text: unknown) => void errors.push(String(text)) };

afterEach(async () => {
  await module?.close();
  module = undefined;
  errors = [];
});

async function compiled(structure: AuthModuleStructure = { users }): Promise<TestingModule> {
  const auth = AuthModule.forRoot({ keys, cookies: {}, session: {}, ...structure });
  const builder = Test.createTestingModule({ imports: [PeopleModule, auth] });
  module = await builder.setLogger(log).compile();
  return module;
}

/** Tokens of an application that has no user source, with the same keys and names. */
async function tokensOf(...ids: readonly string[]) {
  const other = await compiled({});
  const pairs = await Promise.all(ids.map((id) => other.get(TokenService).issue(id)));
  await other.close();
  return pairs;
}

async function refusalOf(work: () => unknown): Promise<AuthError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return error as AuthError;
  }
  throw new Error('Nothing was refused.');
}

type Work = (app: TestingModule, pair: { accessToken: string; refreshToken: string }) => unknown;

describe('before the application has started', () => {
  it.each<[string, Work]>([
    ['TokenService.verify', (app, { accessToken }) => app.get(TokenService).verify(accessToken, { kind: 'access' })],
    ['TokenService.issue', (app) => app.get(TokenService).issue(ada)],
    ['TokenService.refresh', (app, { refreshToken }) => app.get(TokenService).refresh(refreshToken)],
    ['SignInService.verify', (app) => app.get(SignInService).verify({ username: 'ada', password: 'any' })],
    ['SessionService.signIn', (app) => app.get(SessionService).signIn({ session: null }, ada)],
    ['AuthCookies.clear', (app) => app.get(AuthCookies).clear({})],
  ])('%s is unavailable, and the log says to call app.init()', async (_, work) => {
    const [pair] = await tokensOf('ada');
    errors = [];
    const error = await refusalOf(async () => work(await compiled(), pair as NonNullable<typeof pair>));
    expect([error.code, error.status]).toEqual(['users_unavailable', 503]);
    expect(String(error.cause)).toMatch(/call app\.init\(\)/);
    expect(errors).toEqual([expect.stringMatching(/^AuthModule was asked before .*call app\.init\(\)/)]);
  });

  it('does not accept an inactive user', async () => {
    const [pair] = await tokensOf('lin');
    const app = await compiled();
    const verify = () => app.get(TokenService).verify(pair?.accessToken ?? '', { kind: 'access' });
    expect((await refusalOf(verify)).code).toBe('users_unavailable');
    await app.init();
    expect((await refusalOf(verify)).code).toBe('user_disabled');
  });

  it('logs it once, and works once the application has started', async () => {
    const app = await compiled();
    await refusalOf(() => app.get(TokenService).issue(ada));
    await refusalOf(() => app.get(SignInService).verify({ username: 'ada', password: 'any' }));
    expect(errors).toHaveLength(1);
    await app.init();
    const { accessToken } = await app.get(TokenService).issue(ada);
    expect((await app.get(TokenService).verify(accessToken, { kind: 'access' })).subject.id).toBe('ada');
    expect(errors).toHaveLength(1);
  });

  it('does not affect calls that need no start: no user source, ends of tokens and logins', async () => {
    const [pair] = await tokensOf('ada');
    const app = await compiled();
    await app.get(TokenService).revoke(pair?.accessToken ?? '');
    await app.get(BlocklistService).revokeSubject({ issuer: 'http://localhost', id: 'ada' });
    expect(await app.get(LoginService).list({ issuer: 'http://localhost', id: 'ada' })).toEqual([]);
    expect(errors).toEqual([]);
  });
});

abstract class Asking {
  @Inject(TokenService) private readonly tokens!: TokenService;
  answer: unknown;

  protected async ask(): Promise<void> {
    const { accessToken } = await this.tokens.issue(ada);
    this.answer = (await this.tokens.verify(accessToken, { kind: 'access' })).subject.id;
  }
}

@Injectable()
class AskingAtInit extends Asking implements OnModuleInit {
  onModuleInit = () => this.ask();
}

@Injectable()
class AskingAtBootstrap extends Asking implements OnApplicationBootstrap {
  onApplicationBootstrap = () => this.ask();
}

describe.each(ADAPTERS)('providers that use services while the application starts, on %s', (adapter) => {
  @Module({ providers: [AskingAtInit, AskingAtBootstrap], exports: [AskingAtInit, AskingAtBootstrap] })
  class Deep {}
  @Module({ imports: [Deep] })
  class Middle {}

  it.each([
    ['global', [Middle, PeopleModule, AuthModule.forRoot({ users })]],
    ['imported by its users', [PeopleModule, withoutGlobal()]],
  ])(
    'are answered in onModuleInit and onApplicationBootstrap of modules of any depth, with AuthModule %s',
    async (_, imports) => {
      const running = await startApplication(adapter, { imports });
      const answers = [AskingAtInit, AskingAtBootstrap].map((each) => running.app.get(each, { strict: false }).answer);
      await running.close();
      expect(answers).toEqual(['ada', 'ada']);
    },
  );
});

function withoutGlobal() {
  const auth = AuthModule.forRoot({ users, isGlobal: false });
  @Module({ imports: [auth], providers: [AskingAtInit, AskingAtBootstrap] })
  class Importing {}
  return Importing;
}
