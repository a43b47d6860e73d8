// The names under which secrets are found in what applications log. The library itself logs none of them.

/** What a request and its answer carry: header lines, cookies, the id of a session. */
const OF_REQUESTS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'cookies',
  'signedCookies',
  'x-csrf-token',
  'x-xsrf-token',
  // Lists of names and values in turn, in which no name is the key of its value.
  'rawHeaders',
  'sessionID',
  'sessionId',
];

/** What bodies and token pairs hold, in both spellings. */
const OF_BODIES = [
  'password',
  'passwordHash',
  'password_hash',
  'token',
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'id_token',
  'idToken',
  'csrfToken',
  'csrf_token',
  'client_secret',
  'clientSecret',
];

/** What a principal and the options of the module hold. */
const OF_AUTHENTICATION = ['claims', 'keys', 'jwk', 'secret', 'privateKey', 'private_key', 'passphrase'];

/**
 * The properties that hold secrets in requests, bodies, principals and options: for the `redact` option of Nest's `ConsoleLogger`,
 * which masks them at any depth and without regard to case. Text that is not a property is beyond it: never log a whole request.
 *
 * @example
 * ```ts
 * import { ConsoleLogger } from '@nestjs/common';
 * import { REDACTED_PATHS } from 'nestjs-latchkey/events';
 *
 * export const logger = new ConsoleLogger({ redact: [...REDACTED_PATHS, 'x-api-key'] });
 * ```
 */
export const REDACTED_PATHS: readonly string[] = Object.freeze([...OF_REQUESTS, ...OF_BODIES, ...OF_AUTHENTICATION]);
