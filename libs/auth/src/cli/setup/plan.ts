// What the generator will do to a project, as data: it writes nothing. `latchkey init` and the schematic carry it out.
import { posix } from 'node:path';
import { dialectOf, prismaServiceIn, withModels } from './prisma.js';
import { codeOnly } from './source-text.js';
import { withModule } from './edit-module.js';
import { withSecurity } from './edit-swagger.js';
import { importLines, withTypeOrm, type TypeOrmNeeds } from './edit-typeorm.js';
import { withPackages } from './manifest.js';
import { ENVIRONMENT, moduleFile, testFile, type ModuleParts } from './module-templates.js';
import { isElsewhere, ORMS, projectFacts, type Orm, type ProjectFacts, type ProjectFiles } from './project.js';
import { memoryUsers, prismaUsers, typeOrmUsers, type NewFile } from './users-templates.js';

/** What may be chosen. */
export interface SetUpOptions {
  /** @defaultValue that of nest-cli.json, else `src` */
  readonly sourceRoot?: string | undefined;
  /** @defaultValue what the manifest names */
  readonly orm?: Orm | undefined;
}

/** One file that is made or changed. */
export interface Change extends NewFile {
  readonly kind: 'create' | 'change';
}

/** Everything that is to be done, and said. */
export interface Plan {
  readonly changes: readonly Change[];
  /** Why nothing can be done; then there are no changes. */
  readonly problems: readonly string[];
  /** What has to be done by hand: a sentence, and lines to paste. */
  readonly byHand: readonly string[];
  /** What to try next. */
  readonly next: readonly string[];
  readonly manager: ProjectFacts['manager'];
  /** The file with the versions of packages, which an installation changes. */
  readonly lock: ProjectFacts['lock'];
}

/** Makes the plan. Nothing that is there is overwritten; what is not understood is not edited, and its lines are in `byHand`. */
export function setUpPlan(files: ProjectFiles, options: SetUpOptions = {}): Plan {
  const { orm } = options;
  // The schematic takes whatever was typed.
  if (orm !== undefined && !ORMS.includes(orm))
    return refused([`--orm is ${String(orm)}; accepted are ${ORMS.join(', ')}`]);
  const facts = projectFacts(files, options);
  if (facts === undefined)
    return refused(['this folder is no project of Nest: its package.json does not name @nestjs/core']);
  const { sourceRoot } = facts;
  if (isElsewhere(sourceRoot))
    return refused([
      `the source root is ${sourceRoot}; accepted is a folder of this project, like src or apps/shop/src`,
    ]);
  const draft = new Draft(files, facts);
  const problems = draft.problems();
  return problems.length > 0 ? refused(problems) : draft.plan();
}

function refused(problems: readonly string[]): Plan {
  return { changes: [], problems, byHand: [], next: [], manager: 'npm', lock: undefined };
}

class Draft {
  private readonly changes: Change[] = [];
  private readonly byHand: string[] = [];
  private readonly folder: string;
  private readonly rootModule: string;
  private readonly parts: ModuleParts;

  constructor(
    private readonly files: ProjectFiles,
    private readonly facts: ProjectFacts,
  ) {
    const { sourceRoot, extension, orm } = facts;
    this.folder = posix.join(sourceRoot, 'auth');
    this.rootModule = posix.join(sourceRoot, 'app.module.ts');
    const prisma = orm === 'prisma' ? prismaServiceIn(files, sourceRoot, extension) : undefined;
    const dialect = orm === 'prisma' ? dialectOf(files) : undefined;
    const hasPrisma = prisma !== undefined && dialect !== undefined;
    if (orm === 'prisma' && !hasPrisma)
      this.byHand.push(
        'Prisma is installed, but one class that extends PrismaClient and prisma/schema.prisma were not found: users are in memory. ' +
          'Make them, delete what was written, and start again.',
      );
    this.parts = {
      folder: this.folder,
      extension,
      orm: orm === 'prisma' && !hasPrisma ? 'none' : orm,
      prisma,
      dialect,
    };
  }

  /** Why nothing may be written. */
  problems(): readonly string[] {
    const module = codeOnly(this.files.read(this.rootModule) ?? '');
    if (/\bAuth(entication)?Module\b/.test(module))
      return [`${this.rootModule} names AuthModule or AuthenticationModule already: authentication is set up`];
    const taken = this.newFiles().filter(({ path }) => this.files.read(path) !== undefined);
    return [
      ...taken.map(({ path }) => `${path} is there already, and nothing is overwritten: rename it, or delete it`),
      ...this.accountProblems(),
    ];
  }

