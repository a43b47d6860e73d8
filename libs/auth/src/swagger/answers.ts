// Responses of ready-made routes in the document, which a subclass of the application may have made untrue.
import { ANSWERED_BY, type AnsweredBy, type Route } from '../nest/internal.js';
import type { Operation } from './operations.js';

/** Takes the schema of a good answer away if a subclass overrides what makes it. */
export function dropUntrueAnswer({ handler, owner }: Route, content: Operation['content']): void {
  // Ready-made controllers alone write it.
  const answered = Reflect.getMetadata(ANSWERED_BY, handler) as AnsweredBy | undefined;
  if (answered === undefined) return;
  const actual = (owner as { readonly prototype?: object }).prototype ?? {};
  const { prototype, methods } = answered;
  if (methods.every((name) => Reflect.get(actual, name) === Reflect.get(prototype, name))) return;
  for (const [status, response] of Object.entries(content.responses)) {
    if (!status.startsWith('2') || typeof response !== 'object' || response === null) continue;
    const { content: _untrue, ...kept } = response as { readonly content?: unknown };
    content.responses[status] = kept as (typeof content.responses)[string];
  }
}
