// The module, the environment and the first test that are generated.
import { filled, type NewFile, type UsersParts } from './users-templates.js';
import type { Orm } from './project.js';

/** What the module is filled with. */
export interface ModuleParts extends UsersParts {
  readonly orm: Orm;
  /** The dialect of the database that Prisma has. */
  readonly dialect?: string | undefined;
}

const IN_ENVIRONMENT = `      // Absent in development, where a key is made at every start. Production refuses to start without them: .env.example says what they are.
      useFactory: () => ({
        issuer: process.env.AUTH_ISSUER,
        audience: process.env.AUTH_AUDIENCE,
        keys: process.env.AUTH_KEYS_DIR ? keysFromDirectory(process.env.AUTH_KEYS_DIR) : undefined,
      }),`;

const WITH_MEMORY = `import { Module } from '@nestjs/common';
import { AuthModule } from 'nestjs-latchkey';
import { devicesController, tokenController } from 'nestjs-latchkey/controllers';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
import { UsersService } from './users.service$extension';

/** Authentication for every route; @Public() opens one. */
@Module({
  imports: [
    AuthModule.forRootAsync({
      users: UsersService,
      // TODO: stores, for logins that outlive the process. Production refuses to start without: see docs/databases.md of nestjs-latchkey.
      controllers: [tokenController(), devicesController()],
${IN_ENVIRONMENT}
    }),
  ],
  providers: [UsersService],
  exports: [UsersService],
})
export class AuthenticationModule {}
`;

const WITH_TYPEORM = `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from 'nestjs-latchkey';
import { devicesController, tokenController } from 'nestjs-latchkey/controllers';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
import { latchkeyEntities, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { Account } from './account.entity$extension';
import { UsersService } from './users.service$extension';

/** Authentication for every route; @Public() opens one. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Account, ...latchkeyEntities]),
    AuthModule.forRootAsync({
      users: UsersService,
      stores: typeOrmStores(),
      controllers: [tokenController(), devicesController()],
${IN_ENVIRONMENT}
    }),
  ],
  providers: [UsersService],
  exports: [UsersService],
})
export class AuthenticationModule {}
`;

const WITH_PRISMA = `import { Global, Module } from '@nestjs/common';
import { AuthModule } from 'nestjs-latchkey';
import { devicesController, tokenController } from 'nestjs-latchkey/controllers';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
import { prismaDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { $client } from '$from';
import { UsersService } from './users.service$extension';

const AUTH_DATABASE = Symbol('AUTH_DATABASE');

/** The client, for the accounts and for the stores. If a module of yours provides it to the whole application, leave it out here. */
@Global()
@Module({
  providers: [
    $client,
    {
      provide: AUTH_DATABASE,
      inject: [$client],
      useFactory: (prisma: $client) => prismaDatabase(prisma, { dialect: '$dialect' }),
    },
  ],
  exports: [$client, AUTH_DATABASE],
})
class AuthDatabaseModule {}

/** Authentication for every route; @Public() opens one. */
@Module({
  imports: [
    AuthDatabaseModule,
    AuthModule.forRootAsync({
      users: UsersService,
      stores: sqlStores({ inject: AUTH_DATABASE }),
      controllers: [tokenController(), devicesController()],
${IN_ENVIRONMENT}
    }),
  ],
  providers: [UsersService],
  exports: [UsersService],
})
export class AuthenticationModule {}
`;

/** The module that switches authentication on. */
export function moduleFile(parts: ModuleParts): NewFile {
  const { folder, orm, dialect = 'postgres' } = parts;
  const template = { none: WITH_MEMORY, typeorm: WITH_TYPEORM, prisma: WITH_PRISMA }[orm];
  return { path: `${folder}/authentication.module.ts`, text: filled(template, parts).replace('$dialect', dialect) };
}

/** What the environment of production states. Nothing in it is a secret, and nothing has a value that would work. */
export const ENVIRONMENT = `# nestjs-latchkey. Development needs none of these.
# The https address of this service, exactly as it will stand in every token:
# AUTH_ISSUER=https://api.example.com
# The service that tokens are meant for:
# AUTH_AUDIENCE=api
# The directory of signing keys that "npx latchkey keys generate --dir <directory>" makes. Keep it out of git, and keep it between deployments:
# AUTH_KEYS_DIR=/var/lib/api/keys
`;

const TEST = `import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthTestingModule, type FixedClock } from 'nestjs-latchkey/testing';
import request from 'supertest';
import { AppModule } from '$moduleFrom';
import { UsersService } from '$usersFrom';

describe('Signing in (e2e)', () => {
  let app: INestApplication;
  let clock: FixedClock;
  const username = \`reader-\${Date.now()}\`;
  const password = 'a long passphrase for a test';

  beforeAll(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    // Stores in memory, and a clock that stands still.
    clock = AuthTestingModule.override(builder);
    app = (await builder.compile()).createNestApplication();
    await app.init();
    await app.get(UsersService).register(username, password);
  });

  afterAll(() => app.close());

  const signIn = (typed: string) => request(app.getHttpServer()).post('/auth/token').send({ username, password: typed });
  const devices = (token: string) =>
    request(app.getHttpServer()).get('/auth/devices').set('authorization', \`Bearer \${token}\`);

  it('is refused with another password', () => signIn('another password').expect(401));

  it('opens a route for a quarter of an hour', async () => {
    await request(app.getHttpServer()).get('/auth/devices').expect(401);
    const { body } = await signIn(password).expect(200);
    const token = String(body.access_token);
    await devices(token).expect(200);
    clock.advance('16m');
    await devices(token).expect(401);
  });
});
`;

/** A first test, for the runner of the project: both make the same names global. */
export function testFile(folder: string, { moduleFrom, usersFrom }: TestImports): NewFile {
  const text = TEST.replace('$moduleFrom', moduleFrom).replace('$usersFrom', usersFrom);
  return { path: `${folder}/auth.e2e-spec.ts`, text };
}

/** Where the test finds what it tests. */
export interface TestImports {
  readonly moduleFrom: string;
  readonly usersFrom: string;
}
