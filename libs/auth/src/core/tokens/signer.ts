// The key that a token is really signed with: the one that it names, or, if it names none, one of those that fit.
import { after, rescued } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { isKeyOf } from '../keys/key-issuer.js';
import type { VerificationKey } from '../keys/keys.js';
import { type ParsedJws, verifySignature } from './jws.js';
import { refused } from './refusals.js';

/** How many keys are tried for a token that names none: verifying takes time, and any client can write such a token. */
const MOST_TRIED = 8;

const OTHER_ISSUER = { claim: 'kid header', rule: 'must name a key that is of the issuer of the token' } as const;

/** Finds another key for one token than those that were tried. */
export type FindKey = (tried: readonly VerificationKey[]) => VerificationKey | Promise<VerificationKey>;

/**
 * The key whose signature the token bears: synchronously if key and algorithm allow it. A token that names no key may be of any that fits:
 * they are tried one after the other, up to a bound.
 *
 * @throws AuthError `token_invalid`; `unknown_key` for a named key of another issuer; what `find` throws while keys cannot be had
 */
export function signerOf(
  jws: ParsedJws,
  first: VerificationKey,
  find: FindKey,
): VerificationKey | Promise<VerificationKey> {
  const tried: VerificationKey[] = [];
  const tryKey = (key: VerificationKey): VerificationKey | Promise<VerificationKey> => {
    if (tried.includes(key)) throw new AuthError('token_invalid');
    return after(isSignedBy(jws, key), (isSigned) => {
      if (isSigned) return key;
      if (isNamed(jws, key))
        throw isForIssuer(jws, key) ? new AuthError('token_invalid') : refused('unknown_key', OTHER_ISSUER);
      tried.push(key);
      if (tried.length === MOST_TRIED) throw new AuthError('token_invalid');
      return after(anotherKey(find, tried), tryKey);
    });
  };
  return tryKey(first);
}

/** Another key than those that were tried: if there is none, the signature matches no key. */
function anotherKey(find: FindKey, tried: readonly VerificationKey[]): VerificationKey | Promise<VerificationKey> {
  return rescued(
    () => find(tried),
    (cause) => {
      if (cause instanceof AuthError && cause.isUnavailable) throw cause;
      throw new AuthError('token_invalid', { cause });
    },
  );
}

/** A token that names its key is verified with no other. The id that a single secret ignores names nothing. */
function isNamed({ header: { kid, thumbprints } }: ParsedJws, key: VerificationKey): boolean {
  return (
    (kid !== undefined && key.kid === kid) || thumbprints.some((thumbprint) => key.thumbprints?.includes(thumbprint))
  );
}

function isSignedBy(jws: ParsedJws, key: VerificationKey): boolean | Promise<boolean> {
  if (!isForIssuer(jws, key)) return false;
  return rescued(
    () => after(verifySignature(jws, key), () => true),
    (cause) => {
      if (cause instanceof AuthError && cause.code === 'token_invalid') return false;
      throw cause;
    },
  );
}

/** False for a key that another issuer of the same set signs with. */
function isForIssuer({ claims }: ParsedJws, { issuers }: VerificationKey): boolean {
  return issuers === undefined || issuers.some((stated) => isKeyOf(stated, claims));
}
