// How a span of time is written in options: a number of seconds, or a number with its unit. `"60"` is refused, because
// libraries disagree whether it means seconds or milliseconds.

/** Whole seconds as a number, or a text with its unit: `'15m'`, `'14d'`, `'300ms'`, `'10s'`, `'2h'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

const MILLISECONDS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: 3_600_000, d: DAY_MS } as const;
const PATTERN = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** The span in milliseconds; `undefined` if the text or number is not a duration. */
export function parseDurationMs(duration: unknown): number | undefined {
  if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration * 1000 : undefined;
  if (typeof duration !== 'string') return undefined;
  const [, amount, unit] = PATTERN.exec(duration) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  // The pattern admits only the five units.
  return Number(amount) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
}
