// The CommonJS build in `dist/commonjs`, made of the ES modules in `dist` after tsc (docs/adr/0033). Jest loads it, which cannot
// `require` an ES module. jose is published as ES modules only, so that the functions that the library calls are in the build.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { packageDoors } from './doors.js';

const dist = join(import.meta.dirname, '../libs/auth/dist');
const target = join(dist, 'commonjs');

/** Where a module goes: jose has a folder of its own, because npm packs no folder of the name `node_modules`. */
const fileNames = (/** @type {{ name: string }} */ { name }) =>
  `${name.replace(/^.*node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?/, 'vendored/')}.js`;

async function bundle() {
  const input = Object.fromEntries(packageDoors().map(({ entry }) => [entry, join(dist, `${entry}.js`)]));
  const build = await rolldown({ input, platform: 'node', external: (id) => !/^[./]|^jose$/.test(id) });
  await build.write({
    dir: target,
    format: 'cjs',
    // One file for each module, as in `dist`: classes keep their names, which Nest shows.
    preserveModules: true,
    preserveModulesRoot: dist,
    exports: 'named',
    // Jest cannot `import()` either.
    dynamicImportInCjs: false,
    entryFileNames: fileNames,
    chunkFileNames: fileNames,
  });
  await build.close();
}

/** The declarations, once more: below this manifest the compiler takes them for CommonJS. */
function declare() {
  writeFileSync(join(target, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.d.ts') && !/^(commonjs|cli)\b/.test(name))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    writeFileSync(join(target, file), takeTypes(readFileSync(join(dist, file), 'utf8')));
  }
}

/** CommonJS may import the types of an ES module, if it says that it knows (TypeScript 5.3). */
function takeTypes(/** @type {string} */ declaration) {
  const imports = /^import (?:type \{ (.*) \}|\{ type (\w+) \}) from 'jose';$/gm;
  const written = declaration.replace(
    imports,
    (_, many, one) => `import type { ${many ?? one} } from 'jose' with { 'resolution-mode': 'import' };`,
  );
  if (/from 'jose';/.test(written)) throw new Error('A declaration imports from jose in a way that is not known here.');
  return written;
}

/** What the licence of jose asks for, and the version for tools that look for known faults. */
function nameJose() {
  const from = join(fileURLToPath(import.meta.resolve('jose')), '../../..');
  const into = join(target, 'vendored/jose');
  const { name, version, license } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  writeFileSync(join(into, 'package.json'), `${JSON.stringify({ name, version, license, type: 'commonjs' })}\n`);
  cpSync(join(from, 'LICENSE.md'), join(into, 'LICENSE.md'));
}

/** What `require` loads where the loader can load ES modules. A file of ours, so that Node does not warn of an experiment. */
function writeBridges() {
  for (const { entry } of packageDoors())
    writeFileSync(
      join(dist, `${entry}.cjs`),
      `module.exports = require('./${basename(entry)}.js');
`,
    );
}

rmSync(target, { recursive: true, force: true });
await bundle();
declare();
nameJose();
writeBridges();
