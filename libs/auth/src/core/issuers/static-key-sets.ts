// The keys of an issuer that are known beforehand: a set that came with the deployment, and a shared secret.
import { AuthConfigurationError } from '../base/errors.js';
import { importRetiredKey } from '../keys/key-import.js';
import type { KeyQuery, KeySet, VerificationKey } from '../keys/keys.js';
import { chooseKey } from './key-choice.js';
import { KeySetError, readKeySet } from './key-set-document.js';
import { stated } from './stated-members.js';
import type { KeySourceRules } from './key-sources.js';
import type { SharedSecret, StaticKeys } from './trust-options.js';
import { algorithmNotAllowed, unknownKey } from '../keys/key-refusals.js';

class StaticKeySet implements KeySet {
  constructor(private readonly keys: readonly VerificationKey[]) {}

  find(query: KeyQuery): VerificationKey {
    const key = chooseKey(this.keys, query);
    if (key !== undefined) return key;
    throw fitsNothing(this.keys, query) ? algorithmNotAllowed() : unknownKey();
  }
}

/** A token that names no key, of an algorithm that no key is for. */
function fitsNothing(keys: readonly VerificationKey[], { alg, kid }: KeyQuery): boolean {
  return kid === undefined && !keys.some(({ algorithms }) => algorithms.includes(alg));
}

/** One secret has nothing to choose from, so that the id that a token names counts only if the application gave one. */
class SecretKeySet implements KeySet {
  constructor(
    private readonly key: VerificationKey,
    private readonly kid: string | undefined,
  ) {}

  find({ alg, kid, tried = [] }: KeyQuery): VerificationKey {
    if (tried.includes(this.key)) throw unknownKey();
    if (this.kid !== undefined && kid !== undefined && kid !== this.kid) throw unknownKey();
    if (!this.key.algorithms.includes(alg)) throw algorithmNotAllowed();
    return this.key;
  }
}

/** Whose keys they are, and what they are for. */
interface NamedSource extends Pick<KeySourceRules, 'algorithms'> {
  readonly issuer: string;
}

/** @throws AuthConfigurationError naming every key that is not fit: what is passed at boot is mended at boot */
export async function staticKeySet({ issuer, algorithms }: NamedSource, { jwks }: StaticKeys): Promise<KeySet> {
  const name = `trust[${JSON.stringify(issuer)}].keys.jwks`;
  // Providers publish keys for encryption in the same set; they are not an error.
  const keys = jwks.keys.filter((jwk) => (stated({ ...jwk })['use'] ?? 'sig') === 'sig');
  const reading = { algorithms, known: [] };
  const content = await readKeySet(JSON.stringify({ keys }), reading).catch((cause: unknown) => {
    throw new AuthConfigurationError([
      `${name}: ${cause instanceof KeySetError ? cause.message : 'could not be read'}`,
    ]);
  });
  if (content.notices.length === 0) return new StaticKeySet(content.keys);
  throw new AuthConfigurationError(
    content.notices.map(({ kid, reason }) => `${name}: the key ${kid ?? 'without an id'}: ${reason}`),
  );
}

/** @throws AuthConfigurationError naming what is wrong, never the secret */
export async function secretKeySet(
  { issuer }: Pick<NamedSource, 'issuer'>,
  { secret, alg, kid }: SharedSecret,
): Promise<KeySet> {
  const optionName = `trust[${JSON.stringify(issuer)}].keys.secret`;
  const { verification } = await importRetiredKey({ key: { secret }, alg }, { optionName });
  return new SecretKeySet(verification, kid);
}
