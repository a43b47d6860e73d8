// The tables of docs/migrating.md: each public name of a system that the library carries over has a row, and each row names rows of
// docs/seeds that name tests, or says why it is not carried over.
import { describe, expect, it } from '@jest/globals';
import { citationsOf, tableRows } from '../support/citations.js';
import { filesIn, readText } from '../support/repository.js';

/** What applications import from each system, or write into its settings, as of the versions that docs/seeds describes. */
const NAMES: Readonly<Record<string, string>> = {
  'edx-drf-extensions': `
    JwtAuthentication BearerAuthentication SessionAuthenticationAllowInactiveUser JwtAuthenticationError JwtSessionUserMismatchError
    JwtUserEmailMismatchError UserInfoRetrievalFailed CSRFCheck is_jwt_authenticated get_decoded_jwt_from_auth get_decoded_jwt
    set_flag_is_request_user_set_for_jwt_auth jwt_decode_handler unsafe_jwt_decode_handler configured_jwt_decode_handler
    get_asymmetric_only_jwt_decode_handler decode_jwt_scopes decode_jwt_is_restricted decode_jwt_filters JwtTokenVersion
    verify_jwk_signature_using_keyset get_verification_jwk_key_set EnsureJWTAuthSettingsMiddleware JwtAuthCookieMiddleware
    JwtRedirectToLoginIfUnauthenticatedMiddleware RequestCustomAttributesMiddleware RequestMetricsMiddleware
    IsSuperuser IsStaff IsUserInUrl JwtRestrictedApplication NotJwtRestrictedApplication JwtHasScope
    JwtHasContentOrgFilterForRequestedCourse JwtHasUserFilterForRequestedUser LoginRedirectIfUnauthenticated get_username_param
    JWT_RESTRICTED_APPLICATION_OR_USER_ACCESS ScopingPolicy ScopedQuerysetMixin scoping_policy required_scopes
    DefaultPagination NamespacedPageNumberPagination paginate_search_results
    generate_jwt generate_jwt_token generate_asymmetric_jwt_token generate_latest_version_payload generate_unversioned_payload
    ENABLE_SET_REQUEST_USER_FOR_JWT_COOKIE ENABLE_JWT_AND_LMS_USER_EMAIL_MATCH JWT_PAYLOAD_USER_ATTRIBUTE_MAPPING
    JWT_PAYLOAD_MERGEABLE_USER_ATTRIBUTES OAUTH2_USER_INFO_URL OAUTH2_ACCESS_TOKEN_URL VERIFY_LMS_USER_ID_PROPERTY_NAME
    JWT_ISSUERS JWT_ISSUER JWT_AUDIENCE JWT_SECRET_KEY JWT_PUBLIC_SIGNING_JWK_SET JWT_PRIVATE_SIGNING_JWK JWT_SIGNING_ALGORITHM
    JWT_DECODE_HANDLER JWT_VERIFY_AUDIENCE JWT_VERIFY_EXPIRATION JWT_LEEWAY JWT_SUPPORTED_VERSION JWT_AUTH_HEADER_PREFIX
    JWT_AUTH_COOKIE JWT_AUTH_COOKIE_HEADER_PAYLOAD JWT_AUTH_COOKIE_SIGNATURE JWT_IMPERSONATION_COOKIE
    DEFAULT_AUTHENTICATION_CLASSES LOGIN_URL`,
  'django-modern-rest': `
    HeaderJWTSyncAuth HeaderJWTAsyncAuth JWTSyncAuth JWTAsyncAuth CookieJWTSyncAuth CookieJWTAsyncAuth JWToken request_jwt request_auth
    auth_header auth_scheme cookie_name user_id_field algorithm secret security_scheme_name token_cls leeway accepted_audiences
    accepted_issuers require_claims verify_expiry verify_issued_at verify_jwt_id verify_not_before verify_subject strict_audience
    enforce_minimum_key_length get_token_from_request split_encoded_token prepare_token decode_token claim_from_token get_user check_auth
    set_request_attrs ObtainTokensSyncController ObtainTokensAsyncController RefreshTokenSyncController RefreshTokenAsyncController
    VerifyTokenSyncController VerifyTokenAsyncController jwt_audiences jwt_issuer jwt_algorithm jwt_expiration jwt_refresh_expiration
    jwt_secret jwt_token_cls create_jwt_token make_jwt_id convert_auth_payload convert_refresh_payload make_api_response
    JWTokenBlocklistSyncMixin JWTokenBlocklistAsyncMixin BlocklistedJWToken DjangoSessionSyncAuth DjangoSessionAsyncAuth
    DjangoSessionSyncController DjangoSessionAsyncController HttpBasicSyncAuth HttpBasicAsyncAuth HeaderTokenSyncAuth
    HeaderTokenAsyncAuth CookieTokenSyncAuth CookieTokenAsyncAuth request_token XSessionTokenSyncAuth XSessionTokenAsyncAuth
    RemoteAddr UserPk JwtToken SyncAuth AsyncAuth SyncOrAsyncAuth AuthenticatedHttpRequest disabled_auth`,
  'djangorestframework-simplejwt': `
    ACCESS_TOKEN_LIFETIME REFRESH_TOKEN_LIFETIME ROTATE_REFRESH_TOKENS BLACKLIST_AFTER_ROTATION UPDATE_LAST_LOGIN ALGORITHM SIGNING_KEY
    VERIFYING_KEY AUDIENCE ISSUER JSON_ENCODER JWK_URL LEEWAY AUTH_HEADER_TYPES AUTH_HEADER_NAME USER_ID_FIELD USER_ID_CLAIM
    USER_AUTHENTICATION_RULE ON_LOGIN_SUCCESS ON_LOGIN_FAILED AUTH_TOKEN_CLASSES TOKEN_TYPE_CLAIM JTI_CLAIM TOKEN_USER_CLASS
    SLIDING_TOKEN_REFRESH_EXP_CLAIM SLIDING_TOKEN_LIFETIME SLIDING_TOKEN_REFRESH_LIFETIME TOKEN_OBTAIN_SERIALIZER
    TOKEN_REFRESH_SERIALIZER TOKEN_VERIFY_SERIALIZER TOKEN_BLACKLIST_SERIALIZER SLIDING_TOKEN_OBTAIN_SERIALIZER
    SLIDING_TOKEN_REFRESH_SERIALIZER CHECK_REVOKE_TOKEN REVOKE_TOKEN_CLAIM CHECK_USER_IS_ACTIVE AUTH_HEADER_TYPE AUTH_TOKEN_CLASS
    SECRET_KEY TOKEN_BACKEND_CLASS JWTAuthentication JWTStatelessUserAuthentication TokenUser InvalidToken AuthenticationFailed
    TokenError ExpiredTokenError TokenBackendError SlidingToken AccessToken RefreshToken UntypedToken OutstandingToken BlacklistedToken
    flushexpiredtokens TokenObtainPairView TokenRefreshView TokenVerifyView TokenBlacklistView TokenObtainSlidingView
    TokenRefreshSlidingView`,
};

