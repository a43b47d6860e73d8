// What the generator makes of projects: by the schematic on files in memory, and by the command in a folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/database-server.js';
import { run, setUp, type Files } from '../support/generated-project.js';
import { optionalPeers, root } from '../support/repository.js';
import { typeErrors } from '../support/snippets.js';

const RUN_MS = 60_000;

const rootModule = (options = 'imports: []', before = '') =>
  `import { Module } from '@nestjs/common';\n${before}\n@Module({ ${options} })\nexport class AppModule {}\n`;

const manifest = (packages: Readonly<Record<string, string>> = {}, type = 'module') =>
  `${JSON.stringify({ type, dependencies: { '@nestjs/core': '^12.0.0', ...packages } }, null, 2)}\n`;

/** A project of ES modules, with other files than usual if given. */
const project = (files: Files = {}): Files => ({
  'package.json': manifest(),
  'src/app.module.ts': rootModule(),
  ...files,
});

const moduleAfter = (module: string): string =>
  setUp(project({ 'src/app.module.ts': module })).files['src/app.module.ts'] ?? '';

describe('the root module', () => {
  it.each([
    ['without imports', rootModule('providers: []'), '@Module({\n  imports: [AuthenticationModule], providers: [] })'],
    ['with an empty list', rootModule(), 'imports: [AuthenticationModule]'],
    [
      'with a list on one line',
      rootModule('imports: [A, B.forRoot({ a: [1, 2] })]'),
      '{ a: [1, 2] }), AuthenticationModule]',
    ],
    ['with a trailing comma', rootModule('imports: [\n    A,\n  ]'), '[\n    A,\n    AuthenticationModule,\n  ]'],
    ['without a trailing comma', rootModule('imports: [\n    A\n  ]'), '[\n    A,\n    AuthenticationModule\n  ]'],
    [
      'with brackets in comments and texts',
      rootModule("/* imports: [ */ imports: [A.at(']'), /* ] */ B]"),
      "/* imports: [ */ imports: [A.at(']'), /* ] */ B, AuthenticationModule]",
    ],
  ])('%s gets one more import', (_, module, expected) => {
    const after = moduleAfter(module);
    expect(after).toContain(expected);
    expect(after).toContain("\nimport { AuthenticationModule } from './auth/authentication.module.js';\n");
  });

  it('keeps its line ends, and imports as its neighbours are imported', () => {
    const neighbour = "import {\n  A,\n} from './a';\n";
    const after = moduleAfter(rootModule('imports: [A]', neighbour).replaceAll('\n', '\r\n'));
    expect(after).toContain(
      "} from './a';\r\nimport { AuthenticationModule } from './auth/authentication.module';\r\n",
    );
    expect(after).not.toMatch(/[^\r]\n/);
  });

  it.each([
    ['a list of another file', rootModule('imports')],
    ['a list that is computed', rootModule('imports: [...common].filter(isOn), a')],
    ['members that come from elsewhere', rootModule('...common')],
    ['options of another file', '@Module(options)\nexport class AppModule {}'],
    ['several modules', rootModule() + rootModule()],
    ['brackets that do not match', '@Module({ imports: [ })\nexport class AppModule {}'],
  ])('is left as it is with %s, and the lines to paste are printed', (_, module) => {
    const { files, log } = setUp(project({ 'src/app.module.ts': module }));
    expect(files['src/app.module.ts']).toBe(module);
    expect(log).toContain("import { AuthenticationModule } from './auth/authentication.module.js';");
  });
});

