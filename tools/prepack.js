// Before `npm pack`: a build without leftovers, and the documents of the repository that belong in the package.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyDocuments } from './documents.js';

const root = join(import.meta.dirname, '..');
const library = join(root, 'libs/auth');

rmSync(join(library, 'dist'), { recursive: true, force: true });
for (const args of [
  ['tools/doors.js', '--write'],
  ['node_modules/typescript/bin/tsc', '-b', 'libs/auth/tsconfig.lib.json'],
  ['tools/commonjs.js'],
])
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
copyDocuments();
