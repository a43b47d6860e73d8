// The bodies of refusals: what can be asked of them.
import { group } from '../../../core/base/option-group.js';
import { callback, flag, oneOf, text } from '../../../core/base/option-kinds.js';
import type { RefusalBodyMaker } from '../refusal-bodies.js';

/** The body of a refusal. */
export interface ErrorResponseOptions {
  /** `nest`: statusCode, message, error, errorCode. `problem`: RFC 9457 problem details. @defaultValue 'nest' */
  readonly format?: 'nest' | 'problem';
  /**
   * `generic`: clients see one code and one message for each status, so that no answer tells why a credential was refused; `WWW-Authenticate`
   * has no `error_description`. Events and the log keep the exact code. @defaultValue 'code'
   */
  readonly detail?: 'code' | 'generic';
  /**
   * Makes the body of every refusal in http, for an envelope or a language of your own. Status and headers stay as they are. It is
   * called while the answer is written: it must return a plain object at once; otherwise the body of `format` is sent, and an
   * error logged. @defaultValue the body of `format`
   */
  readonly body?: RefusalBodyMaker;
  /**
   * Whose request bodies are answered as refusals if they cannot be read (malformed, too large, of an unknown type): those of the
   * ready-made controllers, or those of every route. The words of a body parser may quote what was sent; a refusal never does. For
   * the configuration without a name. @defaultValue 'ready-made'
   */
  readonly unreadableBodies?: 'ready-made' | 'all';
  /** The realm of the challenge. @defaultValue 'api' */
  readonly realm?: string;
  /**
   * False if no refusal has `WWW-Authenticate`, for clients that must not see one. RFC 9110 §15.5.2 demands it of every 401, and RFC 9470 names
   * in it what a sign-in lacks. The token endpoint of clients keeps its own (RFC 6749 §5.2). @defaultValue true
   */
  readonly challenges?: boolean;
  /**
   * Whether each refused request is one line in the log, which says which route, which schemes, which check failed and what would have
   * passed. Never in production; with `NODE_ENV=test` only if this is true. @defaultValue true in development, false in tests
   */
  readonly explain?: boolean;
}

export const errors = group<ErrorResponseOptions>()({
  summary: 'the body of a refusal: [shape and language](errors.md#shape-and-language)',
  options: {
    format: oneOf(['nest', 'problem'], {
      default: 'nest',
      summary: '`nest`: statusCode, message, error, errorCode. `problem`: RFC 9457 problem details',
    }),
    detail: oneOf(['code', 'generic'], {
      default: 'code',
      summary:
        '`generic`: one code and one message for each status: [one code for each status](errors.md#one-code-for-each-status)',
    }),
    body: callback<RefusalBodyMaker>({
      accepts: 'a function of the refusal and its context that returns an object',
      shows: 'value',
      otherwise: 'the body of `format`',
      summary: 'makes the body of every refusal in http; status and headers stay as they are',
    }),
    unreadableBodies: oneOf(['ready-made', 'all'], {
      default: 'ready-made',
      summary:
        'whose unreadable request bodies are answered as refusals: those of the ready-made controllers, or of every route',
    }),
    realm: text({
      // A line break in a realm would let its author inject headers.
      accepts: '1 to 128 printable ASCII characters',
      check: /^[\x20-\x7e]{1,128}$/,
      refused: 'a\r\nSet-Cookie: x',
      shows: 'nothing',
      default: 'api',
      summary: 'the realm of the challenge',
    }),
    challenges: flag({
      default: true,
      summary:
        '`false`: no `WWW-Authenticate` on refusals, although RFC 9110 demands it: [challenges](errors.md#challenges)',
    }),
    explain: flag({
      otherwise: '`true` in development, `false` with `NODE_ENV=test`',
      summary: 'one line in the log for each refused request, never in production: [why 401](tasks/why-401.md)',
    }),
  },
});
