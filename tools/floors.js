// The floors of the library: a folder of `core` or `nest` may import the folders listed before it, and none after it. The test of the
// import rules and the lint configuration are both made from this table. `node tools/floors.js --write` renews .oxlintrc.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @type {Readonly<Record<'core' | 'nest', readonly string[]>>} */
export const floors = {
  core: [
    'base',
    'keys',
    'tokens',
    'stores',
    'audit',
    'policies',
    'schemes',
    'users',
    'issuers',
    'logins',
    'issuing',
    'browser',
    'authentication',
    'composition',
  ],
  nest: [
    'transport',
    'options',
    'refusals',
    'routes',
    'browser',
    'guards',
    'configurations',
    'sockets',
    'surroundings',
    'module',
  ],
};

const DOORS = 'controllers|typeorm|swagger|testing|redis|passport|opentelemetry|terminus|cli';

/** What both rings forbid everywhere, whatever the floor. */
const ringPatterns = {
  core: [
    {
      regex: `^(\\.\\./)+(nest|${DOORS})/`,
      message: 'core imports node:* and jose alone (docs/architecture.md).',
    },
    {
      group: ['*', '!node:*', '!jose', '!./**', '!../**'],
      message: 'core imports node:* and jose alone (docs/architecture.md).',
    },
  ],
  nest: [
    { regex: `^(\\.\\./)+(${DOORS})/`, message: 'nest imports core and Nest (docs/architecture.md).' },
    {
      group: [
        '*',
        '@*/*',
        '!@nestjs/common',
        '!@nestjs/core',
        '!rxjs',
        '!reflect-metadata',
        '!node:*',
        '!./**',
        '!../**',
      ],
      message: 'nest imports core and Nest (docs/architecture.md).',
    },
  ],
};

/** The overrides of .oxlintrc.json that hold the table: one for each folder. */
export function floorOverrides() {
  return /** @type {const} */ (['core', 'nest']).flatMap((ring) =>
    floors[ring].map((folder, index) => {
      const above = floors[ring].slice(index + 1);
      const climbing =
        above.length === 0
          ? []
          : [
              {
                // `../../core/x` of nest names a ring before the folder, so it is not meant.
                regex: `^(\\.\\./)+(${above.join('|')})/`,
                message: `${ring}/${folder} may not import the floors above it (tools/floors.js).`,
              },
            ];
      return {
        files: [`libs/auth/src/${ring}/${folder}/**/*.ts`],
        rules: { 'eslint/no-restricted-imports': ['error', { patterns: [...ringPatterns[ring], ...climbing] }] },
      };
    }),
  );
}

const LINT = join(import.meta.dirname, '../.oxlintrc.json');
const isFloor = (/** @type {{ files: readonly string[] }} */ { files }) =>
  files.length === 1 && /^libs\/auth\/src\/(core|nest)\/([a-z]+\/)?\*\*\/\*\.ts$/.test(files[0] ?? '');

/** The overrides that .oxlintrc.json has for the folders of both rings. */
export function writtenOverrides() {
  return JSON.parse(readFileSync(LINT, 'utf8')).overrides.filter(isFloor);
}

if (process.argv.includes('--write')) {
  const lint = JSON.parse(readFileSync(LINT, 'utf8'));
  const others = lint.overrides.filter((/** @type {{ files: readonly string[] }} */ each) => !isFloor(each));
  const at = others.findIndex((/** @type {{ files: readonly string[] }} */ { files }) => files[0] === 'apps/**/*.ts');
  lint.overrides = [...others.slice(0, at), ...floorOverrides(), ...others.slice(at)];
  writeFileSync(LINT, `${JSON.stringify(lint, null, 2)}\n`);
}
