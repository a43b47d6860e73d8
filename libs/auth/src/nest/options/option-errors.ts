// How problems with options are found and worded: each sentence names the option, what was given unless it may be secret,
// and what is accepted.
import { parseDurationMs } from '../../core/base/duration.js';

/** What a span of time may be; in milliseconds, and in words. */
export interface SpanBounds {
  readonly min: number;
  readonly max: number;
  readonly accepts: string;
}

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** Collects what is wrong, so that the first problem does not hide the others. */
export class OptionErrors {
  readonly found: string[] = [];

  /** Notes the sentence unless it holds. */
  check(holds: boolean, sentence: string): void {
    if (!holds) this.found.push(sentence);
  }

  /** The span in milliseconds; noted, and zero, where it is none or out of bounds. */
  span(path: string, given: unknown, bounds: SpanBounds): number {
    const milliseconds = parseDurationMs(given);
    const fits = milliseconds !== undefined && milliseconds >= bounds.min && milliseconds <= bounds.max;
    this.check(fits, `${path} is ${shown(given)}; accepted is ${bounds.accepts}, as seconds or as a text like '15m'`);
    return milliseconds ?? 0;
  }

  oneOf(path: string, given: unknown, accepted: readonly string[]): void {
    this.check(accepted.includes(String(given)), `${path} is ${shown(given)}; accepted is ${accepted.join(' or ')}`);
  }
}

/** What was given, cut short. Never used for anything that may be secret. */
export function shown(given: unknown): string {
  const text = typeof given === 'string' ? `'${given}'` : JSON.stringify(given);
  return (text ?? String(given)).slice(0, 80);
}
