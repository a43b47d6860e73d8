// Adds entities and migrations to the options of `TypeOrmModule.forRoot({...})` in the root module, if they stand there as a literal.
import { appendedToList, codeOnly, insertedAt, membersOf, withImport, indentAt, type Member } from './source-text.js';

/** What the options need, as expressions. */
export interface TypeOrmNeeds {
  readonly entities: readonly string[];
  readonly migrations: readonly string[];
  /** Where each name comes from. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The root module with what is needed; `undefined` if the options are elsewhere, or are not understood. */
export function withTypeOrm(text: string, needs: TypeOrmNeeds): string | undefined {
  const runsItself = !hasMigrations(text);
  const withMigrations = edited(text, 'migrations', needs.migrations);
  const withEntities = withMigrations && edited(withMigrations, 'entities', needs.entities);
  const running = withEntities && runsItself ? runningMigrations(withEntities) : withEntities;
  return running && importing(running, needs);
}

/** The names that the options now have are imported, one line for each file. */
function importing(text: string, { sources }: TypeOrmNeeds): string {
  const used = Object.entries(sources).filter(([name]) => new RegExp(`\\b${name}\\b`).test(codeOnly(text)));
  return importLines(Object.fromEntries(used)).reduce(withImport, text);
}

/** The imports of names, as lines. */
export function importLines(sources: Readonly<Record<string, string>>): readonly string[] {
  const files = [...new Set(Object.values(sources))];
  const namesOf = (file: string): readonly string[] => Object.keys(sources).filter((name) => sources[name] === file);
  return files.map((file) => `import { ${namesOf(file).join(', ')} } from '${file}';`);
}

function edited(text: string, name: string, elements: readonly string[]): string | undefined {
  const found = optionsIn(text);
  if (found === undefined) return undefined;
  const { open, members } = found;
  const member = members.find((each) => each.name === name);
  if (member !== undefined) return appendedToList(text, member.value, elements.join(', '));
  // Every entity of `forFeature()` is found by itself.
  if (name === 'entities' && members.some((each) => each.name === 'autoLoadEntities'))
    return isTrue(text, members, 'autoLoadEntities') ? text : undefined;
  return withMember(text, open, name === 'entities' ? 'autoLoadEntities: true' : `${name}: [${elements.join(', ')}]`);
}

/** Who has migrations runs them in some way, which must not become another one: the old ones would run at the next start, too. */
function hasMigrations(text: string): boolean {
  return optionsIn(text)?.members.some(({ name }) => name === 'migrations') === true;
}

/** Migrations that nothing runs leave the tables unmade. What is stated stays as it is. */
function runningMigrations(text: string): string | undefined {
  const found = optionsIn(text);
  if (found === undefined) return undefined;
  const isStated = found.members.some(({ name }) => name === 'migrationsRun');
  return isStated ? text : withMember(text, found.open, 'migrationsRun: true');
}

function isTrue(text: string, members: readonly Member[], name: string): boolean {
  const value = members.find((each) => each.name === name)?.value;
  return value !== undefined && text.slice(value.from, value.to) === 'true';
}

function withMember(text: string, open: number, member: string): string {
  const first = /^\s*/.exec(text.slice(open + 1))?.[0] ?? '';
  const isOnOneLine = !first.includes('\n');
  return insertedAt(
    text,
    open + 1,
    isOnOneLine ? ` ${member},` : `\n${indentAt(text, open + 1 + first.length)}${member},`,
  );
}

function optionsIn(text: string): { readonly open: number; readonly members: readonly Member[] } | undefined {
  const code = codeOnly(text);
  const calls = [...code.matchAll(/TypeOrmModule\s*\.\s*forRoot\s*\(\s*\{/g)];
  const [call] = calls;
  if (call === undefined || calls.length > 1) return undefined;
  const open = call.index + call[0].length - 1;
  const members = membersOf(code, open);
  return members === undefined ? undefined : { open, members };
}