  /** Two entities of one table would each undo what TypeORM makes of the other. */
  private accountProblems(): readonly string[] {
    if (this.parts.orm !== 'typeorm') return [];
    const hasAccounts = (path: string): boolean => {
      const text = path.endsWith('.ts') ? (this.files.read(path) ?? '') : '';
      return /@Entity\b/.test(codeOnly(text)) && /\bclass Account\b|@Entity\([^)]*['"`]accounts['"`]/.test(text);
    };
    return this.files
      .list(this.facts.sourceRoot)
      .filter(hasAccounts)
      .map((path) => `${path} has accounts already: --orm none writes a user source to be filled in with them`);
  }

  plan(): Plan {
    for (const file of this.newFiles()) this.changes.push({ ...file, kind: 'create' });
    this.editRootModule();
    this.editModels();
    this.editProgram();
    this.addEnvironment();
    this.addPackages();
    const { changes, byHand, facts } = this;
    return { changes, problems: [], byHand, next: this.next(), manager: facts.manager, lock: facts.lock };
  }

  private newFiles(): readonly NewFile[] {
    const { parts, facts } = this;
    const users = { none: memoryUsers, typeorm: typeOrmUsers, prisma: prismaUsers }[parts.orm](parts);
    const up = '../'.repeat((facts.tests ?? '').split('/').length);
    const test = {
      moduleFrom: `${up}${posix.join(facts.sourceRoot, 'app.module')}${facts.extension}`,
      usersFrom: `${up}${this.folder}/users.service${facts.extension}`,
    };
    return [...users, moduleFile(parts), ...(facts.tests === undefined ? [] : [testFile(facts.tests, test)])];
  }

  private editRootModule(): void {
    const from = `./auth/authentication.module${this.facts.extension}`;
    const before = this.files.read(this.rootModule);
    const withTypes = before === undefined || this.parts.orm !== 'typeorm' ? before : this.withTables(before);
    const after = withTypes === undefined ? undefined : withModule(withTypes, { name: 'AuthenticationModule', from });
    if (after === undefined)
      this.byHand.push(
        `${this.rootModule} is not written in a way that can be edited safely. Add to it:\n` +
          `  import { AuthenticationModule } from '${from}';\n  imports: [..., AuthenticationModule],   // of @Module() of the root module`,
      );
    const text = after ?? withTypes;
    if (text !== undefined && text !== before) this.changes.push({ path: this.rootModule, text, kind: 'change' });
  }

  /** The root module with entities and migrations; as it was, if its options are elsewhere. */
  private withTables(text: string): string {
    const { extension } = this.facts;
    const needs: TypeOrmNeeds = {
      entities: ['Account', '...latchkeyEntities'],
      migrations: ['...latchkeyMigrations', 'CreateAccounts1764547200000'],
      sources: {
        latchkeyEntities: 'nestjs-latchkey/typeorm',
        latchkeyMigrations: 'nestjs-latchkey/typeorm',
        Account: `./auth/account.entity${extension}`,
        CreateAccounts1764547200000: `./auth/create-accounts.migration${extension}`,
      },
    };
    const edited = withTypeOrm(text, needs);
    if (edited !== undefined) {
      if (!/\bmigrationsRun\b/.test(codeOnly(edited)))
        this.byHand.push(
          'Your DataSource has migrations, and does not say migrationsRun: run the new ones as you run yours, before the application starts.',
        );
      return edited;
    }
    this.byHand.push(
      ['Add to the options of your DataSource:', ...importLines(needs.sources).map((line) => `  ${line}`)].join('\n') +
        `\n  entities: [..., ${needs.entities.join(', ')}],\n  migrations: [..., ${needs.migrations.join(', ')}],\n  migrationsRun: true,`,
    );
    return text;
  }

  private editModels(): void {
    if (this.parts.orm !== 'prisma') return;
    const { changed, present } = withModels(this.files, this.parts.dialect);
    if (changed !== undefined) this.changes.push({ ...changed, kind: 'change' });
    for (const name of present)
      this.byHand.push(
        `The schema has a model ${name} already, which was left as it is: compare it with what users.service.ts reads.`,
      );
  }

  private editProgram(): void {
    const path = posix.join(this.facts.sourceRoot, 'main.ts');
    const before = this.files.read(path);
    if (!this.facts.usesSwagger || before === undefined) return;
    const after = withSecurity(before);
    if (after === undefined)
      this.byHand.push(
        `${path} makes an OpenAPI document in a way that is not edited. Wrap the call:\n` +
          `  import { describeAuth } from 'nestjs-latchkey/swagger';\n  describeAuth(app, () => SwaggerModule.createDocument(app, config))`,
      );
    else if (after !== 'unneeded') this.changes.push({ path, text: after, kind: 'change' });
  }

  private addEnvironment(): void {
    const path = '.env.example';
    const before = this.files.read(path);
    if (before?.includes('AUTH_ISSUER') === true) return;
    const text = before === undefined ? ENVIRONMENT : `${before.trimEnd()}\n\n${ENVIRONMENT}`;
    this.changes.push({ path, text, kind: before === undefined ? 'create' : 'change' });
  }

  private addPackages(): void {
    const text = withPackages(this.files.read('package.json') ?? '{}');
    if (text !== undefined) this.changes.push({ path: 'package.json', text, kind: 'change' });
  }

  private next(): readonly string[] {
    const { manager, tests } = this.facts;
    const user =
      this.parts.orm === 'none'
        ? `curl -s localhost:3000/auth/token -H 'content-type: application/json' -d '{"username":"ada","password":"correct horse battery staple"}'`
        : "app.get(UsersService).register('ada', '...')   # in a script of yours: there are no users yet";
    return [
      ...(this.parts.orm === 'prisma' ? ['npx prisma migrate dev --name latchkey && npx prisma generate'] : []),
      `${manager} run start:dev`,
      user,
      ...(tests === undefined ? [] : [`${manager} run test:e2e   # GET / needs a token now: @Public() opens a route`]),
      'npx latchkey doctor dist/main.js   # what production would refuse',
    ];
  }
}
