// The doors of the package: each file of `libs/auth/src`, and the `index.ts` of each folder there, apart from the command line. The
// manifest names each door several times: here is the one place that says how. `npm run build` runs `node tools/doors.js --write`; a
// test holds what it wrote.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const library = join(import.meta.dirname, '../libs/auth');
const sources = join(library, 'src');

/** The front door first. `entry` is below `src`, `dist` and `dist/commonjs`, without its extension. */
export function packageDoors() {
  const entries = readdirSync(sources, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isFile() && entry.name.endsWith('.ts')) return entry.name.slice(0, -'.ts'.length);
    return entry.name !== 'cli' && existsSync(join(sources, entry.name, 'index.ts')) ? `${entry.name}/index` : [];
  });
  const doors = entries.map((entry) => ({ entry, path: entry === 'index' ? '.' : `./${entry.replace('/index', '')}` }));
  return doors.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * `import` loads the ES modules. So does `require` where the loader can (`module-sync`: Node itself): there is one copy. The CommonJS
 * build is for loaders that cannot, as that of Jest (docs/adr/0033).
 *
 * @param {string} entry
 */
function conditions(entry) {
  return {
    require: {
      types: `./dist/commonjs/${entry}.d.ts`,
      'module-sync': `./dist/${entry}.cjs`,
      default: `./dist/commonjs/${entry}.js`,
    },
    default: { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` },
  };
}

/** The members of the manifest that name the doors. `types` and `typesVersions` are for `moduleResolution: node`. */
export function doorMembers() {
  const doors = packageDoors();
  const inner = doors.filter(({ path }) => path !== '.');
  return {
    types: './dist/commonjs/index.d.ts',
    typesVersions: {
      '*': Object.fromEntries(inner.map(({ path, entry }) => [path.slice(2), [`./dist/commonjs/${entry}.d.ts`]])),
    },
    exports: {
      ...Object.fromEntries(doors.map(({ path, entry }) => [path, conditions(entry)])),
      './package.json': './package.json',
    },
  };
}

if (process.argv[2] === '--write' && process.argv[1] === import.meta.filename) {
  const file = join(library, 'package.json');
  const text = readFileSync(file, 'utf8');
  const renewed = `${JSON.stringify({ ...JSON.parse(text), ...doorMembers() }, null, 2)}\n`;
  if (renewed !== text) writeFileSync(file, renewed);
}