/** What a row says of a name that has no counterpart. */
const NOT_CARRIED_OVER = /^not carried over[^:]*: .{20}/;

/** Whether each row of docs/seeds names a test. */
const tested = new Map(
  filesIn('docs/seeds', '.md').flatMap((path) =>
    tableRows(readText(path)).map(([id = '', , , last = '']) => [id, citationsOf(last).length > 0] as const),
  ),
);

/** What is wrong with a row; empty if nothing is. */
function problemsOf([names = '', here = '', ids = '', ...more]: string[]): string[] {
  const rows = ids.split(', ');
  const unknown = rows.filter((id) => !tested.has(id)).map((id) => `${names}: there is no row "${id}"`);
  if (more.length > 0 || here === '' || unknown.length > 0) return [`not a row: ${names}`, ...unknown];
  if (here.startsWith('not carried over')) return NOT_CARRIED_OVER.test(here) ? [] : [`${names}: without a reason`];
  return rows.some((id) => tested.get(id) === true) ? [] : [`${names}: no test`];
}

describe.each(Object.keys(NAMES))('the table of docs/migrating.md about %s', (system) => {
  const sections = readText('docs/migrating.md').split('\n## ');
  const rows = tableRows(sections.find((part) => part.startsWith(`From ${system}\n`)) ?? '');

  it('names rows with tests for each setting and class, or says that it is not carried over, and why', () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.flatMap(problemsOf)).toEqual([]);
  });

  it('has every public name', () => {
    const written = rows.map(([names = '']) => names).join('\n');
    const missing = (NAMES[system] ?? '').split(/\s+/).filter((name) => !new RegExp(`\\b${name}\\b`).test(written));
    expect(missing).toEqual([]);
  });
});

describe('a table of docs/migrating.md', () => {
  it.each([
    [['`X`', 'the same', 'ADR-99'], 'there is no row "ADR-99"'],
    [['`X`', 'the same', ''], 'not a row'],
    [['`X`', 'the same'], 'not a row'],
    [['`X`', 'the same', 'ADR-3'], 'no test'],
    [['`X`', 'not carried over', 'ADR-3'], 'without a reason'],
    [['`X`', 'not carried over: so', 'ADR-3'], 'without a reason'],
  ])('is searched for rows like %j', (row, problem) => {
    expect(problemsOf(row)).toContainEqual(expect.stringContaining(problem));
  });
});
