// The log lines about requests that could not be checked because of the application itself: each cause once, so that clients who trigger
// it cannot flood the log. Messages of errors may hold what was sent, a token among it, so only those that cannot are repeated.
import { Logger } from '@nestjs/common';
import { FaultyPhase, type AuthError } from '../../core/base/errors.js';
import { ClaimsNotSerializableError } from '../../core/tokens/serializable-claims.js';
import { UnissuableToken } from '../../core/tokens/unissuable-token.js';
import { UnsupportedReason } from '../transport/unsupported.js';

/** The maximum of different causes that are logged. */
const MOST = 50;

/** Tells each cause once. */
export class FaultLog {
  private readonly logger = new Logger('AuthModule');
  private readonly logged = new Set<string>();

  /** Logs the cause of a refusal if the application has to correct it. */
  report({ cause }: AuthError): void {
    if (cause instanceof FaultyPhase) {
      this.once(
        `A request was answered with 500 application_fault, because ${cause.phase} failed: ${described(cause.cause)}. ` +
          'This is a fault of the application: no store and no key is missing.',
      );
    }
    if (cause instanceof UnissuableToken || cause instanceof ClaimsNotSerializableError) {
      this.once(`A sign-in or a refresh was answered with 500 misconfigured. ${cause.message}`);
    }
    if (cause instanceof UnsupportedReason) {
      this.once(`A request was refused with unsupported_context: ${cause.message}. See docs/contexts.md.`);
    }
  }

  private once(sentence: string): void {
    if (this.logged.size >= MOST || this.logged.has(sentence)) return;
    this.logged.add(sentence);
    this.logger.error(sentence);
  }
}

/** Its class, if it was thrown, and what it says if that names nothing but members of the application's own code. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const name = /^\w{1,60}$/.test(error.name) ? error.name : 'Error';
  const said = HARMLESS.map((pattern) => pattern.exec(error.message)?.[1]).find((found) => found !== undefined);
  const text = said === undefined ? '' : `: ${said}`;
  const [place] = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return `${name}${text}${place === undefined ? '' : ` (${place.trim()})`}`;
}

/**
 * What is repeated of messages of the engine that name code, never values, and of those of the library itself. The name of a member is
 * left out: it may be an API key that was looked up.
 */
const HARMLESS = [
  /^(Cannot read properties of (?:undefined|null)) \(reading '.*'\)$/s,
  /^([\w$.()]{1,80} is not (?:a function|defined|iterable))$/,
  /^(header\.extractor answered with a [a-z]+; accepted is a text, null or undefined)$/,
];
