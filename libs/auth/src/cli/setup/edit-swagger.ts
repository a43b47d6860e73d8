// Lets the OpenAPI document that a program makes say what the guards demand.
import { closingOf, codeOnly, partsIn, withImport } from './source-text.js';

/** `unneeded` if the file makes no document, or does it already; `undefined` if it is not understood. */
export type SwaggerEdit = string | 'unneeded' | undefined;

/** Wraps the one call of `SwaggerModule.createDocument(app, ...)`. */
export function withSecurity(text: string): SwaggerEdit {
  const code = codeOnly(text);
  const calls = [...code.matchAll(/SwaggerModule\s*\.\s*createDocument\s*\(/g)];
  const [call] = calls;
  if (call === undefined || /\bdescribeAuth\b/.test(code)) return 'unneeded';
  const open = call.index + call[0].length - 1;
  const close = closingOf(code, open);
  const app = partsIn(code, open)?.[0];
  if (calls.length > 1 || close === undefined || app === undefined) return undefined;
  const name = text.slice(app.from, app.to);
  if (!/^\w+$/.test(name)) return undefined;
  const wrapped = `describeAuth(${name}, () => ${text.slice(call.index, close + 1)})`;
  const edited = text.slice(0, call.index) + wrapped + text.slice(close + 1);
  return withImport(edited, "import { describeAuth } from 'nestjs-latchkey/swagger';");
}
