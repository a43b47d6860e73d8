// A verifier of other issuers' tokens for programs without an application: workers, scripts, servers of another framework.
import { SystemClock, type Clock } from '../base/clock.js';
import { MINUTE_MS, parseDurationMs, type Duration } from '../base/duration.js';
import { AuthConfigurationError } from '../base/errors.js';
import type { Verified } from '../base/principal.js';
import { wholeSeconds } from '../base/option-kinds.js';
import { ExternalIssuers } from '../issuers/external-issuers.js';
import { trustProblems } from '../issuers/trust-problems.js';
import type { TrustOptions } from '../issuers/trust-options.js';
import { TokenVerifier } from '../tokens/token-verifier.js';

/** Verifies access tokens of the issuers that it was opened for. */
export interface IssuerVerifier {
  /**
   * What a token asserts, after its issuer, key, signature, claims and times were checked. No store is asked, so that revocations are not
   * seen, and no user is loaded.
   *
   * @throws {AuthError} any 401 code of a token; `keys_unavailable` (503) if the keys cannot be had
   */
  verify(token: string): Promise<Verified>;
  /** Ends pending requests for keys, and starts no more. */
  close(): void;
}

/** How {@link openVerifier} looks at times. */
export interface VerifierOptions {
  /** How far clocks may differ: 0 to 60 seconds. @defaultValue 5 seconds */
  readonly clockTolerance?: Duration;
  /** @defaultValue the system clock */
  readonly clock?: Clock;
}

/**
 * Opens a verifier over the keys of other issuers, by the same rules as the option `trust` of an application. Keys that are fetched are fetched
 * when the first token asks for one.
 *
 * @param trust one issuer or several: `{ issuer, audience, keys }`, or a preset
 * @throws {AuthConfigurationError} with everything that is wrong; a key set without a key that could be used is
 *
 * @example
 * ```ts
 * import { openEdx, openVerifier } from 'nestjs-latchkey/issuers';
 *
 * export async function subjectOf(token: string) {
 *   const keys = { jwksUri: 'https://lms.example.com/auth/jwks.json' };
 *   const lms = await openVerifier(openEdx({ issuer: 'https://lms.example.com/oauth2', audience: 'openedx', keys }));
 *   try {
 *     return (await lms.verify(token)).subject;
 *   } finally {
 *     lms.close();
 *   }
 * }
 * ```
 */
export async function openVerifier(
  trust: TrustOptions | readonly TrustOptions[],
  { clockTolerance = '5s', clock = new SystemClock() }: VerifierOptions = {},
): Promise<IssuerVerifier> {
  const list = [trust].flat();
  const toleranceMs = parseDurationMs(clockTolerance) ?? Number.NaN;
  const problems = [...trustProblems(list), ...problemsOf(list, toleranceMs)];
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  const issuers = await ExternalIssuers.of(list, { clock, toleranceSeconds: wholeSeconds(toleranceMs) });
  const verifier = new TokenVerifier({ issuers: issuers.issuers, clock });
  return { verify: (token) => verifier.verify(token, 'access'), close: () => issuers.close() };
}

function problemsOf(list: readonly TrustOptions[], toleranceMs: number): readonly string[] {
  const rules: readonly (readonly [broken: boolean, sentence: string])[] = [
    [list.length === 0, 'openVerifier: trust is empty; accepted is one issuer or a list of issuers'],
    [
      !(toleranceMs >= 0 && toleranceMs <= MINUTE_MS),
      'openVerifier: clockTolerance must be a duration from 0 to 60 seconds',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, sentence]) => sentence);
}
