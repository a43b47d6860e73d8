// Which types the published declarations mention, and which of them no door exports.
import { join, relative } from 'node:path';
import ts from 'typescript';
import { compilerOptions } from './compiler.js';
import { type Door, library } from './repository.js';

/** A type that a user meets and cannot name. */
export interface UnexportedType {
  /** Where a door mentions it: `nestjs-latchkey: TokenService`. */
  readonly mentionedBy: string;
  /** `name (file)` of the declaration. */
  readonly type: string;
}

/** Compiles the sources of some entries to declarations, in memory: `private` members lose their types there, as in the package. */
function declarationsOf(entries: readonly string[], options: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(options);
  const written = new Map<string, string>();
  // Both programs see the same packages; parsing their declarations is most of the work.
  const parsed = new Map<string, ts.SourceFile | undefined>();
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (path, language) => {
    if (!parsed.has(path)) parsed.set(path, parse(path, language));
    return parsed.get(path);
  };
  const emitting = { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true };
  ts.createProgram([...entries], { ...emitting, sourceMap: false, inlineSources: false }, host).emit(
    undefined,
    (path, text) => void written.set(path, text),
  );
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  Object.assign(host, {
    // A source with declarations hides behind them.
    fileExists: (path: string) =>
      written.has(path) || (!written.has(path.replace(/(?<!\.d)\.ts$/, '.d.ts')) && fileExists(path)),
    readFile: (path: string) => written.get(path) ?? readFile(path),
    getSourceFile: (path: string, language: ts.ScriptTarget | ts.CreateSourceFileOptions) => {
      const text = written.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, language, true);
      if (!parsed.has(path)) parsed.set(path, parse(path, language));
      return parsed.get(path);
    },
  });
  const declared = entries.map((path) => path.replace(/\.ts$/, '.d.ts'));
  return ts.createProgram(declared, { ...options, noEmit: true }, host);
}

/**
 * Lists the types of the library that a signature of a door mentions, and that no door exports. Whatever one of them mentions itself is
 * not followed: a user cannot reach it either.
 */
export function unexportedTypes(
  doors: readonly Door[],
  { root = join(library, 'src'), options = compilerOptions }: { root?: string; options?: ts.CompilerOptions } = {},
): readonly UnexportedType[] {
  const entries = doors.map(({ entry }) => join(root, `${entry}.ts`));
  const program = declarationsOf(entries, options);
  const checker = program.getTypeChecker();
  const resolved = (symbol: ts.Symbol) =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  const exported = doors.map((door, index) => {
    const file = program.getSourceFile((entries[index] ?? '').replace(/\.ts$/, '.d.ts'));
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${door.specifier} has no declarations`);
    return { door, symbols: checker.getExportsOfModule(module).map(resolved) };
  });
  const reachable = new Set(exported.flatMap(({ symbols }) => symbols));
  const found = new Map<string, UnexportedType>();
  for (const { door, symbols } of exported) {
    for (const symbol of symbols) {
      for (const mentioned of mentionedBy(symbol)) {
        const type = nameOf(mentioned);
        const mentionedBy = `${door.specifier}: ${symbol.name}`;
        if (!reachable.has(mentioned)) found.set(`${mentionedBy} ${type}`, { mentionedBy, type });
      }
    }
  }
  return [...found.values()];

  function mentionedBy(symbol: ts.Symbol): Set<ts.Symbol> {
    const mentioned = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node) && isMention(node)) {
        const at = checker.getSymbolAtLocation(node);
        const target = at && resolved(at);
        if (target && isOurs(target) && !symbol.declarations?.some((own) => contains(own, target)))
          mentioned.add(target);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations ?? []) visit(declaration);
    return mentioned;
  }

  function isOurs(symbol: ts.Symbol): boolean {
    return symbol.declarations?.some((node) => node.getSourceFile().fileName.startsWith(root)) ?? false;
  }

  function nameOf(symbol: ts.Symbol): string {
    const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? '';
    return `${symbol.name} (${relative(root, file).replace(/\.d\.ts$/, '.ts')})`;
  }
}

/** The name in a type reference, a heritage clause, `typeof x` or `import('x').Y`. */
function isMention({ parent }: ts.Identifier): boolean {
  return (
    ts.isTypeReferenceNode(parent) ||
    ts.isExpressionWithTypeArguments(parent) ||
    ts.isTypeQueryNode(parent) ||
    ts.isImportTypeNode(parent) ||
    ts.isQualifiedName(parent) ||
    ts.isTypePredicateNode(parent)
  );
}

/** Type parameters and members belong to what declares them. */
function contains(outer: ts.Node, inner: ts.Symbol): boolean {
  return (
    inner.declarations?.every(
      (node) => node.getSourceFile() === outer.getSourceFile() && node.pos >= outer.pos && node.end <= outer.end,
    ) ?? false
  );
}
