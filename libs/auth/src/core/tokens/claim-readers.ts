// How single claims are read: times, ids, flags, texts. What cannot be read is refused with the name of the claim and of the rule.
import { AuthError } from '../base/errors.js';
import type { Claims } from '../base/principal.js';
import { refused, unacceptable } from './refusals.js';

/** The end of the year 9999. A later time is a mistake, most often milliseconds. */
const LATEST_TIME = 253_402_300_799;

/** Control characters end lines in logs and strings in databases; no honest id has one. */
const CONTROL = /\p{Cc}/u;

/** Whether times may have fractions. */
interface TimeRules {
  readonly fractionalTimes: boolean;
}

/** @throws AuthError `invalid_claims` */
export function readTime(claims: Claims, name: string, rules: TimeRules): number | undefined {
  const time = claims[name];
  if (time === undefined || isTime(time, rules)) return time;
  throw unacceptable(
    name,
    `must be a number of seconds since 1970${rules.fractionalTimes ? '' : ' without a fraction'}`,
  );
}

export function isTime(time: unknown, { fractionalTimes }: TimeRules): time is number {
  const isInRange = typeof time === 'number' && time >= 0 && time <= LATEST_TIME;
  return isInRange && (fractionalTimes || Number.isInteger(time));
}

/** @throws AuthError `missing_subject`, `invalid_claims` */
export function acceptSubject(subject: unknown, limit: number): string {
  if (subject === undefined || subject === '')
    throw refused('missing_subject', { claim: 'sub', rule: 'must name the subject', option: 'claims.subject' });
  return acceptId(subject, 'sub', limit);
}

/** @throws AuthError `invalid_claims` */
export function readId(claims: Claims, name: string | undefined, limit: number): string | undefined {
  const id = name === undefined ? undefined : claims[name];
  return name === undefined || id === undefined ? undefined : acceptId(id, name, limit);
}

function acceptId(id: unknown, claim: string, limit: number): string {
  if (typeof id !== 'string' || id === '' || CONTROL.test(id))
    throw unacceptable(claim, 'must be a string that is not empty and has no control characters');
  if (id.length > limit) throw unacceptable(claim, `must not be longer than ${limit} characters`);
  return id;
}

/** @throws AuthError `invalid_claims` */
export function acceptTexts(texts: readonly unknown[], claim: string): readonly string[] {
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    throw unacceptable(claim, 'must be strings');
  return Object.freeze([...texts]);
}

/** @throws AuthError `invalid_claims` */
export function readFlag(claims: Claims, name: string): boolean {
  const flag = claims[name];
  if (flag === undefined) return false;
  if (typeof flag !== 'boolean') throw unacceptable(name, 'must be true or false');
  return flag;
}

/** What a hook of the application or of a profile threw, as a refusal that names it; a refusal stays what it is. */
export function naming<T>(claim: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError('invalid_claims', { cause, reason: { claim, rule: 'could not be read' } });
  }
}
