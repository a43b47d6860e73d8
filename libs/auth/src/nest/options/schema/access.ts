// Access tokens: what can be asked of them.
import { DAY_MS, SECOND_MS, type Duration } from '../../../core/base/duration.js';
import { group } from '../../../core/base/option-group.js';
import { callback, duration, text, wholeSeconds } from '../../../core/base/option-kinds.js';
import type { ClaimsFor } from '../../../core/issuing/token-settings.js';
import { claimsSchema, type ClaimsSchema } from '../../../core/tokens/claims-schema.js';
import { clientIdProblem } from '../../../core/tokens/client-id.js';

/** Access tokens. */
export interface AccessOptions {
  /** Life of an access token. @defaultValue '15m' */
  readonly ttl?: Duration;
  /** The longest life that `TokenService.issue` may be asked for, and that a verifier accepts. @defaultValue the `ttl` */
  readonly maxTtl?: Duration;
  /** Own claims of a user, made again at sign-in and at every refresh. @defaultValue none */
  readonly claimsFor?: ClaimsFor;
  /** The claim that names the subject. `sub` is written in any case. @defaultValue 'sub' */
  readonly subjectClaim?: string;
  /**
   * `client_id` of the access tokens of users (RFC 9068 §2.2): the client that signed them in. 1 to 255 printable ASCII characters; no user
   * may have it as their id. `TokenService.issue(user, { clientId })` names another one. @defaultValue the `issuer`: its own sign-in
   * routes are the client
   */
  readonly clientId?: string;
  /**
   * What the claims of every access token of our own must be, those of clients as well: a schema of Zod, Valibot, ArkType or another library
   * with Standard Schema, which must answer at once. Checked before a token is signed, and when it is presented. The schema decides and changes
   * nothing: claims stay as they were signed. @defaultValue none
   */
  readonly claimsSchema?: ClaimsSchema;
}

const LIFE = { min: SECOND_MS, max: DAY_MS, accepts: 'one second to 24 hours' };

export const access = group<AccessOptions>()({
  summary: 'access tokens',
  options: {
    ttl: duration({ ...LIFE, default: '15m', summary: 'life of an access token' }),
    maxTtl: duration({
      ...LIFE,
      otherwise: 'the `ttl`',
      summary: 'the longest life that `TokenService.issue` may be asked for, and that a verifier accepts',
    }),
    claimsFor: callback<ClaimsFor>({
      accepts: 'a function of the user that answers with claims',
      otherwise: 'none',
      summary: 'own claims of a user, made again at sign-in and at every refresh',
    }),
    subjectClaim: text({
      accepts: 'a claim name',
      check: /^\w{1,64}$/,
      refused: 'user id',
      default: 'sub',
      summary: 'the claim that names the subject; `sub` is written in any case',
    }),
    clientId: text({
      accepts: '1 to 255 printable ASCII characters, without surrounding whitespace',
      check: clientIdProblem,
      refused: '',
      otherwise: 'the `issuer`',
      summary: 'the client of the token of a user (RFC 9068 section 2.2)',
    }),
    claimsSchema,
  },
  rules: [
    {
      between: ['ttl', 'maxTtl'],
      broken: ({ ttl, maxTtl = ttl }, of) => maxTtl < ttl && `${of('maxTtl')} must not be shorter than ${of('ttl')}`,
    },
  ],
  settings: ({ ttl, maxTtl = ttl, ...others }) => ({
    ...others,
    ttlSeconds: wholeSeconds(ttl),
    maxTtlSeconds: wholeSeconds(maxTtl),
  }),
});
