// Writes docs/options.md from the declarations of the options. After `npm run build`: node tools/options-document.js
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Declared
 * @property {string} summary
 * @property {string} accepts
 * @property {string} byDefault
 * @property {Readonly<Record<string, Declared>> | undefined} [members]
 *
 * @typedef {object} Section
 * @property {string} title
 * @property {string} introduction
 * @property {Declared} group
 * @property {string} [path] what the names of its groups begin with
 */

const introduction = `# Options

<!-- Generated from the declarations of the options by tools/options-document.js: do not edit by hand. -->

\`AuthModule.forRoot(options)\` takes structure and values in one object. \`forRootAsync\` takes the structure beside \`useFactory\`, \`useClass\`
or \`useExisting\`, because it decides which providers exist; the factory returns the values.

- **Durations** are seconds or a text with its unit: \`'300ms'\`, \`'15m'\`, \`'14d'\`. \`'60'\` is refused, because libraries disagree on whether it
  means seconds or milliseconds.
- **Absent** is \`undefined\` or \`null\`; then the default holds.
- **Flags** are \`true\` or \`false\`, never text: \`process.env.NAME === 'true'\`.
- **What is wrong** is refused at start-up, everything at once, with the name of the option, what was given unless it may be secret, and what
  is accepted. A name that does not exist is refused with the nearest one that does.
`;

/**
 * Gives the text of docs/options.md.
 *
 * @param {readonly Section[]} sections
 * @param {Readonly<Record<string, Declared>>} controllers the options of each function of nestjs-latchkey/controllers
 */
export function optionsDocument(sections, controllers) {
  const written = sections.flatMap(({ title, introduction: text, group, path = '' }) => [
    `## ${title}\n\n${text}\n\n${table(group.members ?? {}, path)}`,
    ...groupsIn(group.members ?? {}, path),
  ]);
  const mounted = `## Ready-made controllers\n\nWhat the functions of \`nestjs-latchkey/controllers\` accept.`;
  return `${introduction}\n${[...written, mounted, ...groupsIn(controllers, '')].join('\n\n')}\n`;
}

/**
 * A section for each group, at every depth.
 *
 * @param {Readonly<Record<string, Declared>>} members
 * @param {string} path
 * @returns {readonly string[]}
 */
function groupsIn(members, path) {
  return Object.entries(members).flatMap(([name, { summary, members: inner }]) =>
    inner === undefined
      ? []
      : [
          `### \`${path}${name}\`\n\n${sentence(summary)}\n\n${table(inner, `${path}${name}.`)}`,
          ...groupsIn(inner, `${path}${name}.`),
        ],
  );
}

/**
 * @param {Readonly<Record<string, Declared>>} members
 * @param {string} path
 */
function table(members, path) {
  const rows = Object.entries(members).map(([name, { accepts, byDefault, summary, members: inner }]) => {
    const label = inner === undefined ? `\`${name}\`` : `[\`${name}\`](#${anchorOf(`${path}${name}`)})`;
    return [label, byDefault, cell(accepts), summary];
  });
  return [['Option', 'Default', 'Accepted', 'What it does'], ['---', '---', '---', '---'], ...rows]
    .map((row) => `| ${row.map((text) => text.replaceAll('|', String.raw`\|`)).join(' | ')} |`)
    .join('\n');
}

/** Braces, brackets and quotes of what is accepted are code. @param {string} accepts */
function cell(accepts) {
  return accepts.replaceAll(/\[.*?\]|\{.*?\}(?: \})*|'[^']*'/g, (code) => `\`${code}\``);
}

/** @param {string} summary */
function sentence(summary) {
  return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
}

/** As GitHub makes it of a heading. @param {string} heading */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

if (process.argv[1] === import.meta.filename) {
  const { documentedOptions } = await import(
    new URL('../libs/auth/dist/nest/options/documented-options.js', import.meta.url).href
  );
  const { documentedControllers } = await import(
    new URL('../libs/auth/dist/controllers/documented-options.js', import.meta.url).href
  );
  writeFileSync(
    join(import.meta.dirname, '../docs/options.md'),
    optionsDocument(documentedOptions, documentedControllers),
  );
}
