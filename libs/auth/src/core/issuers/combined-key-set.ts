// Several sources of one issuer's keys. The algorithm of a token picks the source, and every source has secrets or public keys, never
// both: a public key that is taken for a secret (CVE-2022-29217) would have to be in the source of secrets first.
import type { Algorithm } from '../keys/algorithms.js';
import { isPromise } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import type { KeyQuery, KeySet, VerificationKey } from '../keys/keys.js';
import { algorithmNotAllowed } from '../keys/key-refusals.js';

/** One source, with the only algorithms that it is asked for. */
export interface KeySetSource {
  readonly keys: KeySet;
  readonly algorithms: readonly Algorithm[];
  /** True if looking takes no request, so that it is looked at first. */
  readonly isAtHand: boolean;
}

export class CombinedKeySet implements KeySet {
  readonly #sources: readonly KeySetSource[];

  constructor(sources: readonly KeySetSource[]) {
    this.#sources = [...sources].sort((one, other) => Number(other.isAtHand) - Number(one.isAtHand));
  }

  /** What each source may be asked for. */
  get separated(): readonly (readonly Algorithm[])[] {
    return this.#sources.map(({ algorithms }) => algorithms);
  }

  /** The key of the first source that has it. The last source has the last word about a token that none knows. */
  find(query: KeyQuery): VerificationKey | Promise<VerificationKey> {
    const sources = this.#sources.filter(({ algorithms }) => algorithms.includes(query.alg));
    const [last] = sources.splice(-1);
    if (last === undefined) throw algorithmNotAllowed();
    for (const { keys } of sources) {
      const found = attempt(() => keys.find(query));
      if (found !== undefined) return found;
    }
    return last.keys.find(query);
  }
}

/** What is at hand answers at once; that it does not know the key is for the next source to mend. */
function attempt(find: () => VerificationKey | Promise<VerificationKey>): VerificationKey | undefined {
  try {
    const found = find();
    return isPromise(found) ? undefined : found;
  } catch (cause) {
    if (cause instanceof AuthError) return undefined;
    throw cause;
  }
}
