// One entry of the option `trust`: its interface, and `trustedEntry`, the declaration of its options. The list of entries is trust-list.ts.
import { DAY_MS, MINUTE_MS, SECOND_MS, type Duration } from '../base/duration.js';
import { limitsOption, type TokenLimits } from '../base/limits.js';
import { group } from '../base/option-group.js';
import { callback, duration, flag, text, value } from '../base/option-kinds.js';
import type { AnyOption } from '../base/option.js';
import type { Claims } from '../base/principal.js';
import type { Algorithm } from '../keys/algorithms.js';
import { TENANT_PLACEHOLDER } from '../keys/issuer-template.js';
import type { ClaimValues } from '../policies/claim-values.js';
import type { ClaimsSchema } from '../tokens/claims-schema.js';
import { claimNames, isTrimmedText, type ClaimNames } from './claim-names.js';
import { claimValues, requiredValues } from './claim-value-options.js';
import { sourceAlgorithms, trustedKeys, type TrustedKeys, type TrustedKeySource } from './key-source-options.js';
import { addressProblems, algorithmProblems } from './source-problems.js';
import { transition, transitionRules } from './transition-options.js';

export type { ClaimNames, TextClaim, TextClaims } from './claim-names.js';
export type {
  KeyFetch,
  KeyFetchOptions,
  KeyFetchRequest,
  KeyFetchResponse,
  KeyRequestHeaders,
} from './key-fetch-options.js';
export type {
  DiscoveredKeys,
  JwksAddress,
  SharedSecret,
  StaticKeys,
  TrustedKeys,
  TrustedKeySource,
} from './key-source-options.js';

/**
 * An issuer whose tokens are accepted, and what they must look like. It is chosen by the exact `iss`; nothing that one issuer
 * says counts for another.
 *
 * @example
 * ```ts
 * import type { TrustOptions } from 'nestjs-latchkey/issuers';
 *
 * const accounts: TrustOptions = {
 *   issuer: 'https://accounts.example.com',
 *   audience: 'courses',
 *   keys: { jwksUri: 'https://accounts.example.com/.well-known/jwks.json' },
 * };
 * ```
 */