describe('what is there already', () => {
  it('is never overwritten: nothing at all is written then', () => {
    const files = project({ 'src/auth/users.service.ts': '// mine' });
    expect(() => setUp(files)).toThrow('src/auth/users.service.ts is there already, and nothing is overwritten');
  });

  it('is recognised: a second run changes nothing', () => {
    expect(() => setUp(setUp(project()).files)).toThrow('authentication is set up');
  });

  it('stays in .env.example and package.json', () => {
    const { files, tasks } = setUp(project({ '.env.example': 'PORT=3000', 'pnpm-lock.yaml': '' }));
    expect(files['.env.example']).toMatch(/^PORT=3000\n\n# nestjs-latchkey/);
    expect(files['package.json']).toMatch(/"@nestjs\/core": "\^12\.0\.0",\n {4}"@node-rs\/argon2": /);
    expect(tasks).toEqual([{ name: 'node-package', options: { command: 'install', packageManager: 'pnpm' } }]);
  });

  it.each(['/srv/shop/src', '../shop/src', 'C:\\shop\\src', '/'])(
    'is not looked for in %s, so that nothing is written there',
    (sourceRoot) => {
      expect(() => setUp(project(), { sourceRoot })).toThrow('accepted is a folder of this project');
    },
  );

  it('is found beside package.json if the sources lie there', () => {
    const files = { 'package.json': manifest(), 'nest-cli.json': '{"sourceRoot":""}', 'app.module.ts': rootModule() };
    expect(setUp(files).files['app.module.ts']).toContain('imports: [AuthenticationModule]');
    expect(() => setUp({ ...files, 'auth/users.service.ts': '// mine' })).toThrow(
      'auth/users.service.ts is there already',
    );
  });

  it('refuses another place for accounts than those that it knows', () => {
    expect(() => setUp(project(), { orm: 'constructor' })).toThrow('accepted are typeorm, prisma, none');
  });

  it('is not a project of Nest', () => {
    expect(() => setUp({ 'package.json': '{}' })).toThrow('does not name @nestjs/core');
  });
});

describe('the packages that are added', () => {
  it('are optional peers of the library', () => {
    const { dependencies } = JSON.parse(setUp(project()).files['package.json'] ?? '') as { dependencies: object };
    const added = Object.keys(dependencies).filter((name) => name !== '@nestjs/core');
    expect(added).toHaveLength(3);
    expect(optionalPeers).toEqual(expect.arrayContaining(added));
  });
});

describe('the OpenAPI document', () => {
  const swagger = { 'package.json': manifest({ '@nestjs/swagger': '^12.0.0' }) };
  const program = (call: string) => `import { SwaggerModule } from '@nestjs/swagger';\n${call}\n`;

  it.each([
    'const document = SwaggerModule.createDocument(app, config);',
    'const factory = () => SwaggerModule.createDocument(app, new A().b({ c: 1 }));',
  ])('says what the guards demand: %s', (call) => {
    const { files } = setUp(project({ ...swagger, 'src/main.ts': program(call) }));
    const [made] = /SwaggerModule\.createDocument.*(?=;)/.exec(call) ?? [];
    expect(files['src/main.ts']).toBe(
      `import { SwaggerModule } from '@nestjs/swagger';\nimport { describeAuth } from 'nestjs-latchkey/swagger';\n` +
        `${call.replace(String(made), `describeAuth(app, () => ${made})`)}\n`,
    );
  });

  it('is left as it is where it is made in another way', () => {
    const text = program('for (const app of apps) SwaggerModule.createDocument(app.http, config);');
    const { files, log } = setUp(project({ ...swagger, 'src/main.ts': text }));
    expect(files['src/main.ts']).toBe(text);
    expect(log).toContain('describeAuth(app, () => SwaggerModule.createDocument(app, config))');
  });
});

const SIGN_IN = `
  import 'reflect-metadata';
  import { NestFactory } from '@nestjs/core';
  import { AppModule } from './app.module.js';
  import { UsersService } from './auth/users.service.js';

  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0);
  await app.get(UsersService).register('grace', 'amazing grace 1906');
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  const post = (password: string) =>
    fetch(url + '/auth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'grace', password }),
    });
  const refused = await post('another password');
  const { access_token: token } = await (await post('amazing grace 1906')).json();
  const devices = await fetch(url + '/auth/devices', { headers: { authorization: 'Bearer ' + token } });
  console.log([refused.status, devices.status].join());
  await app.close();
`;

describe('with TypeORM', () => {
  const packages = { 'package.json': manifest({ '@nestjs/typeorm': '^12.0.0', typeorm: '^1.1.0' }) };
  const withOptions = (options: string) =>
    project({
      ...packages,
      'src/app.module.ts': rootModule(
        `imports: [TypeOrmModule.forRoot({ ${options} })]`,
        "import { TypeOrmModule } from '@nestjs/typeorm';\n",
      ),
    });

  it(
    'signs in on the tables that its migrations make',
    () => {
      const { files, log } = setUp(
        withOptions("type: 'better-sqlite3', database: ':memory:', entities: [], synchronize: true"),
      );
      expect(run(files, SIGN_IN)).toEqual({ status: 0, output: '401,200\n' });
      expect(log).not.toContain('By hand');
    },
    RUN_MS,
  );

  it('leaves entities alone that are found by themselves, and keeps what is said about migrations', () => {
    const { files } = setUp(withOptions('autoLoadEntities: true, migrationsRun: false, migrations: [First]'));
    expect(files['src/app.module.ts']).toContain(
      'autoLoadEntities: true, migrationsRun: false, migrations: [First, ...latchkeyMigrations, CreateAccounts1764547200000] }',
    );
    expect(files['src/app.module.ts']).not.toContain('latchkeyEntities');
  });

  it('does not begin to run migrations that were run in another way before', () => {
    const { files, log } = setUp(withOptions('entities: [], migrations: [First]'));
    expect(files['src/app.module.ts']).toContain('CreateAccounts1764547200000] }');
    expect(files['src/app.module.ts']).not.toContain('migrationsRun');
    expect(log).toContain('run the new ones as you run yours');
  });

  it.each(["@Entity('accounts') export class Customer {}", '@Entity() export class Account {}'])(
    'writes nothing beside accounts that are there: %s',
    (entity) => {
      const files = { ...withOptions('entities: []'), 'src/customers/customer.entity.ts': entity };
      expect(() => setUp(files)).toThrow('src/customers/customer.entity.ts has accounts already');
    },
  );

  it('makes no table of accounts its own that was there, whatever TypeORM synchronizes', () => {
    const { files } = setUp(withOptions('entities: []'));
    expect(files['src/auth/account.entity.ts']).toContain("@Entity('accounts', { synchronize: false })");
    expect(files['src/auth/create-accounts.migration.ts']).not.toMatch(/\}\),\s*true,/);
  });

  it.each(['...database', 'entities, type: "postgres"', 'autoLoadEntities: isOn'])(
    'prints the lines for options that are elsewhere: %s',
    (options) => {
      const { files, log } = setUp(withOptions(options));
      expect(files['src/app.module.ts']).toContain(`TypeOrmModule.forRoot({ ${options} }), AuthenticationModule]`);
      expect(log).toContain('entities: [..., Account, ...latchkeyEntities]');
    },
  );
});

