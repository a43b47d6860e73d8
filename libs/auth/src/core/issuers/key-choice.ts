// The choice of a key among those of a trusted issuer: by what the token names, and among all that fit if it names none.
import type { KeyQuery, VerificationKey } from '../keys/keys.js';
import { algorithmNotAllowed } from '../keys/key-refusals.js';

/**
 * The key that a token is verified with next; `undefined` if no key of the set can be it, so that only a newer set may have it.
 * A token that names no key is offered every key of its algorithm, one after the other: those in `query.tried` are passed over.
 *
 * @throws AuthError `algorithm_not_allowed` if the named key is for another algorithm
 */
export function chooseKey(keys: readonly VerificationKey[], query: KeyQuery): VerificationKey | undefined {
  const { alg, tried = [], known } = query;
  const named = namedBy(query, keys);
  const fitting = (named ?? keys).filter((key) => key.algorithms.includes(alg));
  if (named !== undefined && named.length > 0 && fitting.length === 0) throw algorithmNotAllowed();
  return fitting.find((key) => key === known) ?? fitting.find((key) => !tried.includes(key));
}

/** The keys that the token names, by id first; `undefined` if it names none in a way that these keys could be named in. */
function namedBy({ kid, thumbprints = [] }: KeyQuery, keys: readonly VerificationKey[]) {
  if (kid !== undefined) return keys.filter((key) => key.kid === kid);
  const stated = keys.flatMap((key) => key.thumbprints ?? []);
  // SHA-1 and SHA-256 differ in length: a key that states one says nothing about the other.
  const comparable = thumbprints.filter((thumbprint) => stated.some(({ length }) => length === thumbprint.length));
  if (comparable.length === 0) return undefined;
  return keys.filter((key) => comparable.some((thumbprint) => key.thumbprints?.includes(thumbprint)));
}
