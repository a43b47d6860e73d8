// What each refusal teaches in development: which check failed, and what would have passed. Fixed text, for logs and for the pages in
// docs/errors; no client receives it.
import type { AuthErrorCode } from './errors.js';

/** The lesson of one refusal. */
export interface ErrorHelp {
  /** The check that failed, as a noun: "the signature of the token". */
  readonly check: string;
  /** What would have passed, as a noun or a clause after "would pass:". */
  readonly passes: string;
}

const KEYS = 'a token signed with a key of `keys`, or of the key set of an issuer in `trust`';
const NEW_TOKEN = 'a new token: sign in again';
const AGAIN = 'the same request once it answers again; the caller stays signed in';

/** One row for each code of the error table. */
export const ERROR_HELP: Readonly<Record<AuthErrorCode, ErrorHelp>> = {
  unauthenticated: { check: 'is a credential there', passes: 'a credential of a scheme that the route accepts' },
  further_step_required: {
    check: 'are all steps of the sign-in passed',
    passes: 'the continuation of the answer, sent back with the answer to its step',
  },
  invalid_credentials: {
    check: 'user name, password and state of the account',
    passes: 'a name and password for which verifyCredentials() returns an active user',
  },
  malformed_header: { check: 'the form of the header', passes: 'one scheme, a space and one token' },
  token_malformed: {
    check: 'the form of the token',
    passes: 'a signed JWT: three parts of base64url with dots between',
  },
  token_too_large: { check: 'the size of the token', passes: 'a token within `limits.token`' },
  token_invalid: { check: 'the signature of the token', passes: KEYS },
  token_expired: {
    check: 'the end of the token (exp)',
    passes: 'a token that has not expired: refresh once, then repeat the request',
  },
  token_not_yet_valid: {
    check: 'the beginning of the token (nbf, iat)',
    passes: 'the same token later, or clocks that agree: `clockTolerance` is how far they may differ',
  },
  algorithm_not_allowed: {
    check: 'the algorithm of the token (alg)',
    passes: 'a token signed with the algorithm of the keys',
  },
  unknown_key: { check: 'the key of the token (kid)', passes: KEYS },
  invalid_issuer: {
    check: 'the issuer of the token (iss)',
    passes: 'an `iss` that equals `issuer`, or an entry of `trust`',
  },
  invalid_audience: { check: 'the audience of the token (aud)', passes: 'an `aud` that has one of `audience`' },
  missing_claim: { check: 'the claims that a token must have', passes: 'a token with that claim' },
  invalid_claims: { check: 'the values of claims', passes: 'a token whose claims keep the rules of its issuer' },
  missing_subject: { check: 'the subject of the token (sub)', passes: 'a token that names its subject' },
  wrong_token_type: {
    check: 'the type of the token (typ)',
    passes: 'an access token; refresh and ID tokens are for other places',
  },
  unsupported_token_version: { check: 'the version of the token', passes: NEW_TOKEN },
  token_revoked: { check: 'the blocklist', passes: NEW_TOKEN },
  token_superseded: { check: 'the time of issue against the last change of the account', passes: NEW_TOKEN },
  user_not_found: { check: 'the user of the token', passes: 'a subject that describe() of the user source returns' },
  user_disabled: {
    check: 'the state of the account',
    passes: 'a user whose `active` is not false, or a route with @AllowInactive()',
  },
  refresh_reused: {
    check: 'is the refresh token the live one of its login',
    passes: 'the latest refresh token; each is good once',
  },
  refresh_unknown: {
    check: 'is the login of the refresh token in the store',
    passes: 'a refresh token of a login that the store has',
  },
  refresh_expired: { check: 'the end of the login', passes: NEW_TOKEN },
  invalid_scope: { check: 'the scope that was asked for', passes: 'a scope within what the login was granted' },
  audience_mismatch: { check: 'the audience that the route demands', passes: 'a token for that audience' },
  claims_stale: {
    check: 'claims against the account (`provision.match`)',
    passes: 'a new token of the issuer, with the claims of today',
  },
  session_user_mismatch: {
    check: 'the user of the cookie against the user of the session',
    passes: 'cookie and session of one user',
  },
  reauthentication_required: { check: 'the age of the sign-in', passes: 'a sign-in that is recent enough' },
  stronger_authentication_required: {
    check: 'the strength of the sign-in (acr, amr)',
    passes: 'a sign-in with the steps that the route demands',
  },
  ambiguous_credentials: {
    check: 'is there one credential in one place',
    passes: 'one Authorization header, and each cookie once',
  },
  one_time_token_invalid: {
    check: 'the one-time token',
    passes: 'a token that is not used, not expired and of this purpose',
  },
  invalid_request: { check: 'the body of the request', passes: 'a body with the members that the endpoint takes' },
  payload_too_large: { check: 'the size of the body', passes: 'a smaller body' },
  unsupported_media_type: {
    check: 'the type of the body',
    passes: 'a body of the type application/json, or of a form where one is taken',
  },
  external_state_invalid: {
    check: 'the state of the sign-in elsewhere',
    passes: 'one that was begun in this browser, a short time ago, and once',
  },
  external_sign_in_refused: {
    check: 'the answer of the provider, and the account for it',
    passes: 'a completed sign-in there, and an account here',
  },
  invalid_client: {
    check: 'the client and its proof',
    passes: 'a client that the source of clients knows, with its own secret or key',
  },
  unsupported_grant_type: { check: 'the grant type', passes: 'a grant type that the endpoint offers' },
  scope_not_allowed: { check: 'the scopes of the client', passes: 'scopes that the source of clients lists for it' },
  invalid_target: {
    check: 'the resource that was asked for',
    passes: 'a resource that the source of clients lists for it',
  },
  too_many_requests: { check: 'the limit of attempts', passes: 'the same request after Retry-After' },
  csrf_cookie_missing: { check: 'the CSRF cookie', passes: 'the cookie that csrfController() sets, sent back' },
  csrf_token_missing: { check: 'the CSRF header', passes: 'the csrfToken of csrfController() in that header' },
  csrf_token_invalid: { check: 'the CSRF token', passes: 'the csrfToken that was fetched after the last sign-in' },
  csrf_origin_rejected: {
    check: 'the origin of the page',
    passes: 'an origin that is `issuer` or in `csrf.trustedOrigins`',
  },
  insufficient_scope: { check: 'the scopes of the token', passes: 'a token with the scopes that the route requires' },
  filter_mismatch: {
    check: 'the filters of the token',
    passes: 'a token that is limited to this resource, or to none',
  },
  restricted_client: {
    check: 'is the client restricted',
    passes: 'a client without restriction, or a route with @AllowRestrictedClients()',
  },
  client_not_allowed: { check: 'is the caller a user', passes: 'the token of a user, or a route with @AllowClients()' },
  forbidden: { check: 'the policies of the route', passes: 'a caller whom every policy accepts' },
  unsupported_context: { check: 'the kind of request', passes: 'a context of docs/contexts.md' },
  keys_unavailable: { check: 'the key set of the issuer, which did not answer', passes: AGAIN },
  store_unavailable: { check: 'the store, which did not answer', passes: AGAIN },
  users_unavailable: { check: 'the user source, which did not answer', passes: AGAIN },
  scheme_unavailable: { check: 'the scheme, which did not answer', passes: AGAIN },
  application_fault: {
    check: 'code of the application, which failed',
    passes: 'nothing until it is corrected: see the error in the log',
  },
  sign_in_overloaded: { check: 'the number of passwords being hashed', passes: 'the same request after Retry-After' },
  misconfigured: {
    check: 'the set-up of the application',
    passes: 'nothing until it is corrected: see the error in the log',
  },
};