describe('with Prisma', () => {
  const schema = 'datasource db {\n  provider = "postgresql"\n}\n';
  const service = 'export class PrismaService extends PrismaClient {}\n';
  const prisma = (files: Files = {}) =>
    project({ 'package.json': manifest({ '@prisma/client': '^7.0.0' }), 'prisma/schema.prisma': schema, ...files });

  it('adds its models, and finds the class of the client', () => {
    const { files, log } = setUp(prisma({ 'src/database/prisma.service.ts': service }));
    const after = files['prisma/schema.prisma'] ?? '';
    expect(after).toMatch(
      /^datasource db[^]*\nmodel Account \{[^]*\nmodel LatchkeyRevocation \{[^]*@db\.VarChar\(255\)/,
    );
    expect(files['src/auth/users.service.ts']).toContain(
      "import { PrismaService } from '../database/prisma.service.js';",
    );
    expect(log).toContain('npx prisma migrate dev');
  });

  if (process.env['LATCHKEY_PROJECTS'] === 'all')
    it(
      'compiles',
      () => {
        const { files } = setUp(prisma({ 'src/database/prisma.service.ts': service }));
        const account =
          'account: { create(given: object): Promise<Account>; findUnique(given: object): Promise<Account | null> };';
        const stub = `import type { Account } from './users.service.js';\nimport type { PrismaLike } from 'nestjs-latchkey/sql';
      export declare class PrismaService { ${account} }\nexport interface PrismaService extends PrismaLike {}`;
        const [users, module] = ['users.service.ts', 'authentication.module.ts'].map((fileName) => ({
          place: fileName,
          fileName,
          code: (files[`src/auth/${fileName}`] ?? '')
            .replace('../database/', './')
            .replace(/useFactory: \(\) =>[^]*?\}\),/, 'useFactory: () => ({}),'),
          runs: false,
          earlier: [] as never[],
        }));
        const client = { place: 'client', fileName: 'prisma.service.ts', code: stub, runs: false, earlier: [] };
        if (users === undefined || module === undefined) throw new Error('nothing was generated');
        const snippets = [
          { ...module, earlier: [client, users] },
          { ...users, earlier: [client] },
        ];
        expect(typeErrors(snippets)).toEqual([]);
      },
      RUN_MS,
    );

  it('leaves a model that is there, and says so', () => {
    const own = `${schema}\nmodel Account {\n  id Int @id\n}\n`;
    const { files, log } = setUp(prisma({ 'src/prisma.service.ts': service, 'prisma/schema.prisma': own }));
    expect(files['prisma/schema.prisma']?.match(/^model Account /gm)).toHaveLength(1);
    expect(log).toContain('The schema has a model Account already');
  });

  it('keeps users in memory, and says so, where there is no class of the client', () => {
    const { files, log } = setUp(prisma());
    expect(files['src/auth/users.service.ts']).toContain('developmentOnly');
    expect(files['prisma/schema.prisma']).toBe(schema);
    expect(log).toContain('users are in memory');
  });
});

