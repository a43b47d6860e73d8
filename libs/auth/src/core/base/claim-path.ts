// How an application names a claim: by its name, or by a path into objects.
import { isRecord, ownMemberIn } from './members.js';
import type { Claims, Json } from './principal.js';

/** The claim; `undefined` if there is none. A claim whose own name has dots wins over a path. */
export function claimAt(claims: Claims, path: string): Json | undefined {
  if (path in claims) return claims[path];
  return path.split('.').reduce<Json | undefined>(memberAt, claims as Json);
}

/** Own members only, which prevents access to inherited members such as `constructor`. */
function memberAt(value: Json | undefined, name: string): Json | undefined {
  // Members of JSON are JSON.
  return isRecord(value) ? (ownMemberIn(value, name) as Json | undefined) : undefined;
}
