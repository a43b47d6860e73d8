// Puts a module into the imports of the root module. What it does not understand it leaves alone.
import { appendedToList, closingOf, codeOnly, insertedAt, membersOf, withImport } from './source-text.js';

/** A class, and the module specifier that it comes from. */
export interface Imported {
  readonly name: string;
  readonly from: string;
}

/** The position of the object literal of the only `@Module({...})` of a file; `undefined` if there is none, or more than one. */
export function moduleObject(code: string): number | undefined {
  const found = [...code.matchAll(/@Module\s*\(\s*\{/g)];
  const [only] = found;
  return only === undefined || found.length > 1 ? undefined : only.index + only[0].length - 1;
}

/** The source of the root module with one more import; `undefined` if it is not written in a way that is understood. */
export function withModule(text: string, { name, from }: Imported): string | undefined {
  const code = codeOnly(text);
  const open = moduleObject(code);
  if (open === undefined || closingOf(code, open) === undefined) return undefined;
  const members = membersOf(code, open);
  if (members === undefined) return undefined;
  const imports = members.find((member) => member.name === 'imports');
  const edited =
    imports === undefined
      ? insertedAt(text, open + 1, `${text.includes('\r\n') ? '\r\n' : '\n'}  imports: [${name}],`)
      : appendedToList(text, imports.value, name);
  return edited === undefined ? undefined : withImport(edited, `import { ${name} } from '${from}';`);
}
