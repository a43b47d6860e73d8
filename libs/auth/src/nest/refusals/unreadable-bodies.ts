// Errors of body parsers, which come before routing and so before guards and pipes: as refusals that quote nothing of what was sent.
import { AuthError, type AuthErrorCode, type AuthErrorOptions } from '../../core/base/errors.js';

/** Refusals by the status that a parser gives its error. Other statuses are not about reading a body. */
const BY_STATUS: Readonly<Record<number, AuthErrorCode>> = {
  400: 'invalid_request',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** What the parsers of Express (`body-parser`) say of themselves. */
const EXPRESS_TYPE = /^(?:entity|encoding|charset|request|parameters|querystring|stream)\./;

/** What Fastify's parsers, and decompression in Express, say of themselves. */
const PARSER_CODE = /^(?:FST_ERR_CTP_|Z_)/;

/** The words in which a route refuses a body. */
export type BodyWords = Pick<AuthErrorOptions, 'oauthError'>;

/** What is read of an error. */
interface ParserError {
  readonly statusCode?: unknown;
  readonly status?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
}

/**
 * The refusal for an error of a body parser; `undefined` for every other error. It does not have that error as its cause: the words of
 * a parser quote the body, which may hold a password, and body-parser attaches the whole body.
 *
 * @param words how the route refuses a body of the wrong shape
 */
export function refusalOfParser(error: unknown, words: BodyWords = {}): AuthError | undefined {
  if (!(error instanceof Error) || !isOfParser(error)) return undefined;
  const { statusCode, status = statusCode } = membersOf(error);
  const code = BY_STATUS[Number(status)];
  return code === undefined ? undefined : new AuthError(code, code === 'invalid_request' ? words : {});
}

function isOfParser(error: Error): boolean {
  const { type, code } = membersOf(error);
  return error instanceof SyntaxError || EXPRESS_TYPE.test(String(type)) || PARSER_CODE.test(String(code));
}

/** Libraries attach them to plain errors. */
function membersOf(error: Error): ParserError {
  return error as Error & ParserError;
}
