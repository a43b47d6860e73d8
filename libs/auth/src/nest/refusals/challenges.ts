// The `WWW-Authenticate` header of a refusal: one challenge for each scheme that would be accepted (RFC 9110 §11.6.1), the reason on
// the one that was refused (RFC 6750 §3, RFC 9470 §3).
import type { AuthError } from '../../core/base/errors.js';
import { toldOf, type RefusalDetail } from '../options/told-refusal.js';
import type { RefusedAt } from './refused-at.js';

/** How challenges are worded. */
export interface ChallengeSettings {
  readonly realm: string;
  /** The challenge of bearer tokens: offered if no scheme has one, because a 401 must have one (RFC 9110 §15.5.2). */
  readonly fallback: string;
  /** Whether the reason is described besides its `error`. */
  readonly detail: RefusalDetail;
  /** False if the application gives challenges up, and its clients know how to sign in. */
  readonly isWanted: boolean;
}

/** The header, or `undefined` if the refusal has none. */
export function challengeOf(error: AuthError, at: RefusedAt, settings: ChallengeSettings): string | undefined {
  if (error.challenge === 'none') return undefined;
  // RFC 6749 §5.2: a client that sent its secret in the header is told so in the words of that scheme.
  if (error.challenge === 'basic') return `Basic realm="${quoted(settings.realm)}"`;
  const lines = settings.isWanted ? linesOf(error, at, settings) : [];
  return lines.length === 0 ? undefined : lines.join(', ');
}

function linesOf(error: AuthError, { schemes, scheme }: RefusedAt, settings: ChallengeSettings): readonly string[] {
  const { fallback } = settings;
  const named = schemes.flatMap(({ challenge }) => challenge ?? []);
  const offered = named.length === 0 ? [fallback] : [...new Set(named)];
  const chosen = schemes.find(({ name }) => name === scheme)?.challenge ?? usualOf(offered, { scheme, fallback });
  const shown = error.status === 401 ? offered : offered.filter((each) => each === chosen);
  return shown.map((each) => `${each} ${parameters(settings, each === chosen ? error : undefined)}`);
}

/** Cookies carry the same tokens as the header, so an error of one is reported in the same words as for the other. */
function usualOf(
  offered: readonly string[],
  { scheme, fallback }: { readonly scheme: string | undefined; readonly fallback: string },
): string | undefined {
  if (offered.includes(fallback)) return fallback;
  return scheme === undefined ? offered[0] : undefined;
}

/** A bare challenge says that nothing was sent that this route understands. */
function parameters({ realm, detail }: ChallengeSettings, error: AuthError | undefined): string {
  const all: [string, string][] = [['realm', realm]];
  if (error !== undefined && error.challenge !== 'bare') {
    all.push(['error', error.challenge]);
    if (detail === 'code') all.push(['error_description', toldOf(error, detail).message]);
  }
  if (error?.requiredScopes !== undefined) all.push(['scope', error.requiredScopes.join(' ')]);
  all.push(...authenticationOf(error));
  return all.map(([name, value]) => `${name}="${quoted(value)}"`).join(', ');
}

/** What the sign-in must be (RFC 9470 §3). */
function authenticationOf(error: AuthError | undefined): readonly [string, string][] {
  const { acrValues, maxAgeSeconds } = error ?? {};
  return [
    ...(acrValues === undefined ? [] : [['acr_values', acrValues.join(' ')] as [string, string]]),
    ...(maxAgeSeconds === undefined ? [] : [['max_age', String(maxAgeSeconds)] as [string, string]]),
  ];
}

/** The quoted-string of RFC 9110 §5.6.4. Line breaks are refused at boot. */
function quoted(value: string): string {
  return value.replaceAll(/["\\]/g, String.raw`\$&`);
}
