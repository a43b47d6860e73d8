// How a grant becomes signed text, and how a refresh token is read back into the grant it was made from.
import { dateOf } from '../base/clock.js';
import { AuthError } from '../base/errors.js';
import { signJws } from '../tokens/jws.js';
import type { SelfCheck } from '../tokens/self-check.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';
import type { TokenLimits } from '../base/limits.js';
import type { SigningKey } from '../keys/keys.js';
import type { AuthUser, Subject, Verified } from '../base/principal.js';
import { assertAgreement, type MatchedClaims } from '../users/matching-claims.js';
import { REGISTERED, RESERVED_HEADERS } from './reserved-names.js';
import { refreshAudienceOf, type ClaimsContext, type OwnClaims, type TokenSettings } from './token-settings.js';

/** A sign-in issued as two tokens. */
export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Life of the access token in seconds. */
  readonly expiresIn: number;
  readonly accessExpiresAt: Date;
  readonly refreshExpiresAt: Date;
  /** The sign-in that both belong to. */
  readonly sid: string;
  readonly subject: Subject;
  readonly scopes: readonly string[];
}

/** What a refresh token represents. Times in epoch seconds. */
export interface RefreshGrant {
  readonly subject: Subject;
  readonly sid: string;
  readonly jti: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** How long it may go without a refresh, if it is less than the module's. */
  readonly idleSeconds: number | undefined;
  /** The end of the sign-in, which no refresh passes. */
  readonly absoluteExpiresAt: number;
  readonly authTime: number;
  /** Scopes that were granted by name; absent if the user's description decides again at each refresh. */
  readonly scopes: readonly string[] | undefined;
  /** Life of the access tokens, if it is not the module's. */
  readonly accessTtlSeconds: number | undefined;
  /** Audience of the access tokens, if it is not the module's. */
  readonly audience: readonly string[] | undefined;
  readonly stamp: string | undefined;
  /** The client that signed the user in, if it is not the module's. */
  readonly clientId: string | undefined;
  /** How the user was authenticated; fixed for the life of the sign-in (RFC 9068 §2.2.1). */
  readonly acr: string | undefined;
  readonly amr: readonly string[] | undefined;
  /** True for a client that may do only what routes allow by name. */
  readonly restricted: boolean;
  /** The resources that it is limited to; absent if it is not. */
  readonly filters: readonly string[] | undefined;
}

/** What an access token represents. */
export interface AccessGrant extends Omit<
  RefreshGrant,
  'scopes' | 'accessTtlSeconds' | 'audience' | 'expiresAt' | 'authTime'
> {
  /** Absent if the user did not sign in for it. */
  readonly authTime: number | undefined;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly ttlSeconds: number;
  readonly roles: readonly string[];
  /** What claims must agree with for the token to be accepted. */
  readonly match?: MatchedClaims | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly claims: OwnClaims | undefined;
  readonly user: AuthUser | undefined;
  readonly occasion: ClaimsContext['occasion'];
}

/** What a client's token represents. */
export interface ClientGrant {
  readonly clientId: string;
  readonly issuedAt: number;
  readonly ttlSeconds: number;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: OwnClaims | undefined;
  readonly restricted: boolean;
}

/** What is signed, and what is not. */
export interface SigningRules {
  /** The last look at the claims of an access token. @defaultValue none */
  readonly check?: SelfCheck | undefined;
  /** Nothing larger is signed. @defaultValue those of our own tokens */
  readonly limits?: TokenLimits | undefined;
}

/** Makes and reads the tokens of our own issuer. */
export class TokenMinter {
  constructor(
    private readonly settings: TokenSettings,
    private readonly signingKey: () => SigningKey,
    private readonly rules: SigningRules = {},
  ) {}

  /** Signs both tokens of a sign-in. @throws {AuthError} `keys_unavailable` if a remote signer does not answer */
  async pair(access: AccessGrant, refresh: RefreshGrant): Promise<TokenPair> {
    const claims = await this.accessClaims(access);
    this.rules.check?.(claims);
    assertAgreement(claims, access.match);
    const [accessToken, refreshToken] = await Promise.all([
      this.sign({ ...access.headers, typ: 'at+jwt' }, claims, access.headers),
      this.sign({ typ: 'rt+jwt' }, this.refreshClaims(refresh)),
    ]);
    return {
      accessToken,
      refreshToken,
      expiresIn: access.ttlSeconds,
      accessExpiresAt: dateOf(access.issuedAt + access.ttlSeconds),
      refreshExpiresAt: dateOf(refresh.expiresAt),
      sid: refresh.sid,
      subject: refresh.subject,
      scopes: access.scopes,
    };
  }

  /** Signs an access token alone. @throws {AuthError} `keys_unavailable` if a remote signer does not answer */
  async accessToken(access: AccessGrant): Promise<string> {
    const claims = await this.accessClaims(access);
    this.rules.check?.(claims);
    assertAgreement(claims, access.match);
    return this.sign({ ...access.headers, typ: 'at+jwt' }, claims, access.headers);
  }

  /** Signs the token of a client. @throws {AuthError} `keys_unavailable` */
  async clientToken(
    grant: ClientGrant & { readonly jti: string },
  ): Promise<{ accessToken: string; expiresIn: number }> {
    const claims = {
      ...this.ownClaims(grant.claims),
      ...this.version,
      iss: this.settings.issuer,
      sub: grant.clientId,
      client_id: grant.clientId,
      kind: 'client',
      aud: single(grant.audience),
      iat: grant.issuedAt,
      exp: grant.issuedAt + grant.ttlSeconds,
      jti: grant.jti,
      // A client's token is a sign-in of its own, so that it can be ended like any other.
      sid: grant.jti,
      scope: spaced(grant.scopes),
      is_restricted: grant.restricted || undefined,
    };
    this.rules.check?.(claims);
    return { accessToken: await this.sign({ typ: 'at+jwt' }, claims), expiresIn: grant.ttlSeconds };
  }

