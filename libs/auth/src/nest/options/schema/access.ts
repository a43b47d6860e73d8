// Access tokens: what can be asked of them.
import { DAY_MS, SECOND_MS, type Duration } from '../../../core/base/duration.js';
import { group } from '../../../core/base/option-group.js';
import { callback, duration, text, value, wholeSeconds } from '../../../core/base/option-kinds.js';
import type { ClaimsFor } from '../../../core/issuing/token-settings.js';
import { claimsSchema, type ClaimsSchema } from '../../../core/tokens/claims-schema.js';
import { majorOf } from '../../../core/tokens/claims.js';
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
  /**
   * The claim `version` of access tokens, like `'1.2.0'`: verifiers that understand lower majors alone refuse them (`supportedMajor`).
   * @defaultValue none
   */
  readonly version?: string;
  /**
   * The highest major of `version` that is accepted of our own access tokens, for a change of their form in steps; a token without the claim is
   * of 1.0.0. @defaultValue the major of `version`; without either the claim is not looked at
   */
  readonly supportedMajor?: number;
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
    version: text({
      accepts: "a version like '1.2.0'",
      check: /^\d{1,9}(?:\.\d{1,9}){0,2}$/,
      refused: 'v1',
      otherwise: 'none',
      summary: 'the claim `version` of access tokens',
    }),
    supportedMajor: value<number>({
      accepts: 'a whole number',
      holds: Number.isInteger,
      refused: '1',
      otherwise: 'the major of `version`; without either the claim is not looked at',
      summary: 'the highest major of `version` that is accepted of our own access tokens',
    }),
  },
  rules: [
    {
      between: ['version', 'supportedMajor'],
      broken: ({ version, supportedMajor = Infinity }, of) => {
        const said = version === undefined ? 'not set, which counts as 1.0.0' : `'${version}'`;
        return (
          majorOf(version ?? '1.0.0') > supportedMajor &&
          `${of('version')} is ${said}, and ${of('supportedMajor')} is ${supportedMajor}: this application would refuse its own tokens`
        );
      },
    },
    {
      between: ['ttl', 'maxTtl'],
      broken: ({ ttl, maxTtl = ttl }, of) => maxTtl < ttl && `${of('maxTtl')} must not be shorter than ${of('ttl')}`,
    },
  ],
  settings: ({ ttl, maxTtl = ttl, version, supportedMajor, ...others }) => ({
    ...others,
    version,
    supportedMajor: supportedMajor ?? (version === undefined ? undefined : majorOf(version)),
    ttlSeconds: wholeSeconds(ttl),
    maxTtlSeconds: wholeSeconds(maxTtl),
  }),
});
