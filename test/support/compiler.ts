// The compiler options of the repository, for tests that ask the compiler something.
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './repository.js';

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);

/** The options of tsconfig.json, with the doors of the package mapped to its sources. */
export const compilerOptions: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root).options,
  noEmit: true,
};

/** Writes what the compiler found as lines that name file and line. */
export function describeDiagnostics(diagnostics: readonly ts.Diagnostic[]): string[] {
  return diagnostics.map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    if (diagnostic.file === undefined) return message;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    return `${diagnostic.file.fileName.slice(root.length + 1)}:${line + 1} ${message}`;
  });
}
