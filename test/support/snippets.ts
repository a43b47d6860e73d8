// Finds the TypeScript in README.md and in the doc comments of the library, type-checks it and runs it.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { compilerOptions, describeDiagnostics } from './compiler.js';
import { root } from './repository.js';

/** A piece of code in a document. Files that an earlier snippet titled can be imported by it, from `./title.js`. */
export interface Snippet {
  /** Its place, for messages: path and line. */
  readonly place: string;
  readonly fileName: string;
  readonly code: string;
  /** False if the fence says `no-run`: it type-checks, but needs surroundings that a test cannot provide. */
  readonly runs: boolean;
  readonly earlier: readonly Snippet[];
}

const fence = /^```(?:ts|typescript)\b([^\n]*)\n([\s\S]*?)^```/gm;

/** Lists the fenced TypeScript of a Markdown document; `title="users.service.ts"` in a fence names its file. */
export function markdownSnippets(path: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  for (const { 1: words = '', 2: code = '', index } of text.matchAll(fence)) {
    const line = lineAt(text, index);
    const fileName = basename(/title="([^"]+)"/.exec(words)?.[1] ?? `line-${line}.ts`);
    found.push({ place: `${path}:${line}`, fileName, code, runs: !/\bno-run\b/.test(words), earlier: [...found] });
  }
  return found;
}

/** Lists the fenced TypeScript in the doc comments of a source file, each on its own. */
export function exampleSnippets(path: string, text: string): Snippet[] {
  return docComments(text).flatMap(({ line, comment }) =>
    markdownSnippets(path, comment).map((snippet) => ({ ...snippet, place: `${path}:${line}`, earlier: [] })),
  );
}

/** Lists the doc comments that have an `@example` without a fence: nothing would check it. */
export function unfencedExamples(path: string, text: string): string[] {
  const unfenced = docComments(text).filter(({ comment }) => /^@example\b(?!\s*(<caption>.*)?\s*```ts)/m.test(comment));
  return unfenced.map(({ line }) => `${path}:${line} has an @example without a \`\`\`ts fence`);
}

function docComments(text: string): { line: number; comment: string }[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].map(({ 0: whole, index }) => ({
    line: lineAt(text, index),
    comment: whole.replace(/^\/\*\*|\s*\*\/$/g, '').replace(/^[ \t]*\* ?/gm, ''),
  }));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const folder = join(root, 'test/snippet');
const runner = join(root, 'test/support/run-snippet.js');
/** What the runner prints when the server of a snippet listens. */
const LISTENED = 'a server listens';
const options: ts.CompilerOptions = {
  ...compilerOptions,
  noUnusedLocals: false,
  noUnusedParameters: false,
  moduleDetection: ts.ModuleDetectionKind.Force,
};
const runOptions: ts.CompilerOptions = { ...options, module: ts.ModuleKind.ESNext, sourceMap: false };
// Parsing Nest's declarations is most of the work, and the same for every snippet.
const parsed = new Map<string, ts.SourceFile | undefined>();

/**
 * Type-checks snippets with the options of this repository; returns the errors of the compiler. All are checked in one program, but for
 * those that declare types for the whole program, or import a file that does: each of them is one.
 */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  const together = snippets.filter((snippet) => !declares(snippet));
  return [together, ...snippets.filter(declares).map((snippet) => [snippet])].flatMap(errorsOfProgram);
}

function declares(snippet: Snippet): boolean {
  const files = filesOf(snippet);
  const seen = new Set<string>();
  const declaresIn = (fileName: string): boolean => {
    const code = files.get(fileName);
    if (code === undefined || seen.has(fileName)) return false;
    seen.add(fileName);
    const imported = [...code.matchAll(/'\.\/([^']+)\.js'/g)].map(([, name]) => `${name}.ts`);
    return /\bdeclare\b/.test(code) || imported.some(declaresIn);
  };
  return declaresIn(snippet.fileName);
}

/** The files that a snippet may import, and its own. */
function filesOf({ earlier, fileName, code }: Snippet): Map<string, string> {
  return new Map([...earlier, { fileName, code }].map((file) => [file.fileName, file.code]));
}