  /** The grant behind a verified refresh token. @throws {AuthError} `invalid_claims` if ours never look like this */
  readRefresh(verified: Verified): RefreshGrant {
    const { subject, sid, jti, issuedAt, expiresAt, authTime, stamp, claims } = verified;
    const absoluteExpiresAt = claims['login_exp'];
    if (sid === undefined || jti === undefined || issuedAt === undefined || expiresAt === undefined) {
      throw new AuthError('missing_claim');
    }
    if (typeof absoluteExpiresAt !== 'number') throw new AuthError('missing_claim');
    return {
      subject,
      sid,
      jti,
      issuedAt,
      expiresAt,
      idleSeconds: secondsIn(claims['login_idle']),
      absoluteExpiresAt,
      stamp,
      authTime: authTime ?? issuedAt,
      scopes: claims['scope'] === undefined ? undefined : verified.scopes,
      accessTtlSeconds: secondsIn(claims['access_ttl']),
      audience: listIn(claims['access_aud']),
      clientId: textIn(claims['client_id']),
      acr: textIn(claims['acr']),
      amr: listIn(claims['amr']),
      restricted: verified.restricted === true,
      filters: listIn(claims['filters']),
    };
  }

  /** @throws {TypeError} if an own claim takes a registered name, or that of the subject */
  private ownClaims(claims: OwnClaims | undefined): OwnClaims {
    const set = new Set([this.settings.access.subjectClaim, ...Object.keys(this.version)]);
    const taken = Object.keys(claims ?? {}).find((name) => REGISTERED.has(name) || set.has(name));
    if (taken !== undefined)
      throw new UnissuableToken(
        `The claim "${taken}" is set by the library or reserved; choose another name or its option.`,
      );
    return claims ?? {};
  }

  /** The claim `version`, if access tokens have one. */
  private get version(): { readonly version?: string } {
    const { version } = this.settings.access;
    return version === undefined ? {} : { version };
  }

  private async accessClaims(grant: AccessGrant): Promise<OwnClaims> {
    const { claimsFor, subjectClaim } = this.settings.access;
    const { user, occasion, scopes } = grant;
    const made =
      claimsFor === undefined || user === undefined ? undefined : await claimsFor(user, { occasion, scopes });
    return {
      ...this.ownClaims(made),
      ...this.ownClaims(grant.claims),
      ...(subjectClaim === 'sub' ? undefined : { [subjectClaim]: grant.subject.id }),
      ...(grant.filters === undefined ? undefined : { filters: grant.filters }),
      ...this.version,
      iss: grant.subject.issuer,
      sub: grant.subject.id,
      aud: single(grant.audience),
      iat: grant.issuedAt,
      exp: grant.issuedAt + grant.ttlSeconds,
      jti: grant.jti,
      sid: grant.sid,
      client_id: this.clientOf(grant),
      auth_time: grant.authTime,
      acr: grant.acr,
      amr: grant.amr,
      scope: spaced(grant.scopes),
      is_restricted: grant.restricted || undefined,
      roles: grant.roles.length === 0 ? undefined : grant.roles,
      stamp: grant.stamp,
    };
  }

  /** @throws {TypeError} for a user with the id of the client: verifiers read that as the client itself (RFC 9068 §5) */
  private clientOf({ subject, clientId = this.settings.access.clientId }: AccessGrant): string {
    if (clientId !== subject.id) return clientId;
    throw new UnissuableToken(
      'The subject has the id of the client (access.clientId, or clientId); give the client another id.',
    );
  }

  private refreshClaims(grant: RefreshGrant): OwnClaims {
    return {
      iss: grant.subject.issuer,
      sub: grant.subject.id,
      aud: refreshAudienceOf(this.settings),
      iat: grant.issuedAt,
      exp: grant.expiresAt,
      jti: grant.jti,
      sid: grant.sid,
      auth_time: grant.authTime,
      login_exp: grant.absoluteExpiresAt,
      login_idle: grant.idleSeconds,
      scope: grant.scopes?.join(' '),
      access_ttl: grant.accessTtlSeconds,
      access_aud: grant.audience,
      client_id: grant.clientId,
      acr: grant.acr,
      amr: grant.amr,
      is_restricted: grant.restricted || undefined,
      filters: grant.filters,
      stamp: grant.stamp,
    };
  }

  private async sign(
    header: Record<string, string>,
    claims: OwnClaims,
    own?: Readonly<Record<string, string>>,
  ): Promise<string> {
    const taken = Object.keys(own ?? {}).find((name) => RESERVED_HEADERS.has(name));
    if (taken !== undefined) throw new TypeError(`The header "${taken}" is set by the library; choose another name.`);
    const key = this.signingKey();
    return signJws(header, claims, {
      kid: key.kid,
      alg: key.alg,
      sign: (data) => key.sign(data),
      limits: this.rules.limits,
    });
  }
}

function spaced(scopes: readonly string[]): string | undefined {
  return scopes.length === 0 ? undefined : scopes.join(' ');
}

/** One audience is written as a string, as most verifiers expect (RFC 7519 §4.1.3 allows both). */
function single(audience: readonly string[]): string | readonly string[] | undefined {
  return audience.length === 1 ? audience[0] : audience;
}

function secondsIn(claim: unknown): number | undefined {
  return typeof claim === 'number' ? claim : undefined;
}

function textIn(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}

function listIn(claim: unknown): readonly string[] | undefined {
  return Array.isArray(claim) ? claim.filter((entry): entry is string => typeof entry === 'string') : undefined;
}
