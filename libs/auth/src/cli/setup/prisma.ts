// What of Prisma a project has: the class of its client, and the schema.
import { posix } from 'node:path';
import type { SqlDialect } from '../../sql/index.js';
import { schemaText } from '../../sql/schema-formats.js';
import { codeOnly } from './source-text.js';
import type { ProjectFiles } from './project.js';
import { ACCOUNT_MODEL, type NewFile, type UsersParts } from './users-templates.js';

const SCHEMA = 'prisma/schema.prisma';

/** The one class of the sources that extends PrismaClient, seen from the folder of what is generated. */
export function prismaServiceIn(files: ProjectFiles, sourceRoot: string, extension: string): UsersParts['prisma'] {
  const found = files.list(sourceRoot).flatMap((path) => {
    const code = path.endsWith('.ts') ? codeOnly(files.read(path) ?? '') : '';
    const [, name] = /export\s+class\s+(\w+)\s+extends\s+PrismaClient\b/.exec(code) ?? [];
    const from = posix.relative(posix.join(sourceRoot, 'auth'), path.slice(0, -'.ts'.length));
    return name === undefined ? [] : [{ name, from: `${from}${extension}` }];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** The dialect of the database that the schema names. */
export function dialectOf(files: ProjectFiles): SqlDialect | undefined {
  const [, provider] = /datasource\s+\w+\s*\{[^}]*provider\s*=\s*"(\w+)"/.exec(files.read(SCHEMA) ?? '') ?? [];
  const dialects: Readonly<Record<string, SqlDialect>> = { postgresql: 'postgres', mysql: 'mysql', sqlite: 'sqlite' };
  return provider === undefined ? undefined : dialects[provider];
}

/** The schema with the models that it lacks, and the names of those that it had. */
export function withModels(
  files: ProjectFiles,
  dialect: string | undefined,
): { readonly changed: NewFile | undefined; readonly present: readonly string[] } {
  const before = files.read(SCHEMA) ?? '';
  const stores = schemaText('prisma', { dialect: dialect as SqlDialect }).split(/\n\n(?=model )/);
  const models = [ACCOUNT_MODEL, ...stores.slice(1)].map((text) => ({ text, name: text.split(' ')[1] ?? '' }));
  const isThere = ({ name }: { readonly name: string }): boolean =>
    new RegExp(`^model\\s+${name}\\b`, 'm').test(before);
  const added = models.filter((model) => !isThere(model)).map(({ text }) => text);
  const text = `${before.trimEnd()}\n\n${added.join('\n\n')}\n`;
  return {
    changed: added.length === 0 ? undefined : { path: SCHEMA, text },
    present: models.filter(isThere).map(({ name }) => name),
  };
}
