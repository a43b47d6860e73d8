// `latchkey schema`, and the files of the package that it made.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { getTableConfig as mysqlConfig, type MySqlTable } from 'drizzle-orm/mysql-core';
import { getTableConfig as pgConfig, type PgTable } from 'drizzle-orm/pg-core';
import { getTableConfig as sqliteConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core';
import { SCHEMA_VERSION, sqlSchema } from 'nestjs-latchkey/sql';
import { schemaFiles } from '../../tools/schema-files.js';
import { readText, root } from '../support/repository.js';

function latchkey(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const command = join(root, 'libs/auth/bin/latchkey.js');
  return spawnSync(process.execPath, [command, 'schema', ...args], { encoding: 'utf8' });
}

/** The columns and the primary key of each table in printed statements. */
function tablesOf(statements: readonly string[]): Record<string, readonly string[]> {
  const tables = statements.flatMap((statement) => {
    const [, name, body = ''] = /^CREATE TABLE IF NOT EXISTS ["`](\w+)["`] \(\n([\s\S]*)\n\)/.exec(statement) ?? [];
    const lines = body.split(',\n').map((line) => line.trim());
    return name === undefined ? [] : [[name, lines.filter((line) => !line.startsWith('KEY'))] as const];
  });
  return Object.fromEntries(tables);
}

describe('latchkey schema', () => {
  it.each(schemaFiles)('prints what stands in schema/$name: renew it with node tools/schema-files.js', (file) => {
    const { stdout } = latchkey('--dialect', file.dialect, '--format', file.format);
    expect(stdout).toBe(readText(`libs/auth/schema/${file.name}`));
  });

  it('has no other file in the package', () => {
    const names = schemaFiles.map(({ name }) => name).toSorted();
    expect(readdirSync(join(root, 'libs/auth/schema')).toSorted()).toEqual(names);
  });

  it('prints the statements with a prefix and in a schema', () => {
    const { stdout } = latchkey('--dialect', 'postgres', '--prefix', 'own_', '--schema', 'apart');
    expect(stdout).toContain('CREATE TABLE IF NOT EXISTS "apart"."own_latchkey_logins" (');
    expect(stdout).toContain(
      'CREATE INDEX IF NOT EXISTS "own_latchkey_logins_subject" ON "apart"."own_latchkey_logins"',
    );
    expect(stdout).not.toMatch(/ "latchkey_/);
  });

  it('prints only what came after a version', () => {
    const { stdout } = latchkey('--dialect', 'postgres', '--from', '3');
    expect(stdout).toContain('ALTER TABLE "latchkey_logins" ADD COLUMN IF NOT EXISTS replaced_earlier text;');
    expect(stdout).not.toContain('"latchkey_audit"');
    expect(latchkey('--dialect', 'sqlite', '--from', String(SCHEMA_VERSION)).stdout.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [[], '--dialect is required: postgres, mysql, sqlite'],
    [['--dialect', 'oracle'], '--dialect is oracle; accepted are postgres, mysql, sqlite'],
    [['--dialect', 'mysql', '--format', 'yaml'], '--format is yaml; accepted are sql, prisma, drizzle'],
    [['--dialect', 'mysql', '--from', '99'], `--from is 99; accepted is a version from 0 to ${SCHEMA_VERSION}`],
    [['--dialect', 'mysql', '--from', 'x'], '--from is x'],
    [['--dialect', 'mysql', '--format', 'prisma', '--from', '1'], '--from is for --format sql'],
    [['--dialect', 'mysql', '--prefix', 'a b'], 'prefix is "a b"; accepted are letters, digits and _'],
    [['--dialect', 'mysql', '--prefx', 'a'], 'did you mean --prefix?'],
  ])('refuses %j', (args, sentence) => {
    const { status, stdout, stderr } = latchkey(...args);
    expect(stderr).toContain(sentence);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
  });
});

describe('the schema files of Drizzle', () => {
  const dialects = [
    ['postgres', (table: object) => pgConfig(table as PgTable)],
    ['mysql', (table: object) => mysqlConfig(table as MySqlTable)],
    ['sqlite', (table: object) => sqliteConfig(table as SQLiteTable)],
  ] as const;

  it.each(dialects)('describe for %s the tables of the statements', async (dialect, configOf) => {
    const tables = (await import(join(root, `libs/auth/schema/${dialect}.drizzle.ts`))) as Record<string, object>;
    const described = Object.values(tables).map((table) => {
      const { name, columns, primaryKeys, indexes } = configOf(table);
      const lines = columns.map(
        (column) => `${column.name} ${column.getSQLType()}${column.notNull ? ' NOT NULL' : ''}`,
      );
      const key = primaryKeys.map((each) => `PRIMARY KEY (${each.columns.map((column) => column.name).join(', ')})`);
      expect(indexes.every(({ config }) => config.name?.startsWith(name))).toBe(true);
      return [name, [...lines, ...key]] as const;
    });
    const plain = (line: string): string => line.replace(/ CHARACTER SET \w+( COLLATE \w+)?/, '');
    // SQLite knows kinds of values, not lengths.
    const kind = (line: string): string =>
      dialect === 'sqlite' ? line.replace(/varchar\(\d+\)/, 'text').replace('bigint', 'integer') : line;
    const wanted = Object.entries(tablesOf(sqlSchema({ dialect }))).map(([name, lines]) => [
      name,
      lines.map((line) => kind(plain(line))),
    ]);
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(wanted));
    expect(described.length).toBeGreaterThan(3);
  });
});