export interface TrustOptions {
  /**
   * The exact `iss`: every slash counts. For an issuer with many tenants the placeholder `{tenantid}` represents the tenant, and
   * `tenants` says which ones are accepted.
   */
  readonly issuer: string;
  /**
   * Other exact values of `iss` that the same issuer writes: `['accounts.google.com']`. The subject is that of `issuer` all the same,
   * so that a user keeps one identity.
   */
  readonly aliases?: readonly string[];
  /**
   * Says which tenants are accepted; required if `issuer` holds `{tenantid}`. Asked at every request, after the signature holds; what
   * it throws or rejects with counts as unavailable (503). Each tenant is an issuer of its own: its subjects are those of its exact `iss`.
   */
  readonly tenants?: (tenant: string) => boolean | Promise<boolean>;
  /** The claim that must equal the tenant in `iss`; `false` if there is none. @defaultValue 'tid' */
  readonly tenantClaim?: string | false;
  /** One of these must be named; `false` gives the check up, so that tokens for other services are accepted. */
  readonly audience: string | readonly string[] | false;
  /**
   * Where its keys are: one source, or a list of several, for an issuer that moves from a shared secret to public keys. The `alg` of a
   * token's header picks the source, so that no key is ever used for an algorithm of another source.
   */
  readonly keys: TrustedKeys | readonly TrustedKeySource[];
  /** Accepted signature algorithms; secrets and public keys never stand in one list. @defaultValue ['RS256', 'ES256'], or that of the secret */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Accepted `typ` headers without `application/`; the empty text accepts a token without one. Tokens with marks of an ID token
   * are refused whatever their type, see `idTokens`.
   * @defaultValue ['at+jwt']
   */
  readonly types?: readonly string[];
  /** Accepts OpenID Connect ID tokens. They prove a sign-in to a client, and are not access tokens. @defaultValue false */
  readonly idTokens?: boolean;
  /**
   * Claims that access tokens of this issuer have and its ID tokens lack. They must be there, and prove the kind of the token, so
   * that a `nonce` does not make an ID token of it. `exactClaims` about the kind (`typ`, `token_use`, `token_type`) and a required
   * `scope` or `scp` prove it too.
   * @defaultValue none: a token with a `nonce` is an ID token
   */
  readonly accessTokenClaims?: readonly string[];
  /**
   * Accepts tokens that are bound to a key of the client (`cnf`: DPoP, mutual TLS) as plain bearer tokens. The proof is not asked
   * for here, so that a stolen one is good: only behind a proxy that asks for it (RFC 8705 §3, RFC 9449 §7.2).
   * @defaultValue false
   */
  readonly boundTokens?: boolean;
  /** Claims that must be there, besides `iss`, `exp`, a subject and an audience. @defaultValue ['iat'] */
  readonly requiredClaims?: readonly string[];
  /**
   * Claims that must be exactly this text, or one of a list: `{ token_use: 'access' }`. Another value makes it a token of another
   * type; for what a token must say besides that see `claimEquals`.
   */
  readonly exactClaims?: Readonly<Record<string, string | readonly string[]>>;
  /** The claims that the issuer says its things with. */
  readonly claims?: ClaimNames;
  /**
   * Says that a token is of a client that acts for itself, which only routes with `@AllowClients()` accept.
   * @defaultValue `kind` is `client`, or `client_id` equals `sub` (RFC 9068 §2.2)
   */
  readonly isClient?: (claims: Claims) => boolean;
  /** How far the issuer's clock may differ: 0 to 60 seconds. @defaultValue the module's `clockTolerance` */
  readonly clockTolerance?: Duration;
  /** The longest accepted life of a token, from `iat` to `exp`: one second to 400 days. @defaultValue '24h' */
  readonly maxLifetime?: Duration;
  /**
   * How long ago a token may have been issued, whatever its `exp` says: one second to 400 days. The token must have an `iat` then.
   * @defaultValue no limit but `exp`
   */
  readonly maxAge?: Duration;
  /**
   * Bounds on what a token of this issuer may hold, lower or higher than those of the module. A token beyond 16,384 bytes needs a
   * higher `maxHeaderSize` of the HTTP server too.
   * @defaultValue the module's `limits`; 16,384 bytes a token and 1,000 audiences
   */
  readonly limits?: Partial<TokenLimits>;
  /** True if the audience must be one string, equal to the one accepted: no list, not even of one. @defaultValue false */
  readonly exclusiveAudience?: boolean;
  /** Claims (or paths) that must equal this value, or one of a list: `{ tenant: ['school', 'university'] }`. @defaultValue none */
  readonly claimEquals?: Readonly<Record<string, ClaimValues>>;
  /** Claims (or paths) that must be lists with this value, or all of a list: `{ groups: 'staff' }`. @defaultValue none */
  readonly claimIncludes?: Readonly<Record<string, ClaimValues>>;
  /**
   * What the claims must be besides: a schema of Zod, Valibot, ArkType or another library with Standard Schema, which must answer at once.
   * Claims that are `null` are absent for it. The schema decides and changes nothing: claims stay as they were signed. @defaultValue none
   */
  readonly claimsSchema?: ClaimsSchema;
  /** Tokens are accepted before this time alone: a `Date`, or text like `2027-01-31` or `2027-01-31T12:00:00Z`. @defaultValue no end */
  readonly until?: Date | string;
  /**
   * True for tokens without an `iss`, of one entry at most and with `until`: those of a system that is being replaced. `issuer` is then the name
   * that their subjects count under, and no token with an `iss` is of this entry. See `legacyTokens()`. @defaultValue false
   */
  readonly withoutIssuer?: boolean;
  /** The highest major of the claim `version` that is understood; absent, the claim is not looked at. */
  readonly supportedMajor?: number;
  /** Brings tokens of older versions up to date before they are checked; their signature already holds. */
  readonly upgradeClaims?: (claims: Claims) => Claims;
}

type Predicate = NonNullable<TrustOptions['isClient']>;
type Upgrade = NonNullable<TrustOptions['upgradeClaims']>;
type Tenants = NonNullable<TrustOptions['tenants']>;

const LIFE = { min: SECOND_MS, max: 400 * DAY_MS, accepts: 'one second to 400 days' };

