// Each file in cases/ is a program of its own, because `interface Register` is global to a program. It only has to compile:
// `Equals` for what must hold, `@ts-expect-error` for what must not.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions, describeDiagnostics } from '../support/compiler.js';
import { root } from '../support/repository.js';

const folder = join(root, 'test/types/cases');

describe('the types', () => {
  it.each(readdirSync(folder))('hold in %s', (file) => {
    const program = ts.createProgram([join(folder, file)], { ...compilerOptions, noUnusedLocals: false });
    const source = program.getSourceFile(join(folder, file));
    expect(describeDiagnostics(program.getSyntacticDiagnostics(source))).toEqual([]);
    expect(describeDiagnostics(program.getSemanticDiagnostics(source))).toEqual([]);
  });
});
