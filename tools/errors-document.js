// Writes docs/errors.md and the pages of docs/errors from the error table. After `npm run build`: node tools/errors-document.js
import { mkdirSync, writeFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { bootLessons } from './boot-lessons.js';
import { lessons } from './error-lessons.js';

/**
 * @typedef {{ status: number, challenge: string, message: string, publicCode?: string, terminal?: boolean }} Entry
 * @typedef {{ check: string, passes: string }} Help
 * @typedef {{ code: string, entry: Entry, help: Help }} Refusal
 */

const introduction = `# Errors

<!-- Generated from libs/auth/src/core/base/errors.ts by tools/errors-document.js: do not edit by hand. -->

Every refusal of the library is an \`AuthError\` with one of these codes. They are never renamed; a new one comes with a
line in the changelog.

- **Status** is the HTTP status of the answer. Every 503 carries \`Retry-After\`; 500 says that
  trying again does not help: the application itself must be corrected, and its log says how.
- **Challenge** is what \`WWW-Authenticate\` says: \`none\` means that the header is not sent, \`bare\` a challenge without
  \`error\`, everything else its \`error\` (RFC 6750, RFC 9470).
- **Seen as** is the \`errorCode\` in the body. Where it differs from the code, the exact reason would help an attacker;
  events carry the exact code.
- **Ends it**: the credential can never be good again, so a cookie that carried it may be cleared.

Each code has a page with cause, cure and an example; [what the application refuses at start-up](errors/boot.md) has one too.
`;

const epilogue = `## Shape and language

\`errors.format\` is \`nest\` (\`statusCode\`, \`message\`, \`error\`, \`errorCode\`) or \`problem\` (RFC 9457). \`errors.body\` makes the
body of every refusal in http instead: those of guards, of ready-made controllers and of services that a handler calls. Status and
headers stay ours. It is called while the answer is written, so it must return a plain object at once; if it does not, the body of
\`errors.format\` is sent and an error logged.

Revocation and introspection of \`tokenController()\` are endpoints of OAuth. A body that they refuse is answered in the terms of RFC 6749
section 5.2 besides, as plain JSON with \`problem\` too: \`error: "invalid_request"\` and \`error_description\`. With Nest 11, Express
labels some \`problem\` bodies \`application/json\`: its adapter replaces the type of what passes Nest's exception layer.

\`\`\`ts
import { AuthModule } from 'nestjs-latchkey';

const german: Readonly<Record<string, string>> = { unauthenticated: 'Bitte melden Sie sich an.' };

export const auth = AuthModule.forRoot({
  errors: {
    body: ({ status, errorCode, message, problems }, { request }) => {
      const isGerman = request?.headerLines('accept-language')[0]?.startsWith('de') === true;
      return { status, code: errorCode, text: isGerman ? (german[errorCode] ?? message) : message, problems };
    },
  },
});
\`\`\`

## One code for each status

With \`errors: { detail: 'generic' }\` no answer tells why a credential was refused: every 401 says \`unauthenticated\`, every 403
\`forbidden\`, every 400 \`invalid_request\`, every 503 \`scheme_unavailable\`, every 500 \`application_fault\`, each with one message. This
holds for bodies, for \`errors.body\`, for GraphQL, sockets and messages, and the OpenAPI document names no other codes. Events, the
log and the audit trail keep the exact code. What a client cannot do without stays: \`step\` of a sign-in in steps, \`problems\` of a body,
\`error\` of OAuth endpoints, and the challenge (\`error="invalid_token"\`, \`scope\`, \`max_age\`) without its \`error_description\`. A filter of yours
that reads \`publicCode\` of an \`AuthError\` gets the code of the table.

## Bodies that cannot be read, and limits

A body parser fails before a route is found. At the ready-made controllers the library answers for it, on Express and on Fastify:
\`invalid_request\` (400) for malformed bodies, \`payload_too_large\` (413) and \`unsupported_media_type\` (415), in the shape above, with
nothing of what was sent. Routes of your own stay as they are. Parsers like to quote a body, which may hold a password;
\`errors.unreadableBodies: 'all'\` has every route of the application answered in the same way.

A 429 of a guard of yours, for example \`ThrottlerGuard\` of @nestjs/throttler, has the same shape at the ready-made controllers
(\`too_many_requests\`), with the \`Retry-After\` that the guard set. For the same answer at other routes, let the guard throw the
refusal; an exception whose body has an \`errorCode\` of its own is never changed.

\`\`\`ts
import type { ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { AuthError } from 'nestjs-latchkey';

export class LimitGuard extends ThrottlerGuard {
  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new AuthError('too_many_requests', { retryAfterSeconds: timeToBlockExpire });
  }
}
\`\`\`

## Exception filters of your own

To Nest an \`AuthError\` is an \`HttpException\`: a filter with \`@Catch()\` or \`@Catch(HttpException)\`, registered wherever you like,
receives every refusal with its status and body (\`getStatus()\`, \`getResponse()\`), those of \`/auth/token\` and the other ready-made
controllers too. \`WWW-Authenticate\`, \`Retry-After\` and \`Cache-Control: no-store\` come with an answer of that status; a filter that
replaces the body keeps them. What no filter of yours takes is answered by the \`AuthErrorFilter\`.

\`AuthGuard('jwt')\` with \`PassportJwtModule\` has the same headers. Passport words its 401 itself, so a filter of yours receives
\`Unauthorized\` without \`errorCode\`; the \`AuthError\` is in \`request.authInfo\`. 403 and 503 have the code.

In gateways, message handlers and resolvers a filter of yours receives the exception of that context (\`WsException\`, \`RpcException\`,
an exception with \`extensions\`) with the \`errorCode\` inside. A microservice connected without \`inheritAppConfig\`, and before Nest 12 a
gateway, has no global interceptors: there the filter receives the \`AuthError\` itself.

One case has a limit: if a guard, a middleware or an interceptor of your own lets an error of \`TokenService\` pass, a filter of yours
receives status and body, but the headers are not set. Name a guard of the library there instead.

## Challenges

A 401 carries one challenge for each scheme that the route accepts and that names one (\`challenge\` of \`defineScheme()\`), as RFC 9110
section 11.6.1 asks; \`error\` and what belongs to it stand on the challenge of the refused credential. A scheme without \`challenge\` is
not mentioned: leave it out, and no browser asks for a password. If no scheme of the route names one, and for refusals by services and
by the ready-made controllers, the challenge is that of bearer tokens. A 403 carries the challenge of the caller's own scheme only.

\`errors: { challenges: false }\` gives them up, for clients that must not see one. Every 401 then breaks RFC 9110 section 15.5.2, and clients
learn nothing of RFC 9470 (\`max_age\`, \`acr_values\`) from a header; \`errors.body\` is given both. The token endpoint of clients keeps the challenge that
RFC 6749 section 5.2 demands.
`;

/**
 * Gives the text of docs/errors.md.
 *
 * @param {Readonly<Record<string, Entry>>} table
 */
export function errorsDocument(table) {
  const rows = Object.entries(table).map(([code, { status, challenge, message, publicCode, terminal }]) =>
    [
      `\`${code}\``,
      status,
      `\`${challenge}\``,
      `\`${publicCode ?? code}\``,
      terminal ? 'yes' : '',
      `[${message}](errors/${code}.md)`,
    ].join(' | '),
  );
  const head = ['Code | Status | Challenge | Seen as | Ends it | Message', '--- | --- | --- | --- | --- | ---'];
  return `${introduction}\n${[...head, ...rows].map((row) => `| ${row} |`.replaceAll('|  |', '| |')).join('\n')}\n\n${epilogue}`;
}

const GENERATED =
  '<!-- Generated by tools/errors-document.js from the error table and tools/error-lessons.js: do not edit by hand. -->';

/**
 * Gives the page of one refusal.
 *
 * @param {Refusal} refusal
 */
export function errorPage({ code, entry, help }) {
  const lesson = lessons[code];
  if (lesson === undefined) throw new Error(`tools/error-lessons.js has no lesson for ${code}`);
  const { status, challenge, message, publicCode, terminal } = entry;
  const body = { statusCode: status, message, error: STATUS_CODES[status], errorCode: publicCode ?? code };
  const facts = [
    `Status ${status}`,
    challenge === 'none' ? 'no challenge' : `challenge \`${challenge}\``,
    ...(publicCode === undefined ? [] : [`clients see \`${publicCode}\``]),
    ...(terminal === true ? ['the credential can never be good again'] : []),
  ];
  return `# \`${code}\`

${GENERATED}

${facts.join('; ')}.

**Cause.** ${lesson.cause}

**Cure.** ${lesson.cure}

**What was checked**: ${help.check}. **What would have passed**: ${help.passes}.

The answer, with \`errors.format: 'nest'\`:

\`\`\`json
${JSON.stringify(body, null, 2)}
\`\`\`

[All errors](../errors.md) · [Why is my request 401?](../tasks/why-401.md)
`;
}

/** Gives the text of docs/errors/boot.md. */
export function bootDocument() {
  const sections = Object.entries(bootLessons).map(
    ([family, { title, cause, cure, example }]) => `<a id="${family}"></a>

## ${title}

**Cause.** ${cause}

**Cure.** ${cure}

\`\`\`text
AuthModule cannot start:
  - ${example}
\`\`\``,
  );
  return `# What the application refuses at start-up

<!-- Generated by tools/errors-document.js from tools/boot-lessons.js: do not edit by hand. -->

The module checks its options, and the routes and providers around it, before the first request. All problems are in one error, one line for
each, with the name of the option. Without \`NODE_ENV=production\` the error ends with the addresses of the sections below.

${sections.join('\n\n')}

[All errors](../errors.md) · [Set-up and doctor](../setup.md)
`;
}

if (process.argv[1] === import.meta.filename) {
  const built = new URL('../libs/auth/dist/', import.meta.url).href;
  const { ERROR_TABLE } = await import(`${built}core/base/errors.js`);
  const { ERROR_HELP } = await import(`${built}core/base/error-help.js`);
  const docs = join(import.meta.dirname, '../docs');
  mkdirSync(join(docs, 'errors'), { recursive: true });
  writeFileSync(join(docs, 'errors.md'), errorsDocument(ERROR_TABLE));
  writeFileSync(join(docs, 'errors/boot.md'), bootDocument());
  for (const [code, entry] of Object.entries(ERROR_TABLE)) {
    writeFileSync(join(docs, `errors/${code}.md`), errorPage({ code, entry, help: ERROR_HELP[code] }));
  }
}