describe('users in memory', () => {
  const production = {
    NODE_ENV: 'production',
    AUTH_ISSUER: 'https://api.example.com',
    AUTH_AUDIENCE: 'api',
    AUTH_KEYS_DIR: 'keys',
  };

  it(
    'never serve in production, and neither does anything that development fills in',
    () => {
      const { files } = setUp(project());
      const bare = run(files, SIGN_IN, { NODE_ENV: 'production' }).output;
      for (const name of ['issuer', 'audience', 'keys', 'stores'])
        expect(bare).toContain(`${name} is required with NODE_ENV=production`);
      const completed = (files['src/auth/authentication.module.ts'] ?? '')
        .replace('import { AuthModule }', 'import { AuthModule, memoryStores }')
        .replace('users: UsersService,', 'users: UsersService, stores: memoryStores(),')
        .replace('AUTH_KEYS_DIR)', 'AUTH_KEYS_DIR, { createIfMissing: true })');
      const started = run({ ...files, 'src/auth/authentication.module.ts': completed }, SIGN_IN, production);
      expect(started.status).toBe(1);
      expect(started.output).toContain('users is UsersService, which is refused with NODE_ENV=production');
    },
    RUN_MS,
  );
});

describe('latchkey init', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder('init');
    for (const [path, text] of Object.entries(project())) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    sh('git init -q && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm first');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const sh = (line: string) => spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8' });
  const init = (...args: readonly string[]) => {
    const program = join(root, 'libs/auth/bin/latchkey.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'init', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const changed = () => sh('git status --short').stdout;

  it('writes nothing without a terminal to ask at, and with --dry-run', () => {
    const { status, stderr } = init();
    expect([status, stderr]).toEqual([2, expect.stringContaining('--defaults writes the files without a question')]);
    expect(init('--dry-run').stdout).toContain('CREATE src/auth/users.service.ts');
    expect(init('--orm', 'mongoose').stderr).toContain('accepted are typeorm, prisma, none');
    expect(changed()).toBe('');
  });

  it('overwrites nothing through a link to nothing', () => {
    sh('mkdir src/auth && ln -s ../../elsewhere.ts src/auth/users.service.ts');
    expect(init('--defaults', '--skip-install').stderr).toContain('src/auth/users.service.ts is there already');
    sh('rm -r src/auth');
    expect(changed()).toBe('');
  });

  it('writes what the schematic writes, asks nothing with --defaults, and prints how git undoes it', () => {
    const { status, stdout, stderr } = init('--defaults', '--skip-install');
    expect([status, stderr]).toEqual([0, '']);
    for (const [path, text] of Object.entries(setUp(project()).files))
      expect(readFileSync(join(folder, path), 'utf8')).toBe(text);
    expect(init('--defaults')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('authentication is set up'),
    });
    const [, undo = ''] = /To undo it:\n((?: {2}git .*\n)+)/.exec(stdout) ?? [];
    expect(sh(undo).status).toBe(0);
    expect(changed()).toBe('');
    expect(existsSync(join(folder, 'src/auth/users.service.ts'))).toBe(false);
  });
});
