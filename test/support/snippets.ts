// Finds the TypeScript in README.md and in the doc comments of the library, type-checks it and runs it.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
 * those that declare types for the whole program: each of them is one.
 */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  const isAlone = (snippet: Snippet): boolean =>
    [snippet, ...snippet.earlier].some(({ code }) => /\bdeclare\b/.test(code));
  const together = snippets.filter((snippet) => !isAlone(snippet));
  return [together, ...snippets.filter(isAlone).map((snippet) => [snippet])].flatMap(errorsOfProgram);
}

/** Each snippet lies in a folder of its own, with the files that it may import. */
function errorsOfProgram(snippets: readonly Snippet[]): string[] {
  const placed = snippets.map((snippet, index) => ({ snippet, path: join(folder, String(index), snippet.fileName) }));
  const files = new Map(
    placed.flatMap(({ snippet, path }) =>
      [...snippet.earlier, snippet].map(({ fileName, code }) => [join(dirname(path), fileName), code] as const),
    ),
  );
  const program = ts.createProgram(
    placed.map(({ path }) => path),
    options,
    hostWith(files),
  );
  return placed.flatMap(({ snippet, path }) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return describeDiagnostics(found).map((message) => `${snippet.place} ${message}`);
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

/** Runs a snippet as a program on the built library: imports it and boots each Nest module it exports. Throws what went wrong. */
export function runSnippet(snippet: Snippet): void {
  const parent = join(root, 'coverage/snippets');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'run-'));
  for (const { fileName, code } of [...snippet.earlier, snippet]) {
    const { outputText } = ts.transpileModule(code, { compilerOptions: runOptions });
    writeFileSync(join(directory, fileName.replace(/\.ts$/, '.js')), outputText);
  }
  const runner = join(dirname(folder), 'support/run-snippet.js');
  const args = [runner, join(directory, snippet.fileName.replace(/\.ts$/, '.js'))];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: directory,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, JWT_SECRET: randomBytes(48).toString('base64url') },
  });
  rmSync(directory, { recursive: true });
  if (status !== 0) throw new Error(`${snippet.place} failed:\n${stdout}${stderr}`);
}
