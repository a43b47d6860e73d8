// The profiles of our own tokens. Those of other issuers are made in issuers/.
import type { Algorithm } from '../keys/algorithms.js';
import type { TokenProfile } from './claims.js';
import type { TokenLimits } from '../base/limits.js';
import type { Claims } from '../base/principal.js';
import { refused, unacceptable } from './refusals.js';
import { spacedTexts } from './texts.js';

/** The `typ` headers of our own tokens: RFC 9068 §2.1, and two of our own that no other verifier accepts as an access token. */
export const OWN_TYPES = Object.freeze({ access: 'at+jwt', refresh: 'rt+jwt', oneTime: 'ot+jwt' });

/** What all of our own profiles are made from. */
export interface OwnRefreshProfileOptions {
  readonly issuer: string;
  readonly algorithms: readonly Algorithm[];
  readonly toleranceSeconds: number;
  readonly maxLifetimeSeconds: number;
  readonly limits?: TokenLimits | undefined;
}

/** What the profile of our own access tokens is made from. */
export interface OwnAccessProfileOptions extends OwnRefreshProfileOptions {
  /** One of these must be in `aud`; `false` opts out by name. */
  readonly audience: string | readonly string[] | false;
  /** True if `aud` must be exactly the one audience, as a string. @defaultValue false */
  readonly exclusiveAudience?: boolean | undefined;
  /** The highest major of `version` that is understood. @defaultValue the claim is not looked at */
  readonly supportedMajor?: number | undefined;
}

/**
 * The profile of our own access tokens. Besides the registered claims it reads `scope` (separated by spaces), `auth_time`, `stamp`,
 * `is_restricted`, and the mark of a client principal: `kind: "client"` together with `client_id` equal to `sub` (RFC 9068 §2.2).
 */
export function ownAccessProfile({
  audience,
  exclusiveAudience = false,
  ...options
}: OwnAccessProfileOptions): TokenProfile {
  const accepted = typeof audience === 'string' ? [audience] : audience;
  return Object.freeze({
    ...ownProfile(options),
    types: [OWN_TYPES.access],
    audience: accepted === false ? false : { claim: 'aud', accepted, exclusive: exclusiveAudience },
    requiredClaims: [...OWN_CLAIMS, ...(accepted === false ? [] : ['aud'])],
  });
}

/**
 * The profile of our own refresh tokens. They are meant for the issuer itself, so that no other verifier takes them.
 * @param audience @defaultValue the issuer
 */
export function ownRefreshProfile(options: OwnRefreshProfileOptions, audience = options.issuer): TokenProfile {
  return Object.freeze({
    ...ownProfile(options),
    types: [OWN_TYPES.refresh],
    audience: { claim: 'aud', accepted: [audience], exclusive: true },
    requiredClaims: [...OWN_CLAIMS, 'aud', 'sid'],
    isClient: () => false,
  });
}

/**
 * The profile of our own one-time tokens. They belong to no login.
 * @param audience the one that stands for the purpose
 */
export function ownOneTimeProfile(options: OwnRefreshProfileOptions, audience: string): TokenProfile {
  return Object.freeze({
    ...ownProfile(options),
    types: [OWN_TYPES.oneTime],
    audience: { claim: 'aud', accepted: [audience], exclusive: true },
    requiredClaims: [...OWN_CLAIMS, 'aud'],
    scopesOf: () => [],
    rolesOf: () => [],
    isClient: () => false,
  });
}

const OWN_CLAIMS = ['iss', 'sub', 'exp', 'iat', 'jti'] as const;

function ownProfile(options: OwnRefreshProfileOptions) {
  return {
    ...options,
    fractionalTimes: false,
    idTokens: 'refuse',
    jtiClaim: 'jti',
    sidClaim: 'sid',
    scopesOf,
    rolesOf,
    isClient,
    own: true,
  } as const;
}

function scopesOf({ scope = '' }: Claims): readonly string[] {
  if (typeof scope !== 'string') throw unacceptable('scope', 'must be a string');
  return spacedTexts(scope, 'scope');
}

function rolesOf({ roles = [] }: Claims): readonly string[] {
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string'))
    throw unacceptable('roles', 'must be a list of strings');
  return roles;
}

/** A user's token always belongs to a sign-in; a client's does not. */
function isClient({ kind, client_id: clientId, sub, sid }: Claims): boolean {
  if (kind === 'client' && clientId !== sub) throw unacceptable('client_id', 'must be the subject of a client token');
  if (kind !== 'client' && sid === undefined) throw refused('missing_claim', { claim: 'sid', rule: 'is required' });
  return kind === 'client';
}
