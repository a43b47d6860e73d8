// Packs the library as `npm publish` would and installs it outside of this repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { library, manifest, optionalPeers, root } from './repository.js';

/** A folder outside the repository that holds the packed library and its required peers, and nothing else. */
export interface Installation {
  readonly tarball: string;
  /** Runs a line of JavaScript there, as an ES module or as CommonJS. */
  run(kind: 'module' | 'commonjs', code: string): { status: number | null; output: string };
  remove(): void;
}

/** npm passes its folder to its children; an npm started from `npm test` must not use this project. */
export const npmEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_(local_)?prefix)|^NODE_OPTIONS$|^INIT_CWD$/i.test(name),
  ),
);

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, env: npmEnvironment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Packs what `npm run build` left in dist (no script runs: other tests are using dist); gives the path of the tarball. */
export function packInto(folder: string): string {
  const [packed] = JSON.parse(npm(library, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as {
    filename: string;
  }[];
  return join(folder, packed?.filename ?? '');
}

/** Packs it and installs it. */
export function installPacked(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-packed-'));
  const tarball = packInto(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  npm(
    folder,
    'install',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    tarball,
    ...requiredPeers(),
  );
  return {
    tarball,
    run: (kind, code) => run(folder, kind, code),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

// The versions of this repository: its own install has left them in npm's cache.
function requiredPeers(): string[] {
  const names = Object.keys(manifest.peerDependencies).filter((name) => !optionalPeers.includes(name));
  return names.map((name) => {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    return `${name}@${version}`;
  });
}

function run(folder: string, kind: 'module' | 'commonjs', code: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`--input-type=${kind}`, '--eval', code], {
    cwd: folder,
    env: npmEnvironment,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/**
 * A program that loads doors both ways and counts the exports that are the same object. Classes that are the same stand for the state
 * of their modules, which is one as well.
 */
export function comparison(specifiers: readonly string[]): string {
  return `
    import { createRequire } from 'node:module';
    const require = createRequire(process.cwd() + '/program.js');
    for (const specifier of ${JSON.stringify(specifiers)}) {
      const [required, imported] = [require(specifier), await import(specifier)];
      const names = new Set([...Object.keys(required), ...Object.keys(imported)]);
      const differ = [...names].filter((name) => required[name] !== imported[name]);
      console.log(\`\${names.size - differ.length} same, \${differ.length} differ\`);
    }`;
}