/** Each snippet lies in a folder of its own, with the files that it may import. */
function errorsOfProgram(snippets: readonly Snippet[]): string[] {
  const placed = snippets.map((snippet, index) => ({ snippet, at: join(folder, String(index)) }));
  const files = new Map(
    placed.flatMap(({ snippet, at }) => [...filesOf(snippet)].map(([name, code]) => [join(at, name), code] as const)),
  );
  const pathOf = ({ snippet, at }: (typeof placed)[number]): string => join(at, snippet.fileName);
  const program = ts.createProgram(placed.map(pathOf), options, hostWith(files));
  return placed.flatMap((one) => {
    const source = program.getSourceFile(pathOf(one));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return describeDiagnostics(found).map((message) => `${one.snippet.place} ${message}`);
  });
}

function hostWith(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  const directoryExists = host.directoryExists?.bind(host);
  return Object.assign(host, {
    fileExists: (path: string) => files.has(path) || fileExists.call(host, path),
    readFile: (path: string) => files.get(path) ?? readFile.call(host, path),
    directoryExists: (path: string) => path.startsWith(folder) || (directoryExists?.(path) ?? true),
    getSourceFile: (path: string, language: ts.ScriptTarget | ts.CreateSourceFileOptions) => {
      const code = files.get(path);
      if (code !== undefined) return ts.createSourceFile(path, code, language, true);
      if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, language));
      return parsed.get(path);
    },
  });
}

/**
 * Runs snippets of one document on the built library: imports each and boots each Nest module that it exports. Throws what went wrong.
 * Those that start a server have a process each.
 */
export function runSnippets(snippets: readonly Snippet[]): void {
  const listens = (snippet: Snippet): boolean => /\blisten\(/.test(snippet.code);
  const alone = snippets.filter(listens).map((snippet) => [snippet]);
  const problems = [snippets.filter((snippet) => !listens(snippet)), ...alone].flatMap(problemsInProcess);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function problemsInProcess(snippets: readonly Snippet[]): string[] {
  if (snippets.length === 0) return [];
  const parent = join(root, 'coverage/snippets');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'run-'));
  const paths = new Map(
    snippets.map((snippet, index) => [writeSnippet(snippet, join(directory, `${index}`)), snippet]),
  );
  const { stdout, stderr } = spawnSync(process.execPath, [runner, ...paths.keys()], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 30_000 + 5_000 * snippets.length,
    env: { ...process.env, JWT_SECRET: randomBytes(48).toString('base64url') },
  });
  rmSync(directory, { recursive: true });
  const hasRun = (path: string): boolean => stdout.includes(`ran ${path}\n`) || stdout.includes(LISTENED);
  const failed = [...paths].filter(([path]) => !hasRun(path)).map(([, { place }]) => `${place} failed`);
  return failed.length === 0 ? [] : [...failed, stdout, stderr];
}

/** @returns where it lies, beside the files that it may import */
function writeSnippet(snippet: Snippet, directory: string): string {
  mkdirSync(directory);
  for (const { fileName, code } of [...snippet.earlier, snippet]) {
    const { outputText } = ts.transpileModule(code, { compilerOptions: runOptions });
    writeFileSync(join(directory, fileName.replace(/\.ts$/, '.js')), outputText);
  }
  return join(directory, snippet.fileName.replace(/\.ts$/, '.js'));
}

/**
 * Imports a titled snippet into the process of the test, on the sources of the library, with those that it may import.
 * @param title the file name in its fence
 */
export async function importSnippet(snippets: readonly Snippet[], title: string): Promise<Record<string, unknown>> {
  const snippet = snippets.find(({ fileName }) => fileName === title);
  if (snippet === undefined) throw new Error(`No snippet is titled ${title}.`);
  const parent = join(root, 'coverage/snippets');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'import-'));
  try {
    for (const { fileName, code } of [...snippet.earlier, snippet]) writeFileSync(join(directory, fileName), code);
    return (await import(join(directory, title))) as Record<string, unknown>;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
