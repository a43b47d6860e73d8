#!/usr/bin/env node
// A thin door to src/cli, committed as JavaScript: npm links a bin at install only if its target exists by then.
import { existsSync } from 'node:fs';

const program = new URL('../dist/cli/index.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('latchkey: this build of nestjs-latchkey has no command line (dist/cli is missing).\n');
  process.exitCode = 1;
}
