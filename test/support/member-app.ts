// An application whose sign-in is its own: e-mail or telephone, tenant, device, captcha and a code in one body, and members in PostgreSQL, where
// the stores of the library are too.
import { createHash } from 'node:crypto';
import { Controller, Get, Injectable, Module, Post, UseGuards, type DynamicModule, type Type } from '@nestjs/common';
import { IsBoolean, IsEmail, IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import {
  AuthModule,
  CurrentPrincipal,
  SessionOrJwtGuard,
  UserSource,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type Principal,
  type Subject,
} from 'nestjs-latchkey';
import { pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { proven, type SignInAnswer, type SignInFacts } from 'nestjs-latchkey/sign-in';
import type { Pool } from 'pg';
import { startApplication, type AdapterName, type RunningApplication } from './applications.js';
import { registerSessions } from './browser-app.js';
import { makeTables } from './sql-suite.js';

/** What members of this application send. */
export class MemberSignIn {
  @ValidateIf(({ phone }: MemberSignIn) => phone === undefined) @IsEmail() readonly email?: string;
  @IsOptional() @Matches(/^\+\d{6,15}$/) readonly phone?: string;
  @IsString() @MaxLength(64) readonly tenant!: string;
  @IsString() @MaxLength(256) readonly password!: string;
  @IsString() readonly captcha!: string;
  @IsOptional() @IsString() @MaxLength(40) readonly device?: string;
  @IsOptional() @IsString() readonly otp?: string;
  @IsOptional() @IsBoolean() readonly remember?: boolean;
}

export interface Member {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly active: boolean;
  readonly version: number;
}

interface MemberRow extends Member {
  readonly password: string;
  readonly otp: string | null;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const MEMBER_PASSWORD = 'a password of a member';
export const CAPTCHA = 'read by a person';

const SCHEMA = [
  `CREATE TABLE members (id text PRIMARY KEY, tenant text NOT NULL, email text, phone text, name text NOT NULL,
    password text NOT NULL, otp text, active boolean NOT NULL DEFAULT true, version int NOT NULL DEFAULT 1)`,
  'CREATE TABLE attempts (at bigserial PRIMARY KEY, member text, address text, agent text, device text, language text)',
];

/** Makes the tables, and members: ada of two schools, one with a telephone and a code; lin, who is inactive. */
export async function makeMembers(pool: Pool): Promise<void> {
  await makeTables(pgDatabase(pool));
  for (const statement of SCHEMA) await pool.query(statement);
  const password = sha256(MEMBER_PASSWORD);
  const insert =
    'INSERT INTO members (id, tenant, email, phone, name, password, otp, active) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)';
  for (const row of [
    ['m-1', 'north', 'ada@school.test', null, 'Ada', password, null, true],
    ['m-2', 'south', 'ada@school.test', '+441234567', 'Ada S.', password, '246810', true],
    ['m-3', 'north', 'lin@school.test', null, 'Lin', password, null, false],
  ])
    await pool.query(insert, row);
}

/** Members of PostgreSQL, asked at every request. */
export function memberSource(pool: Pool) {
  @Injectable()
  class Members extends UserSource<Member, MemberSignIn> {
    override findBySubject({ id }: Subject): Promise<Member | undefined> {
      return this.row('id = $1', [id]);
    }

    override describe({ id, active, version }: Member) {
      return { id, active, stamp: String(version), scopes: ['read', 'write', 'list'] };
    }

    override async verifyCredentials(sent: MemberSignIn, facts: SignInFacts): Promise<SignInAnswer<Member>> {
      const { email, phone, tenant, device, captcha } = sent;
      const where = phone === undefined ? 'tenant = $1 AND email = $2' : 'tenant = $1 AND phone = $2';
      const row = await this.row(where, [tenant, phone ?? email]);
      const isRight =
        sent instanceof MemberSignIn &&
        captcha === CAPTCHA &&
        row?.password === sha256(sent.password) &&
        (row.otp ?? undefined) === sent.otp;
      const values = [
        isRight ? row?.id : null,
        facts.address,
        facts.userAgent,
        device,
        facts.header('Accept-Language'),
      ];
      await pool.query(
        'INSERT INTO attempts (member, address, agent, device, language) VALUES ($1,$2,$3,$4,$5)',
        values,
      );
      return isRight && row !== undefined
        ? proven({ user: row, amr: row.otp === null ? ['pwd'] : ['pwd', 'otp'] })
        : null;
    }

    async row(where: string, values: readonly unknown[]): Promise<MemberRow | undefined> {
      const { rows } = await pool.query<MemberRow>(`SELECT * FROM members WHERE ${where}`, [...values]);
      return rows[0];
    }
  }
  return Members;
}

@UseGuards(SessionOrJwtGuard)
@Controller('whoami')
class WhoController {
  @Get() who(@CurrentPrincipal() { subject, scheme, scopes, amr }: Principal) {
    return { id: subject.id, scheme, scopes, amr };
  }

  @Post() act(@CurrentPrincipal() { subject }: Principal) {
    return { id: subject.id };
  }
}

export interface MemberAppOptions extends Omit<AuthModuleOptions, 'stores'> {
  readonly controllers: NonNullable<AuthModuleStructure['controllers']>;
  /** Controllers of its own. @defaultValue none besides `whoami` */
  readonly routes?: readonly Type<unknown>[];
  /** Providers beside the members. @defaultValue none */
  readonly providers?: readonly Type<unknown>[];
  /** Structure of the module besides: a clock, users of other issuers. @defaultValue none */
  readonly structure?: AuthModuleStructure;
}

export interface MemberApp extends RunningApplication {
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Starts it with cookies, sessions and these ready-made controllers. */
export async function startMemberApp(
  adapter: AdapterName,
  pool: Pool,
  { controllers, routes = [], providers = [], structure, ...options }: MemberAppOptions,
): Promise<MemberApp> {
  const Members = memberSource(pool);
  @Module({ providers: [Members, ...providers], exports: [Members, ...providers] })
  class MembersModule {}
  const auth: DynamicModule = AuthModule.forRoot({
    issuer: 'https://members.test',
    audience: 'members',
    cookies: {},
    session: {},
    stores: sqlStores({ database: pgDatabase(pool) }),
    // The users of this test have a type of their own.
    users: Members as never,
    controllers,
    ...options,
    ...structure,
  });
  const app = await startApplication(adapter, {
    imports: [MembersModule, auth],
    controllers: [WhoController, ...routes],
    configure: (application) => registerSessions(application, adapter),
  });
  return {
    ...app,
    post: (path, body, headers = {}) =>
      app.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}
