// The tests of a file as they are written: title, table of cases, source, and whether they are skipped.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { readText, root } from './repository.js';

/** One call of `it` or `test`. */
export interface WrittenTest {
  /** As it is written, with the placeholders of `it.each`. */
  readonly title: string;
  /** The values in each row of its table, if it has one. */
  readonly cases: readonly ReadonlySet<string>[];
  /** True if it, or a suite around it, is skipped, to be written, or expected to fail. */
  readonly skipped: boolean;
  /** Every string and number that it, or what it uses of its file, is written with. */
  readonly words: () => string;
}

const known = new Map<string, readonly WrittenTest[]>();

/** The tests of a file of the repository. Those whose titles are not string literals are left out. */
export function testsOf(file: string): readonly WrittenTest[] {
  const found = known.get(file) ?? testsIn(parsed(file));
  known.set(file, found);
  return found;
}

/** The tests of a text, as `testsOf()` finds them in a file. */
export function testsOfText(text: string): readonly WrittenTest[] {
  return testsIn(ts.createSourceFile('written.spec.ts', text, ts.ScriptTarget.ESNext, true));
}

const sources = new Map<string, ts.SourceFile>();

function parsed(file: string): ts.SourceFile {
  const source = sources.get(file) ?? ts.createSourceFile(file, readText(file), ts.ScriptTarget.ESNext, true);
  sources.set(file, source);
  return source;
}

function testsIn(source: ts.SourceFile): readonly WrittenTest[] {
  const found: WrittenTest[] = [];
  const visit = (node: ts.Node, skipped: boolean): void => {
    const call = ts.isCallExpression(node) ? jestCallOf(node) : undefined;
    const isSkipped = skipped || call?.skipped === true;
    if (call?.isTest === true && call.title !== undefined) {
      const cases = call.table === undefined ? [] : rowsOf(call.table, source);
      found.push({ title: call.title, cases, skipped: isSkipped, words: () => valuesOf(node, source).join('\n') });
    }
    ts.forEachChild(node, (child) => visit(child, isSkipped));
  };
  visit(source, false);
  return found;
}

interface JestCall {
  readonly isTest: boolean;
  readonly title: string | undefined;
  readonly table: ts.Node | undefined;
  readonly skipped: boolean;
}

const TESTS = ['it', 'test', 'xit', 'xtest', 'fit'];
const SUITES = ['describe', 'xdescribe', 'fdescribe'];
const NOT_RUN = ['skip', 'todo', 'failing'];

/** Reads `it('title')`, `it.each(table)('title')`, `describe.skip('title')`; anything else is `undefined`. */
function jestCallOf(call: ts.CallExpression): JestCall | undefined {
  const modifiers: string[] = [];
  let table: ts.Node | undefined;
  let callee: ts.Expression = call.expression;
  while (!ts.isIdentifier(callee)) {
    if (ts.isPropertyAccessExpression(callee)) {
      modifiers.push(callee.name.text);
      callee = callee.expression;
    } else if (ts.isCallExpression(callee)) {
      table ??= callee.arguments[0];
      callee = callee.expression;
    } else if (ts.isTaggedTemplateExpression(callee)) {
      table ??= callee.template;
      callee = callee.tag;
    } else return undefined;
  }
  const name = callee.text;
  if (![...TESTS, ...SUITES].includes(name)) return undefined;
  const [title] = call.arguments;
  return {
    isTest: TESTS.includes(name),
    title: title !== undefined && ts.isStringLiteralLike(title) ? title.text : undefined,
    table,
    skipped: name.startsWith('x') || modifiers.some((modifier) => NOT_RUN.includes(modifier)),
  };
}

/** The values of each row of a table: of the table itself, of a constant, or of what a constant is made of. */
function rowsOf(table: ts.Node, source: ts.SourceFile): ReadonlySet<string>[] {
  if (ts.isAsExpression(table) || ts.isSatisfiesExpression(table) || ts.isParenthesizedExpression(table)) {
    return rowsOf(table.expression, source);
  }
  if (ts.isSpreadElement(table)) return rowsOf(table.expression, source);
  if (ts.isArrayLiteralExpression(table)) {
    return table.elements.flatMap((row) =>
      ts.isSpreadElement(row) ? rowsOf(row, source) : [new Set(valuesOf(row, source))],
    );
  }
  const constant = ts.isIdentifier(table) ? constantOf(table.text, source) : undefined;
  return constant === undefined ? [new Set(valuesOf(table, source))] : rowsOf(constant, constant.getSourceFile());
}

/** The strings, numbers and names of members below a node, and in the constants and functions of the file that it uses. */
function valuesOf(root: ts.Node, source: ts.SourceFile, seen = new Set<string>()): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push(node.text);
    }
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) found.push(node.name.text);
    if (ts.isIdentifier(node) && !seen.has(node.text)) {
      seen.add(node.text);
      const constant = constantOf(node.text, source);
      if (constant !== undefined) found.push(...valuesOf(constant, constant.getSourceFile(), seen));
    }
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** What a constant of the file, or one that it imports from `test/support`, is made of. */
function constantOf(name: string, source: ts.SourceFile): ts.Node | undefined {
  const found = constantsOf(source).get(name);
  const path = found === undefined ? importOf(name, source) : undefined;
  return path === undefined ? found : constantsOf(parsed(path)).get(name);
}

const constants = new WeakMap<ts.SourceFile, Map<string, ts.Node>>();

/** The constants and functions of a file, by name. */
function constantsOf(source: ts.SourceFile): ReadonlyMap<string, ts.Node> {
  const remembered = constants.get(source);
  if (remembered !== undefined) return remembered;
  const found = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      if (!found.has(node.name.text)) found.set(node.name.text, node.initializer);
    }
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) found.set(node.name.text, node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  constants.set(source, found);
  return found;
}

/** The file of `test/support` from which the name is imported. */
function importOf(name: string, source: ts.SourceFile): string | undefined {
  const statement = source.statements.find((each): each is ts.ImportDeclaration => {
    const bindings = ts.isImportDeclaration(each) ? each.importClause?.namedBindings : undefined;
    return (
      bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.some((one) => one.name.text === name)
    );
  });
  const [, path] = /support\/([\w./-]+)\.js'/.exec(statement?.getText(source) ?? '') ?? [];
  const file = `test/support/${path}.ts`;
  return path !== undefined && existsSync(join(root, file)) ? file : undefined;
}
