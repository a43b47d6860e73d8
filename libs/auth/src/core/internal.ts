// What the doors may use of core besides the public names. No door imports another file of core, so all that is not listed here can change
// without a look at them. Public names that stand here are behind the front door, which loads Nest.

// What every door may need.
export { Clock, SystemClock } from './base/clock.js';
export { nameHint } from './base/did-you-mean.js';
export { parseDurationMs } from './base/duration.js';
export { AuthConfigurationError, AuthError, reasonText } from './base/errors.js';
export { highestLimits } from './base/limits.js';
export { memberIn } from './base/members.js';
export { newId } from './base/new-id.js';
export { isSafeMethod } from './base/request.js';
export { withTimeout } from './base/timeout.js';
export { VERSION } from './base/version.js';
export type { Subject } from './base/principal.js';

// For options of a door.
export { group } from './base/option-group.js';
export { callback, duration, text, value, wholeSeconds } from './base/option-kinds.js';
export { readOptions } from './base/read-options.js';

// For stores: what is in a row, and the rules that hold in every store.
export { hasCode } from './stores/error-codes.js';
export {
  readInteger,
  readOptionalInteger,
  readOptionalString,
  readString,
  replacedText,
  storedKind,
  storedReplaced,
} from './stores/row.js';
export { keepListening } from './stores/listening.js';
export { classifyPresentedToken, isLive, listLength, matchingRevocation, rotatedFields } from './stores/rules.js';

// For metrics.
export { onStoreCall } from './stores/store-calls.js';
export { behindLock } from './stores/turns.js';
export type { StoreCall } from './stores/store-calls.js';

// For OpenAPI.
export { accessCookieSpecs } from './browser/cookies.js';

// For tokens that no application issued: of tests and of the command line.
export { algorithms, isAlgorithm } from './keys/algorithms.js';
export { generateKeyFile, listKeyFiles, rotateKeyFiles } from './keys/key-files.js';
export { generateOwnKey } from './keys/key-import.js';
export { parseJws, signJws } from './tokens/jws.js';
export { signAlone } from './composition/sign-alone.js';
export { verifyAlone } from './composition/verify-alone.js';
export { refreshAudienceOf } from './issuing/token-settings.js';
export type { KeyFile } from './keys/key-files.js';
export type { PublishedKey } from './keys/keys.js';
export type { LoneToken } from './composition/sign-alone.js';
export type { OneIssuer } from './composition/verify-alone.js';
export type { ParsedJws } from './tokens/jws.js';

// For the token endpoint of clients.
export { ClientAssertions, JWT_BEARER } from './clients/client-assertions.js';
export { ASSERTION_ALGORITHMS, clientKeyFetch } from './clients/client-issuers.js';
export { ClientAuthentication } from './clients/client-authentication.js';
export { newClientSecret } from './clients/client-secrets.js';
export { ClientSource } from './clients/client-source.js';
export { ClientTokens } from './clients/client-tokens.js';
export type { ClientAuthMethod } from './base/events.js';
export type { PresentedClient } from './clients/client-authentication.js';
export type { NewClientSecret } from './clients/client-secrets.js';
export type { ClientDescription } from './clients/client-source.js';
export type { AskedClientToken, ClientTokenRequest, ClientTokenResponse } from './clients/client-tokens.js';

// What was assembled.
export type { Authentication } from './composition/create-authentication.js';

// For users that another library has authenticated.
export { AccountResolver } from './users/accounts.js';
export { stampDigest } from './users/users.js';
