// Runs the contracts of the stores, of the audit sink and of the key set cache on `node:sqlite`, in a Node that has it, with the built
// package. Prints what failed, and how many passed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeSqliteDatabase, SqlKeySetCache, sqlAuditSink, sqlSchema, sqlStores } from 'nestjs-latchkey/sql';
import { auditSinkContract, keySetCacheContract, storeContract } from 'nestjs-latchkey/testing';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-node-sqlite-'));
const database = nodeSqliteDatabase(join(folder, 'database'));
for (const statement of sqlSchema({ dialect: 'sqlite' })) await database.execute(statement, []);

async function empty() {
  for (const table of ['revocations', 'logins', 'one_time', 'key_sets', 'audit'])
    await database.execute(`DELETE FROM latchkey_${table}`, []);
  return { database };
}

/** @param {import('nestjs-latchkey').Clock} clock */
const makeStores = async (clock) => sqlStores(await empty()).useFactory(clock);
const cases = [
  ...storeContract.map(({ name, run }) => [name, () => run(makeStores)]),
  ...auditSinkContract.map(({ name, run }) => [name, () => run(async () => sqlAuditSink(await empty()).useFactory())]),
  ...keySetCacheContract.map(({ name, run }) => [
    name,
    () => run(async () => new SqlKeySetCache((await empty()).database)),
  ]),
];
let passed = 0;
for (const [name, run] of /** @type {[string, () => Promise<void>][]} */ (cases)) {
  await run().then(
    () => (passed += 1),
    (error) => process.stdout.write(`failed: ${name}: ${error.stack}\n`),
  );
}
process.stdout.write(`passed ${passed} of ${cases.length}\n`);
rmSync(folder, { recursive: true, force: true });
