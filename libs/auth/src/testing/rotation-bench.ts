// What the cases of rotation work with: rotations of one sign-in, described in words.
import type { Login, LoginStore, Rotation, RotationOutcome } from '../stores.js';
import { ContractClock, plain } from './contract-bench.js';
import { login } from './login-contract.js';

const T = ContractClock.start;
/** When the clock of a case starts, in epoch milliseconds. */
export const T_MS = T * 1_000;
export const ISSUER = login().issuer;

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
  outcome.outcome === 'unknown' ? 'unknown' : `${outcome.outcome} ${outcome.login.currentJti}`;

/** Presents the first id and offers the second as its successor. Returns the outcome and the successor in words. */
export async function rotate(
  logins: LoginStore,
  [from, to]: readonly [string, string],
  fields?: Fields,
): Promise<string> {
  return successorOf(await logins.rotate(rotation(from, to, fields)));
}

/** The sign-in as it is stored, in a list that is empty if there is none. */
export async function stored(logins: LoginStore): Promise<object[]> {
  const found = await logins.find(ISSUER, 'sid-1');
  return found ? plain<Login>([found]) : [];
}

/** Eight callers with one token, at once. */
export function race(logins: LoginStore, from: string, fields?: Fields): Promise<string[]> {
  const successors = Array.from({ length: 8 }, (_, index) => `${from}/${index}`);
  return Promise.all(successors.map((to) => rotate(logins, [from, to], fields)));
}
