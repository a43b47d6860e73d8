// An application in which every secret is marked, and every place that could reveal one is recorded: log, events, tables.
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  Post,
  UseGuards,
  type ArgumentsHost,
  type INestApplication,
  type LoggerService,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { generateKeyPair, exportJWK } from 'jose';
import {
  AllowClients,
  AuthError,
  CurrentPrincipal,
  AuthModule,
  JwtAuthGuard,
  OptionalAuth,
  RequireScopes,
  SessionOrJwtGuard,
  UserSource,
  type AuthModuleStructure,
  type Principal,
  type SignInCredentials,
  type Subject,
} from 'nestjs-latchkey';
import { KeySource, OwnKeys, type KeyRingInput } from 'nestjs-latchkey/keys';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
  wellKnownController,
} from 'nestjs-latchkey/controllers';
import { FixedClock, LocalIssuer, TokenFactory } from 'nestjs-latchkey/testing';
import { latchkeyEntities, latchkeyMigrations, typeOrmAuditSink, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { DataSource } from 'typeorm';
import { startApplication, type AdapterName, type RunningApplication } from './applications.js';
import { registerSessions } from './browser-app.js';
import { Secrets, wholeText } from './secrets.js';

interface Person {
  readonly id: string;
  readonly active: boolean;
  readonly stamp: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** One set of marks for the whole file: what is secret in an application. */
export const secrets = new Secrets();
export const PASSWORD = secrets.make('password');
const STAMP = secrets.make('stamp');
const CLAIM = secrets.make('claim');
/** The message of a driver error. It may be in the `cause` of ours, which never leaves the process. */
export const DRIVER = 'words of a driver';
const DRIVER_WORDS = secrets.make(DRIVER);
const CSRF_SECRET = secrets.make('csrf-secret').repeat(2);

@Injectable()
class SecretUsers extends UserSource<Person> {
  down = false;

  private of(id: string): Person | undefined {
    if (this.down) throw new Error(`connect ECONNREFUSED ${DRIVER_WORDS} SELECT * FROM users`);
    if (!['ada', 'grace', 'lin'].includes(id)) return undefined;
    const roles = id === 'grace' ? ['staff'] : [];
    return { id, active: id !== 'lin', stamp: STAMP, roles, scopes: ['read'] };
  }

  override async findBySubject({ id }: Subject): Promise<Person | undefined> {
    return this.of(id);
  }

  override describe(person: Person) {
    return person;
  }

  override async verifyCredentials({ username, password }: SignInCredentials): Promise<Person | undefined> {
    return password === PASSWORD ? this.of(username) : undefined;
  }
}

@Module({ providers: [SecretUsers], exports: [SecretUsers] })
class PeopleModule {}

@Controller('doors')
class DoorsController {
  @UseGuards(SessionOrJwtGuard) @Get() all(@CurrentPrincipal() { subject }: Principal) {
    return { subject: subject.id };
  }

  @UseGuards(SessionOrJwtGuard) @Post() change(@CurrentPrincipal() { subject }: Principal) {
    return { subject: subject.id };
  }

  @OptionalAuth() @Get('optional') optional() {
    return {};
  }

  @UseGuards(JwtAuthGuard) @RequireScopes('write') @Get('scoped') scoped() {
    return {};
  }

  @UseGuards(JwtAuthGuard) @AllowClients() @Get('machines') machines() {
    return {};
  }

  @UseGuards(JwtAuthGuard) @Get('broken') broken() {
    throw new Error('The handler broke.');
  }
}

/** Keeps whatever is logged, whole: at every level, with every member of every object. */
class KeptLog implements LoggerService {
  readonly lines: string[] = [];
  private readonly keep = (...parts: readonly unknown[]): void =>
    void this.lines.push(parts.map((part) => wholeText(part)).join(' '));
  readonly log = this.keep;
  readonly error = this.keep;
  readonly warn = this.keep;
  readonly debug = this.keep;
  readonly verbose = this.keep;
  readonly fatal = this.keep;
}

/** Sees our exceptions as an error tracker would, and changes nothing. */
@Catch(HttpException)
class KeptErrors extends BaseExceptionFilter {
  readonly kept: HttpException[] = [];

  constructor(app: INestApplication) {
    super(app.getHttpAdapter());
  }

  override catch(exception: HttpException, host: ArgumentsHost): void {
    if (exception.cause instanceof AuthError) this.kept.push(exception);
    // oxlint-disable-next-line promise/valid-params -- this is a filter, not a promise
    super.catch(exception, host);
  }
}

/** Keys that a test can replace by something broken. */
class SecretKeys extends KeySource {
  next: (() => KeyRingInput) | undefined;

  constructor(private readonly ring: KeyRingInput) {
    super();
  }

  override async load(): Promise<KeyRingInput> {
    return this.next?.() ?? this.ring;
  }
}

/** A store that works until the test makes it fail, with a message that must stay secret. */
function breakableStore<Store extends object>(store: Store, state: { readonly down: boolean }): Store {
  return new Proxy(store, {
    get: (target, name) => {
      // The stores use private members, so that methods keep the store as `this`.
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (state.down) throw new Error(`SQLITE_IOERR near ${DRIVER_WORDS}`);
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function breakable(state: { readonly down: boolean }): StoresFactory {
  const recipe = typeOrmStores();
  return {
    inject: recipe.inject,
    useFactory: async (...injected: readonly unknown[]) => {
      const { revocations, logins } = await recipe.useFactory(...injected);
      return { revocations: breakableStore(revocations, state), logins: breakableStore(logins, state) };
    },
  };
}

export interface SecretsApp extends RunningApplication {
  readonly clock: FixedClock;
  readonly issuer: LocalIssuer;
  readonly keys: SecretKeys;
  readonly ownKeys: OwnKeys;
  readonly log: readonly string[];
  readonly events: readonly AuthEvent[];
  /** What a catch-all filter of the application was given. */
  errors(): readonly HttpException[];
  readonly people: SecretUsers;
  readonly store: { down: boolean };
  tokenOf(id: string): Promise<string>;
  /** Every table, whole. */
  tables(): Promise<string>;
}

export async function startSecretsApp(
  adapter: AdapterName,
  structure: AuthModuleStructure = {},
  configure: (app: INestApplication) => void = () => {},
): Promise<SecretsApp> {
  const log = new KeptLog();
  const events: AuthEvent[] = [];
  const stop = onAuthEvent((event) => void events.push(event));
  const clock = new FixedClock(new Date());
  const store = { down: false };
  const issuer = await LocalIssuer.start({ audience: 'doors' });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'own' };
  secrets.add('private key', jwk.d);
  const keys = new SecretKeys({ current: jwk as KeyRingInput['current'] });
  const auth = AuthModule.forRoot({
    issuer: 'https://doors.test',
    audience: 'doors',
    keys,
    access: { claimsFor: () => ({ diagnosis: CLAIM }) },
    trust: [
      issuer.trust({ keys: { jwksUri: issuer.jwksUri, allowLoopbackHttp: true, maxAge: '1m', staleIfError: 0 } }),
    ],
    cookies: {},
    session: {},
    csrf: { secret: CSRF_SECRET },
    errors: { explain: true },
    users: SecretUsers as never,
    stores: breakable(store),
    audit: { sink: typeOrmAuditSink() },
    controllers: [
      tokenController(),
      devicesController(),
      cookieController(),
      sessionController(),
      csrfController(),
      wellKnownController(),
    ],
    clock,
    ...structure,
  });
  let errors: KeptErrors | undefined;
  const running = await startApplication(adapter, {
    imports: [database(), PeopleModule, auth],
    controllers: [DoorsController],
    log,
    configure: async (app) => {
      errors = new KeptErrors(app);
      app.useGlobalFilters(errors);
      configure(app);
      await registerSessions(app, adapter);
    },
  }).catch(async (error: unknown) => {
    await issuer.close();
    throw error;
  });
  const source = running.app.get(DataSource, { strict: false });
  return {
    ...running,
    clock,
    issuer,
    keys,
    events,
    store,
    log: log.lines,
    ownKeys: running.app.get(OwnKeys),
    people: running.app.get(SecretUsers, { strict: false }),
    errors: () => errors?.kept ?? [],
    tokenOf: (id) => TokenFactory.of(running.app).valid(id),
    tables: () => tablesIn(source),
    close: async () => {
      stop();
      await running.close();
      await issuer.close();
    },
  };
}

function database() {
  return TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
    migrationsRun: true,
    logging: ['error', 'warn'],
  });
}

async function tablesIn(source: DataSource): Promise<string> {
  const tables = (await source.query("SELECT name FROM sqlite_master WHERE type = 'table'")) as { name: string }[];
  const rows = await Promise.all(tables.map(({ name }) => source.query(`SELECT * FROM "${name}"`)));
  return JSON.stringify(rows);
}
