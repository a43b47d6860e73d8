// Owns what is known of well-known providers: the form of their issuer, where their keys are, and how their tokens say things.
// Each is checked against the provider's documentation and has a test; every member can be overridden by spreading.
import type { Claims } from '../principal.js';
import type { KeyFetchOptions, TrustOptions } from './trust-options.js';

/** How keys are fetched, and whom tokens must be meant for. */
interface PresetOptions extends KeyFetchOptions {
  /** One of these must be named. */
  readonly audience: string | readonly string[];
}

const RS256 = ['RS256'] as const;

/**
 * Auth0: access tokens for an API, in Auth0's own profile and that of RFC 9068. Scopes are `scope` and, with role-based access
 * control, `permissions`. Tokens of Auth0's own profile have no id: revoke them by subject.
 *
 * @example
 * ```ts
 * import { auth0 } from 'nestjs-latchkey';
 *
 * const trust = [auth0({ domain: 'example.eu.auth0.com', audience: 'https://courses.example.com' })];
 * ```
 */
export function auth0({ domain, audience, ...fetch }: PresetOptions & { readonly domain: string }): TrustOptions {
  return {
    issuer: `https://${domain}/`,
    audience,
    keys: { jwksUri: `https://${domain}/.well-known/jwks.json`, ...fetch },
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    claims: { scopes: ['scope', 'permissions'] },
    isClient: ({ gty, sub, client_id: clientId }) => gty === 'client-credentials' || isClientSubject(sub, clientId),
  };
}

/** An application that acts for itself has its id with `@clients` for a subject. */
function isClientSubject(sub: unknown, clientId: unknown): boolean {
  return typeof sub === 'string' && (sub.endsWith('@clients') || sub === clientId);
}

/** Keycloak: access tokens of a realm. Roles are the realm's, and those of `clientId` where it is given. */
export function keycloak(
  options: PresetOptions & {
    /** Where Keycloak is: `https://sso.example.com`, with `/auth` behind it for old versions. */
    readonly baseUrl: string;
    readonly realm: string;
    /** The client whose roles count besides those of the realm. */
    readonly clientId?: string;
  },
): TrustOptions {
  const { baseUrl, realm, clientId, audience, ...fetch } = options;
  const issuer = `${baseUrl.replace(/\/$/, '')}/realms/${encodeURIComponent(realm)}`;
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/protocol/openid-connect/certs`, ...fetch },
    algorithms: [...RS256, 'ES256', 'PS256'],
    types: ['jwt', 'at+jwt'],
    // Its ID and refresh tokens have the same header and say what they are in a claim.
    exactClaims: { typ: 'Bearer' },
    claims: { scopes: 'scope', roles: (claims) => keycloakRoles(claims, clientId) },
    isClient: ({ preferred_username: name }) => typeof name === 'string' && name.startsWith('service-account-'),
  };
}

function keycloakRoles(
  { realm_access: realm, resource_access: clients }: Claims,
  clientId: string | undefined,
): readonly string[] {
  const isNamed = clientId !== undefined && isObject(clients) && Object.hasOwn(clients, clientId);
  return [...rolesIn(realm), ...rolesIn(isNamed ? clients[clientId] : undefined)];
}

function rolesIn(access: unknown): readonly string[] {
  const roles = isObject(access) ? access['roles'] : undefined;
  return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Amazon Cognito: access tokens of a user pool. They name no audience but the client that they were issued to; groups are roles. */
export function cognito(
  options: KeyFetchOptions & {
    readonly region: string;
    readonly userPoolId: string;
    /** The ids of the app clients whose tokens are accepted. */
    readonly clientId: string | readonly string[];
  },
): TrustOptions {
  const { region, userPoolId, clientId, ...fetch } = options;
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
  return {
    issuer,
    audience: clientId,
    keys: { jwksUri: `${issuer}/.well-known/jwks.json`, ...fetch },
    algorithms: RS256,
    types: ['', 'jwt'],
    exactClaims: { token_use: 'access' },
    claims: { audience: 'client_id', scopes: 'scope', roles: 'cognito:groups', session: 'origin_jti' },
    isClient: ({ sub, client_id: id }) => sub === id,
  };
}

/**
 * Microsoft Entra ID: access tokens of version 2 (`requestedAccessTokenVersion: 2` in the manifest) of one tenant, named by its id.
 * `sub` differs from application to application; the person's id within the tenant is the claim `oid`.
 */
export function entra({ tenantId, audience, ...fetch }: PresetOptions & { readonly tenantId: string }): TrustOptions {
  const authority = `https://login.microsoftonline.com/${tenantId}`;
  return {
    issuer: `${authority}/v2.0`,
    audience,
    keys: { jwksUri: `${authority}/discovery/v2.0/keys`, ...fetch },
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    // Its ID tokens look alike, but do not say for whom they were requested.
    requiredClaims: ['iat', 'azp'],
    claims: { id: 'uti', scopes: 'scp', roles: 'roles' },
    // Delegated tokens always have scopes; those of an application never do.
    isClient: ({ idtyp, scp }) => idtyp === 'app' || scp === undefined,
  };
}

/**
 * Google: **ID tokens**, because Google's access tokens are no JWTs. An ID token proves to the client named in it that a person
 * signed in; accept it only from a front end of your own, and rather exchange it for tokens of your own.
 */
export function google({
  clientId,
  ...fetch
}: KeyFetchOptions & { readonly clientId: string | readonly string[] }): TrustOptions {
  return {
    issuer: 'https://accounts.google.com',
    audience: clientId,
    keys: { jwksUri: 'https://www.googleapis.com/oauth2/v3/certs', ...fetch },
    algorithms: RS256,
    types: ['jwt'],
    idTokens: true,
    claims: { scopes: [] },
    isClient: () => false,
  };
}

/**
 * Okta: access tokens of a custom authorisation server. `sub` is the user's name there, which can change hands; the subject is
 * `uid` instead. Groups are roles where the server is set up to send them as `groups`.
 */
export function okta(
  options: PresetOptions & {
    readonly domain: string;
    /** @defaultValue 'default' */
    readonly authorizationServer?: string;
  },
): TrustOptions {
  const { domain, authorizationServer = 'default', audience, ...fetch } = options;
  const issuer = `https://${domain}/oauth2/${authorizationServer}`;
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/v1/keys`, ...fetch },
    algorithms: RS256,
    types: ['', 'jwt', 'at+jwt'],
    // Only access tokens name the client so.
    requiredClaims: ['iat', 'cid'],
    claims: { subject: oktaSubject, scopes: 'scp', roles: 'groups' },
    isClient: isOktaClient,
  };
}

function isOktaClient({ cid, sub, uid }: Claims): boolean {
  return uid === undefined && sub === cid;
}

function oktaSubject(claims: Claims): string | undefined {
  const id = isOktaClient(claims) ? claims['sub'] : claims['uid'];
  return typeof id === 'string' ? id : undefined;
}
