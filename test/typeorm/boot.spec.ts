import { afterEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import { LoginEntity, latchkeyEntities, latchkeyMigrations, RevocationEntity } from 'nestjs-latchkey/typeorm';
import { DataSource } from 'typeorm';
import { checkReady } from '../support/store-suite.js';
import { storesOf } from '../support/typeorm-suite.js';

interface Setup {
  readonly entities?: DataSource['options']['entities'];
  readonly migrate?: boolean;
  readonly synchronize?: boolean;
  /** SQL that spoils the tables. */
  readonly spoil?: readonly string[];
}

let dataSource: DataSource | undefined;

async function boot({
  entities = [...latchkeyEntities],
  migrate = true,
  synchronize = false,
  spoil = [],
}: Setup): Promise<void> {
  dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities,
    migrations: [...latchkeyMigrations],
    migrationsRun: migrate,
    synchronize,
  });
  await dataSource.initialize();
  for (const statement of spoil) await dataSource.query(statement);
  await checkReady(await storesOf(dataSource, new SystemClock()));
}

describe('TypeORM stores at boot', () => {
  afterEach(async () => {
    await dataSource?.destroy();
    dataSource = undefined;
  });

  it('are ready once the shipped migrations ran', async () => {
    await expect(boot({})).resolves.toBeUndefined();
  });

  it('accept an index with its columns in another order, as PostgreSQL may report it', async () => {
    await boot({});
    const original = dataSource?.createQueryRunner.bind(dataSource);
    if (dataSource === undefined || original === undefined) throw new Error('no DataSource');
    dataSource.createQueryRunner = (mode) => {
      const runner = original(mode);
      const getTable = runner.getTable.bind(runner);
      runner.getTable = async (path) => {
        const table = await getTable(path);
        for (const index of table?.indices ?? []) index.columnNames.reverse();
        return table;
      };
      return runner;
    };
    await expect(checkReady(await storesOf(dataSource, new SystemClock()))).resolves.toBeUndefined();
  });

  it('name an entity that is missing in the DataSource, and how to add it', async () => {
    await expect(boot({ entities: [LoginEntity] })).rejects.toThrow('LatchkeyRevocation');
    await dataSource?.destroy();
    await expect(boot({ entities: [RevocationEntity] })).rejects.toThrow('latchkeyEntities');
  });

  it.each([
    ['tables', { migrate: false }, 'The table latchkey_revocations is missing'],
    ['a table', { spoil: ['DROP TABLE latchkey_logins'] }, 'The table latchkey_logins is missing'],
    [
      'a column',
      { spoil: ['ALTER TABLE latchkey_logins DROP COLUMN rotated_at_ms'] },
      'The column latchkey_logins.rotated_at_ms is missing',
    ],
    [
      'an index',
      { spoil: ['DROP INDEX latchkey_logins_subject'] },
      'The index on latchkey_logins (issuer, subject) is missing',
    ],
    [
      'the primary key',
      {
        spoil: [
          'CREATE TABLE copy AS SELECT * FROM latchkey_logins',
          'DROP TABLE latchkey_logins',
          'ALTER TABLE copy RENAME TO latchkey_logins',
        ],
      },
      'The primary key of latchkey_logins is not (issuer, sid)',
    ],
  ] satisfies [string, Setup, string][])(
    'name %s that is missing, and the migrations that create it',
    async (_, setup, lack) => {
      const failed = boot(setup);
      await expect(failed).rejects.toThrow(lack);
      await expect(failed).rejects.toThrow('latchkeyMigrations');
    },
  );

  it('revert their migrations and run them again', async () => {
    await boot({});
    for (let undone = 0; undone < latchkeyMigrations.length; undone += 1) await dataSource?.undoLastMigration();
    expect(await tables()).toEqual([]);
    await dataSource?.runMigrations();
    expect(await tables()).toEqual(['latchkey_logins', 'latchkey_revocations']);
  });

  it('find nothing to change in existing tables if the list of migrations was lost', async () => {
    await boot({});
    await dataSource?.query('DELETE FROM migrations');
    await expect(dataSource?.runMigrations()).resolves.toHaveLength(latchkeyMigrations.length);
  });

  it('say that synchronize does not make the tables', async () => {
    const failed = boot({ migrate: false, synchronize: true });
    await expect(failed).rejects.toThrow('`synchronize: true` does not make these tables');
    await dataSource?.destroy();
    await expect(boot({ migrate: false })).rejects.not.toThrow('synchronize');
  });

  it('are ready if migrations run beside synchronize', async () => {
    await expect(boot({ synchronize: true })).resolves.toBeUndefined();
  });

  it('are not changed by synchronize', async () => {
    await boot({});
    await dataSource?.synchronize();
    expect(await tables()).toEqual(['latchkey_logins', 'latchkey_revocations']);
    expect((await dataSource?.driver.createSchemaBuilder().log())?.upQueries).toEqual([]);
  });
});

async function tables(): Promise<string[]> {
  const rows: { name: string }[] =
    (await dataSource?.query(
      `SELECT name FROM sqlite_master WHERE name IN ('latchkey_logins', 'latchkey_revocations') ORDER BY name`,
    )) ?? [];
  return Array.from(rows, ({ name }) => name);
}
