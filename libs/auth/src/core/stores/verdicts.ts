// Owns the rules of the ports that are arithmetic over rows already read, so that every store judges alike. What must be atomic
// stays in each store. Answers a grace window that never closes (J-07) and a spared sign-in that spares more than itself.
import type { Family, RevocationEntry, RevocationKind, RevocationQuery, Rotation } from './stores.js';

/** What a presented `jti` is to a family: the live one, the one just replaced, or neither. */
export type Standing = 'live' | 'retry' | 'reused';

/** Says what the presented `jti` is to this family at this moment. */
export function standingOf(family: Family, { from, nowMs, graceMs }: Rotation): Standing {
  if (from === '') return 'reused';
  if (from === family.currentJti) return 'live';
  if (from !== family.previousJti || family.rotatedAtMs === undefined) return 'reused';
  // Machines disagree about the time; without the floor a clock that lags would open a window where `graceMs` is 0.
  return Math.max(0, nowMs - family.rotatedAtMs) < graceMs ? 'retry' : 'reused';
}

/** What a rotation writes. */
export function rotatedFields({ from, to, nowMs }: Rotation) {
  return {
    currentJti: to.jti,
    currentIssuedAt: to.issuedAt,
    currentExpiresAt: to.expiresAt,
    previousJti: from,
    rotatedAtMs: nowMs,
    lastUsedAt: Math.floor(nowMs / 1000),
  } satisfies Partial<Family>;
}

/** True while neither the live refresh token nor the family itself has ended. `now` is in epoch seconds. */
export function isLive(family: Family, now: number): boolean {
  return family.currentExpiresAt > now && family.absoluteExpiresAt > now;
}

/** What the rules need to know of an entry. */
export type EntryFacts = Pick<RevocationEntry, 'kind' | 'revokedAt' | 'exceptSid'>;

/** Which of these entries, all of them live and about this credential, ends it: the narrowest is named. */
export function endedBy(entries: readonly EntryFacts[], query: RevocationQuery): RevocationKind | undefined {
  const kinds = entries
    .filter((entry) => entry.kind !== 'subject' || endsSubject(entry, query))
    .map(({ kind }) => kind);
  return (['token', 'family', 'subject'] as const).find((kind) => kinds.includes(kind));
}

function endsSubject({ revokedAt, exceptSid }: EntryFacts, { sid, issuedAt }: RevocationQuery): boolean {
  if (exceptSid !== undefined && sid === exceptSid) return false;
  return issuedAt === undefined || issuedAt <= revokedAt;
}

/** True where a second entry of the same key ends more than the first. Only a subject's entry can: the others end all. */
export function isStricter(added: RevocationEntry, there: Pick<RevocationEntry, 'revokedAt'>): boolean {
  if (added.kind !== 'subject') return false;
  return added.revokedAt > there.revokedAt || (added.revokedAt === there.revokedAt && added.exceptSid === undefined);
}

const MOST_LISTED = 1_000;

/** How many entries a list holds at most, whatever was asked for. */
export function listLength(limit: number): number {
  return Math.max(0, Math.min(Math.trunc(limit), MOST_LISTED)) || 0;
}
