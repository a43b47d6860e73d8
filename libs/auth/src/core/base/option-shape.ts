// The language in which options are described: for every option its name and what it accepts, at every depth. One walk over a description
// finds unknown names, wrong types and absent values, so that no check has to be written twice.
import { kindOf } from './kind-of.js';
import { suggest } from './did-you-mean.js';

/** What a walk found: everything that is wrong, and what of the value can be used. */
export interface Walked {
  readonly problems: readonly string[];
  /** Without what is wrong, and without members that are `null` or `undefined`: absent is absent, however it is spelled. */
  readonly sound: unknown;
}

/** One option: looks at a value that is there, under the path that names it. */
export type Shape = (value: unknown, path: string) => Walked;

/** The members of a group by name. */
export type Members = Readonly<Record<string, Shape>>;

const good = (sound: unknown): Walked => ({ problems: [], sound });
const wrong = (path: string, value: unknown, accepted: string): Walked => ({
  problems: [`${path} is ${shownKind(value)}; accepted is ${accepted}`],
  sound: undefined,
});

/** Values of options may be secrets: only flags, numbers and short words are shown, anything else by its kind. */
function shownKind(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && /^[\w.-]{1,20}$/.test(value) ? `'${value}'` : kindOf(value);
}

function shape(holds: (value: unknown) => boolean, accepted: string): Shape {
  return (value, path) => (holds(value) ? good(value) : wrong(path, value, accepted));
}

/** `true` or `false`. Text out of an environment variable is neither: `'false'` would be true. */
export const flag: Shape = shape(
  (value) => typeof value === 'boolean',
  "true or false; an environment variable is text, so compare it: process.env.NAME === 'true'",
);

/** A function. */
export const callback: Shape = shape((value) => typeof value === 'function', 'a function');

/** Text; what it may hold is judged elsewhere. */
export const string: Shape = shape((value) => typeof value === 'string', 'text');

/** Whatever it is, another check judges it, with its own sentences. */
export const judgedElsewhere: Shape = good;

/** One of these words. */
export function oneOf(words: readonly string[]): Shape {
  return (value, path) => {
    if (typeof value === 'string' && words.includes(value)) return good(value);
    const near = typeof value === 'string' ? suggest(value, words) : undefined;
    return wrong(path, value, `${words.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`);
  };
}

/** A list of what the shape accepts. */
export function listOf(entry: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, value, 'a list');
    const walked = value.map((each: unknown, index) => entry(each, `${path}[${index}]`));
    return { problems: walked.flatMap(({ problems }) => problems), sound: walked.map(({ sound }) => sound) };
  };
}

/** The first shape where the value satisfies the condition, the second otherwise. */
export function either(condition: (value: unknown) => boolean, one: Shape, other: Shape): Shape {
  return (value, path) => (condition(value) ? one : other)(value, path);
}

/** A group of options: a plain object whose members all have names that exist. */
export function group(members: Members): Shape {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(path, value, 'an object with options');
    const given = Object.entries(value).map(([name, member]: [string, unknown]) => ({
      name,
      ...memberOf(members, { name, member, path: path === '' ? name : `${path}.${name}` }),
    }));
    const kept = given.filter(({ sound }) => sound !== undefined);
    return {
      problems: given.flatMap(({ problems }) => problems),
      sound: Object.fromEntries(kept.map(({ name, sound }) => [name, sound])),
    };
  };
}

/** One member: of a name that exists, and there. */
function memberOf(
  members: Members,
  at: { readonly name: string; readonly member: unknown; readonly path: string },
): Walked {
  const known = Object.hasOwn(members, at.name) ? members[at.name] : undefined;
  if (known === undefined) return { problems: [unknownName(at.path, at.name, Object.keys(members))], sound: undefined };
  return at.member === undefined || at.member === null ? good(undefined) : known(at.member, at.path);
}

function unknownName(path: string, name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return `${path} is not an option${near === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${near}?`}`;
}
