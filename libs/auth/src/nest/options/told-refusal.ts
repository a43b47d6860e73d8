// What clients are told of a refusal: its own code and message, or those that all refusals of its status share.
import type { AuthError, AuthErrorCode, ErrorEntry } from '../../core/base/errors.js';

/** How much clients are told: the code of each refusal, or one code for each status. */
export type RefusalDetail = 'code' | 'generic';

/** Code and message, as clients see them. */
export interface Told {
  readonly errorCode: AuthErrorCode;
  readonly message: string;
}

/** What refusals of one status share. The codes are of the table, so that no client meets one that it does not know. */
const GENERIC: Readonly<Record<ErrorEntry['status'], Told>> = {
  400: { errorCode: 'invalid_request', message: 'The request is not valid.' },
  401: { errorCode: 'unauthenticated', message: 'Sign in to use this resource.' },
  403: { errorCode: 'forbidden', message: 'You may not use this resource.' },
  413: { errorCode: 'payload_too_large', message: 'The request body is larger than what is accepted here.' },
  415: { errorCode: 'unsupported_media_type', message: 'The request body has a type that is not accepted here.' },
  429: { errorCode: 'too_many_requests', message: 'Too many requests. Try again later.' },
  500: { errorCode: 'application_fault', message: 'A fault of this application kept the request from being checked.' },
  503: { errorCode: 'scheme_unavailable', message: 'The request could not be checked. Try again soon.' },
};

/** The codes of {@link GENERIC}, for documents. */
export const GENERIC_CODES: readonly AuthErrorCode[] = Object.values(GENERIC).map(({ errorCode }) => errorCode);

/** What clients are told. An `AuthError` of an older copy of the package has the message alone, which was for clients then. */
export function toldOf({ status, publicCode, publicMessage, message }: AuthError, detail: RefusalDetail): Told {
  if (detail === 'generic') return GENERIC[status];
  const known: string | undefined = publicMessage;
  return { errorCode: publicCode, message: known ?? message };
}
