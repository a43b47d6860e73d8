// The floors and the doors of the library. A folder of `core` or `nest` may import the folders listed before it, and none after it. A door
// imports public names, `core/internal.ts` and `nest/internal.ts`, and no other file of the two. The test of the import rules and the lint
// configuration are both made from these tables. `node tools/floors.js --write` renews .oxlintrc.json.
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
    'clients',
    'sign-in',
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

/** The packages that the ring may import, besides `node:*`. */
export const packages = {
  core: ['jose'],
  nest: ['@nestjs/common', '@nestjs/core', 'rxjs', 'reflect-metadata'],
};

/**
 * The doors that are lists of names, each a file beside `index.ts`, by the ring that they bring. A list of `core` loads no Nest.
 *
 * @type {Readonly<Record<string, 'core' | 'nest'>>}
 */
export const lists = {
  index: 'nest',
  policies: 'nest',
  browser: 'nest',
  keys: 'core',
  issuers: 'core',
  schemes: 'core',
  'sign-in': 'core',
  stores: 'core',
  events: 'core',
};

/**
 * The doors with code of their own: the ring that they stand on, and the packages that they may import besides those of that ring. A door
 * on `core` imports lists of `core` and `core/internal.ts`; a door on `nest` all lists and `nest/internal.ts`, too. `above` names the doors
 * that it stands on, which need no package.
 *
 * @type {Readonly<Record<string, { readonly on: 'core' | 'nest', readonly packages: readonly string[], readonly above?: readonly string[] }>>}
 */
export const doors = {
  controllers: { on: 'nest', packages: ['class-validator', 'class-transformer'] },
  sql: { on: 'core', packages: [] },
  typeorm: { on: 'core', packages: ['typeorm'], above: ['sql'] },
  redis: { on: 'core', packages: ['ioredis', 'redis'] },
  swagger: { on: 'nest', packages: ['@nestjs/swagger'] },
  passport: { on: 'nest', packages: ['@nestjs/passport', 'passport', 'passport-jwt'] },
  opentelemetry: { on: 'core', packages: ['@opentelemetry/api'] },
  terminus: { on: 'nest', packages: ['@nestjs/terminus'] },
  passwords: { on: 'nest', packages: ['@node-rs/argon2'] },
  testing: { on: 'nest', packages: [] },
  // One of its commands looks at an application; it loads Nest when it is asked to.
  cli: { on: 'nest', packages: [], above: ['sql'] },
};

const DOORS = Object.keys(doors).join('|');

/** @param {readonly string[]} allowed */
const packagesAlone = (allowed) => [
  '*',
  '@*/*',
  ...allowed.map((name) => `!${name}`),
  '!node:*',
  '!node:*/*',
  '!./**',
  '!../**',
];

/** What both rings forbid everywhere, whatever the floor. */
const ringPatterns = {
  core: [
    {
      regex: `^(\\.\\./)+(nest|${DOORS})/`,
      message: 'core imports node:* and jose alone (docs/architecture.md).',
    },
    {
      group: packagesAlone(packages.core),
      message: 'core imports node:* and jose alone (docs/architecture.md).',
    },
  ],
  nest: [
    { regex: `^(\\.\\./)+(${DOORS})/`, message: 'nest imports core and Nest (docs/architecture.md).' },
    {
      group: packagesAlone(packages.nest),
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

/** The overrides of .oxlintrc.json that keep each door to what it may import. */
export function doorOverrides() {
  return Object.entries(doors).map(([door, { on, packages: own, above = [] }]) => {
    const others = Object.keys(doors).filter((each) => each !== door && !above.includes(each));
    const closed = on === 'core' ? 'nest/|core/.+/' : '(core|nest)/.+/';
    const message = `${door} imports public names, ${on === 'core' ? '' : 'nest/internal.ts, '}core/internal.ts and its peers (tools/floors.js).`;
    const ring = on === 'core' ? [] : packages.nest;
    return {
      files: [`libs/auth/src/${door}/**/*.ts`],
      rules: {
        'eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              { regex: `^(\\.\\./)+(${closed}|(${others.join('|')})/)`, message },
              { group: packagesAlone([...ring, ...own]), message },
            ],
          },
        ],
      },
    };
  });
}

const LINT = join(import.meta.dirname, '../.oxlintrc.json');
const isOurs = (/** @type {{ files: readonly string[], rules: object }} */ { files, rules }) =>
  /^libs\/auth\/src\/[a-z-]+\/([a-z-]+\/)?\*\*\/\*\.ts$/.test(files[0] ?? '') &&
  'eslint/no-restricted-imports' in rules;

/** The overrides that .oxlintrc.json has for the folders of both rings and for the doors. */
export function writtenOverrides() {
  return JSON.parse(readFileSync(LINT, 'utf8')).overrides.filter(isOurs);
}

if (process.argv.includes('--write')) {
  const lint = JSON.parse(readFileSync(LINT, 'utf8'));
  const others = lint.overrides.filter(
    (/** @type {{ files: readonly string[], rules: object }} */ each) => !isOurs(each),
  );
  const at = others.findIndex((/** @type {{ files: readonly string[] }} */ { files }) => files[0] === 'apps/**/*.ts');
  lint.overrides = [...others.slice(0, at), ...floorOverrides(), ...doorOverrides(), ...others.slice(at)];
  writeFileSync(LINT, `${JSON.stringify(lint, null, 2)}\n`);
}
