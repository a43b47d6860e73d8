// The last check of a token before it is signed, by the rules of its verifier. A token that its own issuer refuses would be useless, and
// only a later request would show it.
import { AuthError, reasonText } from '../base/errors.js';
import { readClaims, type TokenProfile } from './claims.js';
import { toSerializable } from './serializable-claims.js';
import { UnissuableToken } from './unissuable-token.js';

/** Checks claims as our own verifier will, except whom they are meant for: that may be another service. */
export type SelfCheck = (claims: object) => void;

/**
 * The check of access tokens under this profile.
 * @throws {TypeError} the check, for claims that would be refused; it names the rule, and never a value
 */
export function selfCheck(profileOf: () => TokenProfile): SelfCheck {
  return (claims) => {
    const profile = profileOf();
    const [typ = ''] = profile.types;
    const requiredClaims = profile.requiredClaims.filter((name) => name !== 'aud');
    try {
      const header = { alg: '', kid: undefined, typ, thumbprints: [] };
      const jws = { token: '', header, claims: toSerializable(claims, profile.limits) };
      readClaims(jws, { ...profile, requiredClaims, audience: false });
    } catch (error) {
      if (error instanceof AuthError) throw new UnissuableToken(sentenceOf(error), { cause: error });
      throw error;
    }
  };
}

function sentenceOf({ code, reason }: AuthError): string {
  const rule = reason === undefined ? '' : `: ${reasonText(reason)}`;
  return `The access token would be refused by this service itself (${code}${rule}); change its claims or options.`;
}
