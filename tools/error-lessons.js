// Cause and cure of each refusal, for its page in docs/errors: sentences for the developer who meets it.

/** @typedef {{ readonly cause: string, readonly cure: string }} Lesson */

const ISSUER =
  'Sign in again there. If every token of that issuer is refused, look at its entry of [`trust`](../trusted-issuers.md).';
const ENDED = 'Drop the tokens and ask the user to sign in again. No retry helps.';
const UNAVAILABLE =
  'Keep the user signed in, and try again after `Retry-After`. Operators find the outage and its end in the [log](../events.md#the-log).';
const CSRF = 'See [cookies and CSRF](../browser.md).';

/** @type {Readonly<Record<string, Lesson>>} */
export const lessons = {
  unauthenticated: {
    cause:
      'The route is guarded, and the request carries nothing that one of its schemes reads: no header, a header of another scheme, a header that a proxy dropped, a cookie of another path or site.',
    cure: 'Send `Authorization: Bearer <access token>`, or open the route with `@Public()`. See [why is my request 401](../tasks/why-401.md).',
  },
  further_step_required: {
    cause: 'The password was right, and the user source asks for another step, such as a code.',
    cure: 'Send the `continuation` of `step` with the answer to it. See [signing in](../sign-in.md).',
  },
  invalid_credentials: {
    cause:
      'The name is not known, the password is not right, or the user is not active. The answer is the same for all, so that names cannot be tried out.',
    cure: 'Check what `verifyCredentials()` returns, and `active` of `describe()`.',
  },
  malformed_header: {
    cause:
      'The header begins with the right scheme, and what follows is not one token: it is missing, or there is a space or a comma in it.',
    cure: 'Send the scheme, a space and the token, once.',
  },
  token_malformed: {
    cause: 'The text is not a signed token: it has not three parts, a part is not base64url, or its JSON is not valid.',
    cure: 'Send the `access_token` as it was received. `null` and `undefined` in the place of a token are the usual mistake of a client.',
  },
  token_too_large: {
    cause: 'The token, or something in it, is larger than the limits.',
    cure: 'Put fewer claims into it, or raise [`limits`](../options.md#limits).',
  },
  token_invalid: {
    cause:
      'The signature does not hold. Clients see this code as well for tokens that were revoked or superseded, and for users that are missing or inactive.',
    cure: 'Look for the exact code in the log of development or in the [events](../events.md). Then sign in again.',
  },
  token_expired: {
    cause: 'The access token is older than `access.ttl`, 15 minutes by default.',
    cure: 'Refresh once, then repeat the request. See [a refresh token in two tabs](../tasks/two-tabs.md).',
  },
  token_not_yet_valid: {
    cause: '`nbf` or `iat` lies in the future: the clocks of two servers differ.',
    cure: 'Synchronise the clocks; `clockTolerance` allows up to 60 seconds.',
  },
  algorithm_not_allowed: {
    cause: 'The header of the token names an algorithm that the keys of its issuer do not have, `none` among them.',
    cure: 'Sign with the algorithm of the keys. For an external issuer name its algorithms in [`trust`](../trusted-issuers.md).',
  },
  unknown_key: {
    cause:
      'No key has the `kid` of the token. Usual cause: no `keys` in the options, so that each process, and each restart, makes its own.',
    cure: 'Set `keys`, the same for all processes: `npx latchkey keys generate`.',
  },
  invalid_issuer: {
    cause:
      '`iss` is not that of this service, and not one of `trust`. Often it differs in `http` and `https`, a port or a slash at the end.',
    cure: 'Write `issuer` exactly as it stands in the token: `npx latchkey inspect <token>`.',
  },
  invalid_audience: {
    cause: '`aud` names another service.',
    cure: 'Make `audience` the same on both sides, or list both.',
  },
  missing_claim: { cause: 'A claim that the profile of the issuer demands is not in the token.', cure: ISSUER },
  invalid_claims: {
    cause:
      'A claim is there and breaks a rule: a life that is too long, a type that is not right, a value that your schema refuses.',
    cure: 'The log of development names claim, rule and option. ' + ISSUER,
  },
  missing_subject: { cause: 'The token has no `sub`, or an empty one.', cure: ISSUER },
  wrong_token_type: {
    cause: 'A refresh token or an ID token was sent in the place of an access token, or the other way round.',
    cure: 'Send the access token to routes, and the refresh token to `/auth/token/refresh` only.',
  },
  unsupported_token_version: { cause: 'The token was made by a version whose form is no longer read.', cure: ENDED },
  token_revoked: {
    cause:
      'The token, its login or all logins of the user were ended: by a log-out, by `BlocklistService`, or by the reuse of a refresh token.',
    cure: ENDED + ' Clients see `token_invalid`. See [revocation](../revocation.md).',
  },
  token_superseded: {
    cause: 'The token is older than a change of the account that ends tokens, such as a new password.',
    cure: ENDED + ' Clients see `token_invalid`.',
  },
  user_not_found: {
    cause:
      'The user source knows no user of that subject: the account was deleted, or the token is of another database.',
    cure: ENDED + ' Clients see `token_invalid`.',
  },
  user_disabled: {
    cause: '`describe()` says that the user is not active.',
    cure: 'Activate the account; the same token is good again then. A route with `@AllowInactive()` accepts it anyway. Clients see `token_invalid`.',
  },
  refresh_reused: {
    cause:
      'A refresh token was used after it had been replaced, and after the grace: two parties hold it, so the login was ended.',
    cure:
      ENDED +
      ' If your own client did it, share one refresh between its tabs and requests: [two tabs](../tasks/two-tabs.md). Clients see `token_invalid`.',
  },
  refresh_unknown: {
    cause:
      'The store has no login for the token: it was pruned, or the store is another one or was emptied. Stores in memory are empty after a restart.',
    cure: 'Use a [store](../databases.md) that outlives the process. ' + ENDED,
  },
  refresh_expired: {
    cause: 'The login was not used for `refresh.idle`, or is older than `refresh.absolute`.',
    cure: ENDED,
  },
  invalid_scope: {
    cause: 'A refresh asked for a scope that the login does not have.',
    cure: 'Ask for fewer scopes, or for none: then all that were granted stay.',
  },
  audience_mismatch: {
    cause: 'The token is for this service, and the route is for another audience of it.',
    cure: 'Sign in for that audience. See [authorization](../authorization.md).',
  },
  claims_stale: {
    cause: 'An attribute that must equal a claim (`provision.match`) has changed since the token was issued.',
    cure: 'Sign in again at the issuer.',
  },
  session_user_mismatch: {
    cause: 'The cookie and the session belong to different users, usually after a change of accounts in one browser.',
    cure: 'Sign in again; the cookie was cleared. `session.mismatch` decides what happens then.',
  },
  reauthentication_required: {
    cause: 'The route asks for a recent sign-in (`@RequireRecentAuth()`), and this one is older.',
    cure: 'Ask for the password again and use the new token. `max_age` of the challenge says how recent it must be.',
  },
  stronger_authentication_required: {
    cause: 'The route asks for a stronger sign-in, such as one with a second factor.',
    cure: 'Sign in with the step that `acr_values` of the challenge names.',
  },
  ambiguous_credentials: {
    cause: 'The request carries two credentials in one place: two `Authorization` headers, or a cookie twice.',
    cure: 'Send one. Two cookies of one name are often one of the domain above beside one of this host.',
  },
  one_time_token_invalid: {
    cause: 'The link or code was used, has expired, or is for another purpose.',
    cure: 'Send the user a new one.',
  },
  invalid_request: {
    cause: 'A member of the body is missing or of another type; `message` lists what is wrong.',
    cure: 'Send JSON with the content type `application/json` and the members that the [OpenAPI document](../tasks/swagger-lock.md) lists.',
  },
  payload_too_large: {
    cause: 'The body is larger than the body parser accepts.',
    cure: 'Send less, or raise the limit of the parser.',
  },
  unsupported_media_type: {
    cause: 'The body has a content type, charset or encoding that is not read here.',
    cure: 'Send `application/json`.',
  },
  external_state_invalid: {
    cause: 'The browser came back from the provider without the cookie of the beginning, twice, or too late.',
    cure: 'Begin again. If it always fails, the cookie is lost: begin and end must be on one host. See [signing in elsewhere](../external-sign-in.md).',
  },
  external_sign_in_refused: {
    cause: 'The provider refused, the user declined, or there is no account here for that user.',
    cure: 'The log of development has the reason. See [signing in elsewhere](../external-sign-in.md).',
  },
  invalid_client: {
    cause: 'The client id is not known, or its secret or signed assertion is not right.',
    cure: 'Check both. See [clients without a user](../machines.md).',
  },
  unsupported_grant_type: {
    cause: '`grant_type` is not one that the endpoint has.',
    cure: 'For clients it is `client_credentials`. See [clients without a user](../machines.md).',
  },
  scope_not_allowed: {
    cause: 'The client asked for a scope that its entry does not list.',
    cure: 'Ask for fewer, or add it to the entry of the client.',
  },
  invalid_target: {
    cause: 'The client asked for a `resource` that its entry does not list.',
    cure: 'Ask for another, or add it to the audiences of the client.',
  },
  too_many_requests: {
    cause: 'Too many attempts, of one name or of one address.',
    cure: 'Wait for `Retry-After`. See [limits of attempts](../throttling.md).',
  },
  csrf_cookie_missing: {
    cause: 'A request that changes something came with a cookie or session, and without the CSRF cookie.',
    cure: 'GET the route of `csrfController()` first, with credentials. ' + CSRF,
  },
  csrf_token_missing: {
    cause: 'The CSRF header is missing; a form of another site cannot send it.',
    cure: 'Send the `csrfToken` in the header `X-CSRF-Token`. ' + CSRF,
  },
  csrf_token_invalid: {
    cause: 'The token is of another login: it was fetched before the sign-in or before a change of accounts.',
    cure: 'Get a new one after each sign-in. ' + CSRF,
  },
  csrf_origin_rejected: {
    cause: 'The page that sent the request is on an origin that is not trusted.',
    cure:
      'Set `issuer` to the origin of the application, or add the origin of the page to `csrf.trustedOrigins`. ' + CSRF,
  },
  insufficient_scope: {
    cause: 'The token is good and lacks a scope of the route.',
    cure: 'Issue it with that scope. `scope` of the challenge names it. See [authorization](../authorization.md).',
  },
  filter_mismatch: {
    cause: 'The token is limited to some resources by its filters, and this one is not among them.',
    cure: 'Issue a token for this resource. See [authorization](../authorization.md).',
  },
  restricted_client: {
    cause: 'The token is of a restricted client, and the route does not let it in by name.',
    cure: 'Add `@AllowRestrictedClients()` and a policy to the route.',
  },
  client_not_allowed: {
    cause: 'The token is of a client that acts for itself, and the route is for users.',
    cure: 'Add `@AllowClients()` to the route.',
  },
  forbidden: {
    cause: 'A policy of the route said no, or could not answer for lack of data.',
    cure: 'The log of development names the policies of the route. See [authorization](../authorization.md).',
  },
  unsupported_context: {
    cause: 'A guard was asked about a kind of request that it cannot read.',
    cure: 'The log says which. See [GraphQL, sockets, messages](../contexts.md).',
  },
  keys_unavailable: {
    cause: 'The key set of the issuer could not be fetched, so that no signature can be checked.',
    cure: UNAVAILABLE,
  },
  store_unavailable: { cause: 'The store of revocations or logins did not answer in time.', cure: UNAVAILABLE },
  users_unavailable: { cause: 'The user source failed or did not answer.', cure: UNAVAILABLE },
  scheme_unavailable: { cause: '`verify` of a scheme threw something other than an `AuthError`.', cure: UNAVAILABLE },
  application_fault: {
    cause: 'Code of the application that authentication calls has failed: a policy, an extractor, `describe()`.',
    cure: 'The log has the error with its place. Trying again does not help.',
  },
  sign_in_overloaded: {
    cause: 'More passwords wait to be hashed than the process can work off soon.',
    cure: 'Try again after `Retry-After`. See [passwords](../passwords.md).',
  },
  misconfigured: {
    cause: 'A token cannot be issued as the options and the user source ask for it.',
    cure: 'The log says why. Trying again does not help.',
  },
};
