// What may be the id of an OAuth client in tokens that are made here.
import { kindOf } from '../base/kind-of.js';

/** `VSCHAR` of RFC 6749 appendix A.1, without spaces at either end. */
const CLIENT_ID = /^(?! )[\x20-\x7e]{1,255}(?<! )$/;

const ACCEPTED = 'accepted is text of 1 to 255 printable ASCII characters, without surrounding whitespace';

/** What is wrong with an id, as the end of a sentence that does not hold it; `undefined` for a good one. */
export function clientIdProblem(id: unknown): string | undefined {
  if (typeof id === 'string') return CLIENT_ID.test(id) ? undefined : `is another text; ${ACCEPTED}`;
  return `is ${kindOf(id)}; ${ACCEPTED}`;
}
