// Encodes ids of external issuers for a column. External issuers may put anything into `jti` and `sub`; a database that
// refused it would turn one odd token into "store unavailable" for everyone.
import { createHash } from 'node:crypto';

const LONGEST = 255;
const DIGEST_MARK = '~';
// Half a surrogate pair, which UTF-8 cannot say.
const LONE_SURROGATE = /\p{Cs}/gu;

/**
 * The id itself, if every database keeps it exactly; otherwise a digest of it. PostgreSQL refuses NUL, lone surrogates all
 * become one replacement character, and longer ids do not fit.
 */
export function exactId(id: string): string {
  if (typeof id !== 'string') throw new TypeError('An id is text.');
  const isPlain =
    id.length <= LONGEST && id.search(LONE_SURROGATE) < 0 && !id.includes('\0') && !id.startsWith(DIGEST_MARK);
  // JSON escapes lone surrogates, so that no two ids share their bytes.
  return isPlain ? id : DIGEST_MARK + createHash('sha256').update(JSON.stringify(id)).digest('hex');
}

/** Free text, as far as a column of 255 characters can keep it. */
export function readable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\0', '').slice(0, LONGEST).replace(LONE_SURROGATE, '');
}
