// Access tokens without an application: signed with a key that the caller has. No login is opened, so there is no refresh token.
import type { Clock } from '../base/clock.js';
import { newId } from '../base/new-id.js';
import { TokenMinter } from '../issuing/token-minter.js';
import { importOwnKey } from '../keys/key-import.js';
import type { KeyInput } from '../keys/keys.js';
import { stampDigest } from '../users/users.js';

/** The content of the token, for users and clients alike. */
interface LoneGrant {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly ttlSeconds: number;
  readonly scopes: readonly string[];
  /** The user's id or the client's. */
  readonly id: string;
}

/** What a token says. The `stamp` is that of the user's description. */
export type LoneToken = LoneGrant &
  (
    | { readonly kind: 'client'; readonly restricted: boolean }
    | { readonly kind: 'user'; readonly roles: readonly string[]; readonly stamp: string | undefined }
  );

/**
 * Signs an access token as an application with these keys would.
 *
 * @throws {AuthConfigurationError} for a key that cannot sign
 */
export async function signAlone(token: LoneToken, key: KeyInput, clock: Clock): Promise<string> {
  const { signing } = await importOwnKey(key, { optionName: 'the current key' });
  const minter = new TokenMinter(settingsOf(token), () => signing);
  const { ttlSeconds, audience, scopes, id } = token;
  const grant = { jti: newId(), issuedAt: clock.nowSeconds(), ttlSeconds, audience, scopes, claims: undefined };
  if (token.kind === 'user') return userToken(token, minter, grant);
  return (await minter.clientToken({ ...grant, clientId: id, restricted: token.restricted })).accessToken;
}

type Grant = Omit<Parameters<TokenMinter['clientToken']>[0], 'clientId' | 'restricted'>;

async function userToken(
  { issuer, id, roles, stamp }: Extract<LoneToken, { kind: 'user' }>,
  minter: TokenMinter,
  grant: Grant,
): Promise<string> {
  const subject = { issuer, id };
  const access = {
    ...grant,
    subject,
    sid: newId(),
    authTime: grant.issuedAt,
    idleSeconds: undefined,
    absoluteExpiresAt: grant.issuedAt + grant.ttlSeconds,
    stamp: stamp === undefined ? undefined : stampDigest(subject, stamp),
    roles,
    clientId: undefined,
    acr: undefined,
    amr: undefined,
    restricted: false,
    filters: undefined,
    headers: undefined,
    user: undefined,
    occasion: 'sign-in' as const,
  };
  return minter.accessToken(access);
}

function settingsOf({ issuer, audience, ttlSeconds }: LoneGrant): ConstructorParameters<typeof TokenMinter>[0] {
  return {
    issuer,
    audience,
    access: { ttlSeconds, maxTtlSeconds: ttlSeconds, subjectClaim: 'sub', clientId: issuer, claimsFor: undefined },
    refresh: { idleSeconds: ttlSeconds, absoluteSeconds: ttlSeconds, graceMs: 0 },
  };
}
