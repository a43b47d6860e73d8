// The bodies of refusals: what can be asked of them.
import { group } from '../../../core/base/option-group.js';
import { callback, oneOf, text } from '../../../core/base/option-kinds.js';
import type { RefusalBodyMaker } from '../refusal-bodies.js';

/** The body of a refusal. */
export interface ErrorResponseOptions {
  /** `nest`: statusCode, message, error, errorCode. `problem`: RFC 9457 problem details. @defaultValue 'nest' */
  readonly format?: 'nest' | 'problem';
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
}

export const errors = group<ErrorResponseOptions>()({
  summary: 'the body of a refusal: [shape and language](errors.md#shape-and-language)',
  options: {
    format: oneOf(['nest', 'problem'], {
      default: 'nest',
      summary: '`nest`: statusCode, message, error, errorCode. `problem`: RFC 9457 problem details',
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
  },
});
