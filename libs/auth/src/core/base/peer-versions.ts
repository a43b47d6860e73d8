// Peers in versions that the library was not tested with. npm refuses to install them, unless it runs with --force.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const PACKAGE = 'nestjs-latchkey';

interface Manifest {
  readonly version: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A sentence for each peer that is installed in a version outside the range of the manifest. None in a bundle, which has no manifests. */
export function peerVersionNotices(read: (name: string) => Manifest | undefined = readManifest): readonly string[] {
  const { peerDependencies = {} } = read(PACKAGE) ?? {};
  return Object.entries(peerDependencies).flatMap(([name, range]) => {
    const version = read(name)?.version;
    if (version === undefined || isWithin(version, range)) return [];
    return [`${name} ${version} is installed, and ${PACKAGE} works with ${range}.`];
  });
}

/** Read from the folder, because the `exports` of some packages do not let their manifest out. */
function readManifest(name: string): Manifest | undefined {
  try {
    const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
    const files = folders.map((folder) => join(folder, name, 'package.json'));
    const file = files.find((each) => existsSync(each));
    return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Manifest);
  } catch {
    return undefined;
  }
}

/** As far as the manifest uses ranges: alternatives of `^1.2.3`, or of a lower and an upper bound. Pre-releases count as their release. */
function isWithin(version: string, range: string): boolean {
  const found = numbersOf(version);
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .split(/\s+/)
      .every((bound) => meets(found, bound)),
  );
}

function meets(found: readonly number[], bound: string): boolean {
  const wanted = numbersOf(bound);
  if (bound.startsWith('<')) return compare(found, wanted) < 0;
  if (bound.startsWith('>=')) return compare(found, wanted) >= 0;
  // A caret lets everything rise behind the first number that is not zero.
  const fixed = wanted.findIndex((number) => number > 0) + 1;
  return compare(found, wanted) >= 0 && compare(found.slice(0, fixed), wanted.slice(0, fixed)) === 0;
}

function numbersOf(text: string): readonly number[] {
  const [major = 0, minor = 0, patch = 0] = (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  return [major, minor, patch];
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((number, index) => number !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
