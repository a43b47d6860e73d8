// What may be the id of a subject, in tokens that are made here. See claims.ts for reading them, which is not stricter.
import { kindOf } from '../base/kind-of.js';
import { isWellFormed } from '../base/json.js';
import { defaultLimits } from '../base/limits.js';

/** Control characters, and the two line breaks that Unicode has besides them. */
const BREAKING = /[\p{Cc}\p{Zl}\p{Zp}]/u;

const ACCEPTED = `accepted is text of 1 to ${defaultLimits.subject} characters without control characters or line breaks`;

/** What is wrong with an id, as the end of a sentence that never holds it; `undefined` for a good one. */
export function subjectProblem(id: unknown): string | undefined {
  const kind = typeof id === 'string' ? textProblem(id) : kindOf(id);
  return kind === undefined ? undefined : `is ${kind}; ${ACCEPTED}`;
}

function textProblem(id: string): string | undefined {
  if (id.trim() === '') return id === '' ? 'empty text' : 'text of whitespace';
  if (id.length > defaultLimits.subject) return `text of ${id.length} characters`;
  if (BREAKING.test(id)) return 'text with a control character or a line break';
  return isWellFormed(id) ? undefined : 'text with half a character (a lone surrogate)';
}
