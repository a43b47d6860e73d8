// The rules of the ports that are arithmetic over rows already read, so that every store decides alike. What must be atomic
// stays in each store. Prevents a grace window that never closes, tabs that sign each other out, and a spared sign-in
// that spares more than itself.
import {
  MOST_REPLACED,
  type Login,
  type Replaced,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
  type Rotation,
} from './stores.js';

/**
 * What a presented `jti` is to a login: the live one that may be replaced, the live one that is not replaced just now, one that was
 * replaced within the grace, or none of these.
 */
export type PresentedToken = 'live' | 'held' | 'retry' | 'reused';

/** Says what the presented `jti` is to this login at this time of the store's clock. */
export function classifyPresentedToken(login: Login, { from, graceMs }: Rotation, nowMs: number): PresentedToken {
  if (from === '') return 'reused';
  const within = replacedWithin(login, graceMs, nowMs);
  if (from === login.currentJti) return within.length < MOST_REPLACED ? 'live' : 'held';
  return within.some(({ jti }) => jti === from) ? 'retry' : 'reused';
}

/** What a rotation of this login writes. */
export function rotatedFields(login: Login, { from, to, nowMs, graceMs }: Rotation, storeNowMs: number) {
  const earlier = replacedWithin(login, graceMs, storeNowMs).filter(({ jti }) => jti !== to.jti);
  return {
    currentJti: to.jti,
    currentIssuedAt: to.issuedAt,
    currentExpiresAt: to.expiresAt,
    previousJti: from,
    rotatedAtMs: storeNowMs,
    replacedEarlier: earlier.length === 0 ? undefined : earlier,
    lastUsedAt: Math.floor(nowMs / 1000),
  } satisfies Partial<Login>;
}

/** Everything that was replaced less than the grace ago, oldest first. */
function replacedWithin(login: Login, graceMs: number, nowMs: number): readonly Replaced[] {
  const { previousJti, rotatedAtMs, replacedEarlier = [] } = login;
  const last = previousJti === undefined || rotatedAtMs === undefined ? [] : [{ jti: previousJti, atMs: rotatedAtMs }];
  // The clock of a store may be set back; without the floor that would open a window if `graceMs` is 0.
  return [...replacedEarlier, ...last].filter(({ atMs }) => Math.max(0, nowMs - atMs) < graceMs);
}

/** True while neither the live refresh token nor the login itself has ended. `now` is in epoch seconds. */
export function isLive(login: Login, now: number): boolean {
  return login.currentExpiresAt > now && login.absoluteExpiresAt > now;
}

/** What the rules need to know of an entry. */
export type EntryFacts = Pick<RevocationEntry, 'kind' | 'revokedAt' | 'exceptSid'>;

/** Which of these entries, all of them live and about this credential, ends it: the narrowest is named. */
export function matchingRevocation(entries: readonly EntryFacts[], query: RevocationQuery): RevocationKind | undefined {
  const kinds = entries
    .filter((entry) => entry.kind !== 'subject' || endsSubject(entry, query))
    .map(({ kind }) => kind);
  return (['token', 'login', 'subject'] as const).find((kind) => kinds.includes(kind));
}

function endsSubject({ revokedAt, exceptSid }: EntryFacts, { sid, issuedAt }: RevocationQuery): boolean {
  if (exceptSid !== undefined && sid === exceptSid) return false;
  return issuedAt === undefined || issuedAt <= revokedAt;
}

/** True if a second entry of the same key ends more than the first. Only a subject's entry can: the others end all. */
export function isStricter(added: RevocationEntry, there: Pick<RevocationEntry, 'revokedAt'>): boolean {
  if (added.kind !== 'subject') return false;
  return added.revokedAt > there.revokedAt || (added.revokedAt === there.revokedAt && added.exceptSid === undefined);
}

const MOST_LISTED = 1_000;

/** How many entries a list holds at most, whatever was asked for. */
export function listLength(limit: number): number {
  return Math.max(0, Math.min(Math.trunc(limit), MOST_LISTED)) || 0;
}
