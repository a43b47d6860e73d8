// Writes docs/errors.md from the error table. After `npm run build`: node tools/errors-document.js
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ status: number, challenge: string, message: string, shownAs?: string, dead?: boolean }} Entry
 */

const introduction = `# Errors

<!-- Generated from libs/auth/src/core/errors.ts by tools/errors-document.js: do not edit by hand. -->

Every refusal of the library is an \`AuthError\` with one of these codes. They are never renamed; a new one comes with a
line in the changelog.

- **Status** is the HTTP status of the answer. Every 503 carries \`Retry-After\`; 500 says that
  trying again does not help: the application itself must be corrected, and its log says how.
- **Challenge** is what \`WWW-Authenticate\` says: \`none\` means that the header is not sent, \`bare\` a challenge without
  \`error\`, everything else its \`error\` (RFC 6750, RFC 9470).
- **Seen as** is the \`errorCode\` in the body. Where it differs from the code, the exact reason would help an attacker;
  events carry the exact code.
- **Ends it**: the credential can never be good again, so a cookie that carried it may be cleared.
`;

/**
 * Gives the text of docs/errors.md.
 *
 * @param {Readonly<Record<string, Entry>>} table
 */
export function errorsDocument(table) {
  const rows = Object.entries(table).map(([code, { status, challenge, message, shownAs, dead }]) =>
    [`\`${code}\``, status, `\`${challenge}\``, `\`${shownAs ?? code}\``, dead ? 'yes' : '', message].join(' | '),
  );
  const head = ['Code | Status | Challenge | Seen as | Ends it | Message', '--- | --- | --- | --- | --- | ---'];
  return `${introduction}\n${[...head, ...rows].map((row) => `| ${row} |`.replaceAll('|  |', '| |')).join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const { errorTable } = await import(new URL('../libs/auth/dist/core/errors.js', import.meta.url).href);
  writeFileSync(join(import.meta.dirname, '../docs/errors.md'), errorsDocument(errorTable));
}
