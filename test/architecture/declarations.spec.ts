import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { compilerOptions, describeDiagnostics } from '../support/compiler.js';
import { type Door, doors, library, manifest, optionalPeers, peersOf } from '../support/repository.js';

const dist = join(library, 'dist');

const required = Object.keys(manifest.peerDependencies).filter((name) => !optionalPeers.includes(name));

/** Follows the graph of declarations from a door and collects the packages that it mentions. */
function packagesMentionedBy(door: Door): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const queue = [join(dist, `${door.entry}.d.ts`)];
  for (const file of queue) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) queue.push(join(dirname(file), name.replace(/\.js$/, '.d.ts')));
      else packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return packages;
}

function importsOf(file: string): string[] {
  if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build" first`);
  const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return [...importedFiles, ...typeReferenceDirectives].map(({ fileName }) => fileName);
}

describe('the declarations', () => {
  it.each(doors.map((door) => [door.specifier, door] as const))(
    'of %s mention only its own peers',
    (specifier, door) => {
      const known = [...required, ...Object.keys(manifest.dependencies), ...(peersOf[specifier] ?? [])];
      const foreign = [...packagesMentionedBy(door)].filter(
        (name) => !name.startsWith('node:') && !known.includes(name),
      );
      expect(foreign).toEqual([]);
    },
  );

  it('type-check by themselves: nothing that was stripped is missing in what is left', () => {
    const entries = doors.map(({ entry }) => join(dist, `${entry}.d.ts`));
    const program = ts.createProgram(entries, { ...compilerOptions, skipLibCheck: false });
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(dist));
    expect(ours.length).toBeGreaterThan(doors.length);
    expect(describeDiagnostics(ours.flatMap((file) => program.getSemanticDiagnostics(file)))).toEqual([]);
  }, 120_000);

  it('keep the comments of the sources', () => {
    expect(readFileSync(join(dist, 'core/base/errors.d.ts'), 'utf8')).toContain('/** ');
  });
});