/** A list of names of claims. */
const names = { accepts: 'a list of names', holds: areTexts, shows: 'nothing', refused: 'scp' } as const;

export const trustedEntry = group<TrustOptions>()({
  summary: 'an issuer whose tokens are accepted, and what they must look like',
  accepts: 'an object with issuer, audience and keys',
  shows: 'nothing',
  options: {
    issuer: text({
      accepts: `the exact "iss" of its tokens; in braces ${TENANT_PLACEHOLDER}, once`,
      check: issuerProblem,
      refused: 'https://{tenant}.example.com',
      required: 'the exact "iss" of its tokens',
      summary: `the exact \`iss\`: every slash counts; \`${TENANT_PLACEHOLDER}\` represents the tenant`,
    }),
    aliases: value<readonly string[]>({
      accepts: 'a list of exact texts of "iss"',
      holds: areTexts,
      shows: 'nothing',
      refused: 'accounts.example.com',
      default: [],
      defaultInWords: 'none',
      summary: 'other exact values of `iss` that the same issuer writes',
    }),
    // What it may be depends on the issuer: see the rules.
    tenants: value<Tenants>({
      accepts: 'a function that says whether a tenant is accepted',
      holds: () => true,
      refused: ['contoso'],
      otherwise: `none; required if the issuer holds \`${TENANT_PLACEHOLDER}\``,
      summary: 'says which tenants are accepted, at every request, after the signature holds',
    }),
    tenantClaim: value<string | false>({
      accepts: 'the name of a claim, or false',
      holds: (given: unknown) => given === false || isTrimmedText(given),
      refused: 7,
      otherwise: "`'tid'`",
      summary: 'the claim that must equal the tenant in `iss`; `false` if there is none',
    }),
    audience: value<TrustOptions['audience']>({
      accepts: 'a name, a list of names, or false',
      holds: (given: unknown) => given === false || (areTexts([given].flat()) && [given].flat().length > 0),
      refused: ['a', ''],
      required: 'whom its tokens must be meant for, or false to accept them all',
      summary: 'one of these must be named; `false` accepts tokens for other services, with a warning',
      warns: (given) => given === false && 'is false: its tokens for other services are accepted here.',
    }),
    keys: trustedKeys,
    algorithms: sourceAlgorithms,
    types: value<readonly string[]>({
      accepts: "a list like ['at+jwt']",
      holds: (given: unknown) =>
        Array.isArray(given) && given.length > 0 && given.every((type) => typeof type === 'string'),
      shows: 'nothing',
      refused: [],
      default: ['at+jwt'],
      summary: "accepted `typ` headers without `application/`; `''` accepts a token without one",
    }),
    idTokens: flag({ default: false, summary: 'accepts ID tokens of OpenID Connect, which are not access tokens' }),
    boundTokens: flag({
      default: false,
      summary: 'accepts tokens that are bound to a key (`cnf`: DPoP, mutual TLS) without the proof of it',
      warns: (given) => given && 'is true: tokens that are bound to a key are accepted without the proof of it.',
    }),
    accessTokenClaims: value<readonly string[]>({
      ...names,
      default: [],
      defaultInWords: 'none: a token with a `nonce` is an ID token',
      summary: 'claims that access tokens have and ID tokens lack; with them a `nonce` is accepted',
    }),
    requiredClaims: value<readonly string[]>({
      ...names,
      default: ['iat'],
      summary: 'claims that must be there, besides `iss`, `exp`, a subject and an audience',
    }),
    exactClaims: claimValues<string | readonly string[]>({
      values: 'a text, or a list of texts',
      isOne: isTrimmedText,
      refused: { typ: undefined },
      summary:
        "claims that must be exactly this text, or one of a list: `{ token_use: 'access' }`; another value is another kind of token",
    }),
    claims: claimNames,
    isClient: callback<Predicate>({
      accepts: 'a function of the claims that returns true for a client that acts for itself',
      otherwise: '`kind: client`, `client_id` or `azp` equals `sub`, or a grant of client credentials',
      summary: 'says that a token is of a client, which only routes with `@AllowClients()` accept',
    }),
    clockTolerance: duration({
      min: 0,
      max: MINUTE_MS,
      accepts: '0 to 60 seconds',
      otherwise: "the module's",
      summary: "how far the issuer's clock may differ",
    }),
    maxLifetime: duration({
      ...LIFE,
      default: '24h',
      summary: 'the longest accepted life of a token, from `iat` to `exp`',
    }),
    maxAge: duration({
      ...LIFE,
      otherwise: 'no limit but `exp`',
      summary: 'how long ago a token may have been issued, whatever its `exp` says',
    }),
    limits: limitsOption('bounds on what a token of this issuer may hold', () => "the module's"),
    exclusiveAudience: flag({ default: false, summary: 'the audience must be one string and no list' }),
    ...requiredValues,
    ...transition,
    supportedMajor: value<number>({
      accepts: 'a whole number',
      holds: Number.isInteger,
      refused: '1',
      otherwise: 'the claim is not looked at',
      summary: 'the highest major of the claim `version` that is understood',
    }),
    upgradeClaims: callback<Upgrade>({
      accepts: 'a function of the claims that returns claims',
      otherwise: 'none',
      summary: 'brings tokens of older versions up to date before they are checked',
    }),
  },
  rules: [
    {
      between: ['issuer', 'aliases'],
      broken: ({ issuer, aliases }, of) => [
        ...(aliases.includes(issuer) ? [`${of('aliases')} names the issuer itself`] : []),
        ...(aliases.some((alias) => /[{}]/.test(alias)) ? [`${of('aliases')} are exact texts and hold no braces`] : []),
        ...(isTemplate(issuer) && aliases.length > 0
          ? [`${of('aliases')} cannot be given together with ${TENANT_PLACEHOLDER} in issuer`]
          : []),
      ],
    },
    {
      between: ['issuer', 'tenants'],
      broken: ({ issuer, tenants }, of) => {
        if (!isTemplate(issuer))
          return tenants !== undefined && `${of('tenants')} needs an issuer that holds ${TENANT_PLACEHOLDER}`;
        return (
          typeof tenants !== 'function' &&
          `${of('tenants')} is required, because issuer holds ${TENANT_PLACEHOLDER}: a function that says whether a tenant is accepted`
        );
      },
    },
    {
      between: ['issuer', 'tenantClaim'],
      broken: ({ issuer, tenantClaim }, of) =>
        !isTemplate(issuer) &&
        tenantClaim !== undefined &&
        `${of('tenantClaim')} needs an issuer that holds ${TENANT_PLACEHOLDER}`,
    },
    {
      between: ['audience', 'exclusiveAudience'],
      broken: ({ audience, exclusiveAudience }, of) => {
        if (!exclusiveAudience) return false;
        if (audience === false) return `${of('exclusiveAudience')} needs an audience`;
        return [audience].flat().length !== 1 && `${of('exclusiveAudience')} needs one audience, and there are several`;
      },
    },
    ...transitionRules,
    { between: ['issuer', 'keys'], broken: ({ issuer, keys }, of) => addressProblems(issuer, keys, of('keys')) },
    {
      between: ['keys', 'algorithms'],
      broken: (values, of) => algorithmProblems(values, { keys: of('keys'), algorithms: of('algorithms') }),
    },
  ],
});

/** An entry with its defaults, in the units that the code uses. */
export type TrustedEntry = typeof trustedEntry extends AnyOption<infer Entry> ? Entry : never;

function issuerProblem(issuer: string): string | undefined {
  const accepted = `is ${JSON.stringify(issuer).slice(0, 120)}; accepted`;
  if (!isTrimmedText(issuer)) return `${accepted} is the exact "iss" of its tokens, without surrounding whitespace`;
  const places = issuer.split(TENANT_PLACEHOLDER).length - 1;
  const hasBraces = /[{}]/.test(issuer.replaceAll(TENANT_PLACEHOLDER, ''));
  return hasBraces || places > 1 ? `${accepted} in braces is ${TENANT_PLACEHOLDER}, once` : undefined;
}

function isTemplate(issuer: string): boolean {
  return issuer.includes(TENANT_PLACEHOLDER);
}

function areTexts(given: unknown): boolean {
  return Array.isArray(given) && given.every(isTrimmedText);
}
