// What the ready-made routes for browsers take and set, in the document: header and cookies by the names that are configured,
// from the same specs that write them.
import { accessCookieSpecs } from '../core/internal.js';
import { BROWSER_ROUTE, type BrowserRoute } from '../nest/internal.js';
import type { DescriptionParts } from './built-in-descriptions.js';
import type { Operation } from './operations.js';

/** Adds the CSRF header and the cookies of a ready-made route; any other handler has none. */
export function describeBrowserRoute(handler: object, content: Operation['content'], parts: DescriptionParts): void {
  // Ready-made controllers alone write it.
  const route = Reflect.getMetadata(BROWSER_ROUTE, handler) as BrowserRoute | undefined;
  if (route === undefined) return;
  const { csrf } = parts.settings;
  if (route.provesIntent && !csrf.disabled) {
    content.parameters = [...(content.parameters ?? []), intentHeader(csrf)];
  }
  const answer = content.responses[route.status];
  if (route.sets.length === 0 || typeof answer !== 'object' || answer === null) return;
  content.responses[route.status] = { ...answer, headers: { 'Set-Cookie': setCookie(route, parts) } };
}

function intentHeader({ headerName, cookieName }: DescriptionParts['settings']['csrf']): object {
  const description = `Proves that a page of this site sends the request. It goes with the cookie \`${cookieName}\`.`;
  return { name: headerName, in: 'header', required: true, description, schema: { type: 'string' } };
}

/** OpenAPI knows one header of a name; each cookie has a line of its own (RFC 6265 §3). */
function setCookie({ sets }: BrowserRoute, parts: DescriptionParts): object {
  const names = sets.flatMap((kind) => namesOf(kind, parts)).map((name) => `\`${name}\``);
  return { description: `One line for each of ${names.join(', ')}.`, required: true, schema: { type: 'string' } };
}

function namesOf(kind: BrowserRoute['sets'][number], { settings, sessionCookieName }: DescriptionParts) {
  const { cookieSpecs: specs } = settings;
  const carrying = specs.mode === 'single' ? [specs.access] : [specs.payload, specs.signature];
  const names = {
    tokens: [...carrying, specs.refresh],
    'no-tokens': [...accessCookieSpecs(specs), specs.refresh],
    session: [{ name: sessionCookieName }],
    csrf: [specs.csrf],
  };
  return names[kind].map(({ name }) => name);
}
