// Writes libs/auth/schema: the tables of the SQL stores for each dialect, as `latchkey schema` prints them. After `npm run build`:
// node tools/schema-files.js
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const library = join(import.meta.dirname, '../libs/auth');

/** The files, by what they are made with. */
export const schemaFiles = ['postgres', 'mysql', 'sqlite'].flatMap((dialect) => [
  { name: `${dialect}.sql`, dialect, format: 'sql' },
  { name: `${dialect}.prisma`, dialect, format: 'prisma' },
  { name: `${dialect}.drizzle.ts`, dialect, format: 'drizzle' },
]);

/** What the command prints. @param {{ dialect: string, format: string }} options */
export function printedSchema({ dialect, format }) {
  const args = [join(library, 'bin/latchkey.js'), 'schema', '--dialect', dialect, '--format', format];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(join(library, 'schema'), { recursive: true });
  for (const file of schemaFiles) writeFileSync(join(library, 'schema', file.name), printedSchema(file));
}
