// What a user source says of a user, checked before anything rests on it. Types do not hold at run time: databases answer with numbers
// as ids and with 0 and 1 as flags, and an id that no token can carry would make every sign-in useless.
import { kindOf } from '../base/kind-of.js';
import { isRecord } from '../base/members.js';
import { subjectProblem } from '../tokens/subject-id.js';
import type { UserDescription } from './users.js';

/** What of a user source is needed here. */
export interface DescribingSource<User> {
  describe(user: User): UserDescription;
  copy?(user: User): User;
}

/** A description that nothing can rest on: a mistake of the application. The message names the member, never its value. */
export class UnusableDescription extends TypeError {}

/**
 * What the source says of the user. `null` counts as absent for what may be absent.
 * @throws {UnusableDescription} naming the member of `describe()`, the kind of value that came, and what is accepted; never the value
 */
export function descriptionOf<User>(source: DescribingSource<User>, user: User): UserDescription {
  const given: unknown = source.describe(user);
  if (typeof given !== 'object' || given === null || 'then' in given)
    throw new UnusableDescription(
      `describe() answers with ${kindOf(given)}; it must answer at once, with { id, active }.`,
    );
  // Each member is looked at below.
  const { id, active, stamp, match, scopes, roles } = given as Readonly<Record<keyof UserDescription, unknown>>;
  return {
    id: idOf(id),
    active: activeOf(active),
    stamp: stampOf(stamp),
    match: matchOf(match),
    scopes: textsOf('scopes', scopes, SCOPE),
    roles: textsOf('roles', roles, ANY_TEXT),
  };
}

function idOf(id: unknown): string {
  const problem = subjectProblem(id);
  if (problem === undefined) return id as string;
  throw new UnusableDescription(
    `describe().id ${problem}. It becomes the "sub" of tokens; write for example String(user.id).`,
  );
}

/** What is not a boolean is neither yes nor no: `"false"` is true to JavaScript, and so is a row that was never loaded. */
function activeOf(active: unknown): boolean {
  if (typeof active === 'boolean') return active;
  const shown = typeof active === 'number' ? `the number ${active}` : kindOf(active);
  throw new UnusableDescription(
    `describe().active is ${shown}; accepted is true or false. Some drivers answer with 0, 1 or text: write for example active: user.active === 1.`,
  );
}

function stampOf(stamp: unknown): string | undefined {
  if (stamp === undefined || stamp === null || typeof stamp === 'string') return stamp ?? undefined;
  throw new UnusableDescription(
    `describe().stamp is ${kindOf(stamp)}; accepted is text, for example String(user.version).`,
  );
}

const COMPARABLE: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'undefined']);

/** Only what is compared by value: two lists of the same texts are two lists. */
function matchOf(match: unknown): UserDescription['match'] {
  if (match === undefined || match === null) return undefined;
  const entries = isPlain(match) ? Object.entries(match) : undefined;
  const wrong = entries?.find(([, value]) => value !== null && !COMPARABLE.has(typeof value));
  // Every value is one of those that are accepted.
  if (entries !== undefined && wrong === undefined) return match as NonNullable<UserDescription['match']>;
  const shown = wrong === undefined ? `is ${kindOf(match)}` : `has ${kindOf(wrong[1])} for a claim`;
  throw new UnusableDescription(
    `describe().match ${shown}; accepted is an object of text, numbers, true and false by claim, like { email: user.email }.`,
  );
}

/** A promise, a Map or an instance of a class may have no member of its own: nothing would be compared. */
function isPlain(match: unknown): match is Readonly<Record<string, unknown>> {
  if (!isRecord(match)) return false;
  const prototype: unknown = Object.getPrototypeOf(match);
  return prototype === Object.prototype || prototype === null;
}

/** Scopes travel in one text, separated by spaces (RFC 6749 §3.3). */
const SCOPE = /^[^\s\p{Cc}]+$/u;
const ANY_TEXT = /^[^\p{Cc}]+$/u;

function textsOf(name: 'scopes' | 'roles', texts: unknown, accepted: RegExp): readonly string[] | undefined {
  if (texts === undefined || texts === null) return undefined;
  const isList = Array.isArray(texts);
  if (isList && texts.every((text) => typeof text === 'string' && accepted.test(text))) return texts;
  const shown = isList ? 'a list with an entry that is not' : `${kindOf(texts)}, not`;
  const without = name === 'scopes' ? ' without spaces' : '';
  throw new UnusableDescription(
    `describe().${name} is ${shown} acceptable; accepted is a list of texts${without}, like ['read', 'write'].`,
  );
}
