// What the cases of rotation work with: rotations of one sign-in, told in words.
import { type Family, type RefreshStore, type Rotation, type RotationOutcome } from '../core/stores/stores.js';
import { ContractClock, plain } from './contract-bench.js';
import { family } from './family-contract.js';

const T = ContractClock.start;
/** When the clock of a case starts, in epoch milliseconds. */
export const T_MS = T * 1_000;
export const ISSUER = family().issuer;

/** What a rotation may say otherwise. */
export type Fields = Partial<Omit<Rotation, 'to'>>;

/** A rotation of the sign-in that the cases open. */
export const rotation = (from: string, to: string, fields: Fields = {}): Rotation => ({
  issuer: ISSUER,
  sid: 'sid-1',
  from,
  to: { jti: to, issuedAt: T + 1, expiresAt: T + 3_601 },
  nowMs: T_MS,
  graceMs: 10_000,
  ...fields,
});

const successorOf = (outcome: RotationOutcome): string =>
  outcome.outcome === 'unknown' ? 'unknown' : `${outcome.outcome} ${outcome.family.currentJti}`;

/** Presents the first id and offers the second as its successor. Answers the outcome and the successor in words. */
export async function rotate(
  families: RefreshStore,
  [from, to]: readonly [string, string],
  fields?: Fields,
): Promise<string> {
  return successorOf(await families.rotate(rotation(from, to, fields)));
}

/** The sign-in as it is stored, in a list that is empty if there is none. */
export async function stored(families: RefreshStore): Promise<object[]> {
  const found = await families.find(ISSUER, 'sid-1');
  return found ? plain<Family>([found]) : [];
}

/** Eight callers with one token, at once. */
export function race(families: RefreshStore, from: string, fields?: Fields): Promise<string[]> {
  const rivals = Array.from({ length: 8 }, (_, rival) => `${from}/${rival}`);
  return Promise.all(rivals.map((to) => rotate(families, [from, to], fields)));
}
