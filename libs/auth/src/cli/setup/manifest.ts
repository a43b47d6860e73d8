// The packages that what is generated needs, in package.json.
import { packagesOf } from './project.js';

/** The ranges of the peers that the library states. A test compares them with its manifest. */
export const COMPANIONS: Readonly<Record<string, string>> = {
  '@node-rs/argon2': '^2.0.0',
  'class-transformer': '^0.5.1',
  'class-validator': '^0.14.0 || ^0.15.0',
};

/** The manifest with the packages that it lacks, written as it was; `undefined` if it lacks none. */
export function withPackages(text: string): string | undefined {
  const manifest = JSON.parse(text) as Record<string, unknown>;
  const present = packagesOf(manifest);
  const missing = Object.entries(COMPANIONS).filter(([name]) => !present.has(name));
  if (missing.length === 0) return undefined;
  const { dependencies = {} } = manifest as { dependencies?: object };
  const all = Object.entries({ ...dependencies, ...Object.fromEntries(missing) });
  const sorted = Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
  const indent = /^[ \t]+/m.exec(text)?.[0] ?? '  ';
  const end = text.endsWith('\n') ? '\n' : '';
  return JSON.stringify({ ...manifest, dependencies: sorted }, null, indent) + end;
}
