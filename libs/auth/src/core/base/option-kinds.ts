// The kinds of options: flags, texts, durations, numbers, words, functions, lists, and values with a check of their own.
import { suggest } from './did-you-mean.js';
import { parseDurationMs, SECOND_MS, type Duration } from './duration.js';
import { kindOf } from './kind-of.js';
import {
  optionOf,
  shown,
  shownKind,
  unknownName,
  type Option,
  type Place,
  type Reading,
  type Settled,
  type Unsettled,
} from './option.js';

/** `true` or `false`. Text of an environment variable is neither: `'false'` would be true. */
export function flag(declared: Settled<boolean>): Option<boolean>;
export function flag(declared: Unsettled<boolean>): Option<boolean, boolean | undefined>;
export function flag(declared: Settled<boolean> | Unsettled<boolean>): Option<boolean, boolean | undefined> {
  const hint = "an environment variable is text, so compare it: process.env.NAME === 'true'";
  return optionOf<boolean, boolean | undefined>(declared, {
    accepts: 'true or false',
    refused: 'false',
    read: (given, at) =>
      typeof given === 'boolean'
        ? right(given)
        : wrong<boolean>(`${at.path} is ${shownKind(given, at)}; accepted is true or false; ${hint}`),
  });
}

/** How a value is checked, and how a refusal speaks of it. */
export interface Check {
  /** What is accepted, in words. */
  readonly accepts: string;
  readonly holds: (given: never) => boolean;
  /** A value that is refused. */
  readonly refused: unknown;
  /**
   * How much of a refused value the sentence shows: all of it, its kind, or nothing. `kind` and `nothing` are for values that may be
   * secret or break a line. @defaultValue 'value'
   */
  readonly shows?: 'value' | 'kind' | 'nothing' | undefined;
  /** What a sentence that shows nothing demands: "... must name claims". @defaultValue "be", and what is accepted */
  readonly must?: string | undefined;
  /** The names that a value may have if it is an object; others are refused with the nearest one. */
  readonly names?: readonly string[];
}

/** A value with a check of its own. */
export function value<Given>(declared: Settled<Given> & Check): Option<Given>;
export function value<Given>(declared: Unsettled<Given> & Check): Option<Given, Given | undefined>;
export function value<Given>(declared: (Settled<Given> | Unsettled<Given>) & Check): Option<Given, Given | undefined> {
  return optionOf<Given, Given | undefined>(declared, {
    ...declared,
    read: (given, at) => {
      const unknown = unknownNames(given, at, declared.names);
      // The check is what makes a value of an untyped caller one of the type.
      if (unknown.length === 0 && declared.holds(given as never)) return right(given as Given);
      return { problems: unknown.length > 0 ? unknown : [refusal(given, at, declared)], value: undefined };
    },
  });
}

/** The sentence about a value that is not accepted. */
export function refusal(given: unknown, at: Place, check: Pick<Check, 'accepts' | 'shows' | 'must'>): string {
  const { accepts, shows = 'value', must = `be ${accepts}` } = check;
  if (shows === 'nothing') return `${at.path} must ${must}`;
  return `${at.path} is ${shows === 'value' ? shown(given, at) : shownKind(given, at)}; accepted is ${accepts}`;
}

function unknownNames(given: unknown, at: Place, known: readonly string[] | undefined): readonly string[] {
  if (known === undefined || typeof given !== 'object' || given === null || Array.isArray(given)) return [];
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => unknownName(at, name, { known }));
}

/** How a text is checked. */
export interface TextCheck {
  /** What is accepted, in words. */
  readonly accepts: string;
  /** A text that is refused. */
  readonly refused: string;
  readonly shows?: Check['shows'];
  /** A pattern for the whole of it, or a function that says what is wrong: the words after the name of the option. */
  readonly check: RegExp | ((text: string) => string | undefined);
}

/** Text. */
export function text(declared: Settled<string> & TextCheck): Option<string>;
export function text(declared: Unsettled<string> & TextCheck): Option<string, string | undefined>;
export function text(declared: (Settled<string> | Unsettled<string>) & TextCheck): Option<string, string | undefined> {
  const { check, accepts } = declared;
  return optionOf<string, string | undefined>(declared, {
    ...declared,
    read: (given, at) => {
      if (typeof given !== 'string') {
        const kind = declared.shows === 'nothing' ? kindOf(given) : shownKind(given, at);
        return wrong(`${at.path} is ${kind}; accepted is text: ${accepts}`);
      }
      if (check instanceof RegExp) return check.test(given) ? right(given) : wrong(refusal(given, at, declared));
      const problem = check(given);
      return problem === undefined ? right(given) : wrong(`${at.path} ${problem}`);
    },
  });
}

/** The bounds of a duration in milliseconds, and in words. */
export interface DurationBounds {
  readonly min: number;
  readonly max: number;
  readonly accepts: string;
}

/** A duration, which is read as milliseconds. */
export function duration(declared: Settled<Duration> & DurationBounds): Option<Duration, number>;
export function duration(declared: Unsettled<Duration> & DurationBounds): Option<Duration, number | undefined>;
export function duration(
  declared: (Settled<Duration> | Unsettled<Duration>) & DurationBounds,
): Option<Duration, number | undefined> {
  const { min, max, accepts } = declared;
  return optionOf<Duration, number | undefined>(declared, {
    accepts,
    refused: '60',
    read: (given, at) => {
      const milliseconds = parseDurationMs(given);
      if (milliseconds !== undefined && milliseconds >= min && milliseconds <= max) return right(milliseconds);
      return wrong(`${at.path} is ${shown(given, at)}; accepted is ${accepts}, as seconds or as a text like '15m'`);
    },
  });
}

/** Whole seconds, the unit of times in tokens. */
export function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / SECOND_MS);
}

/** A whole number within bounds. */
export function wholeNumber(
  declared: (Settled<number> | Unsettled<number>) & { readonly min: number; readonly max: number },
): Option<number, number | undefined> {
  const { min, max } = declared;
  return value<number>({
    // The default, if there is one, is passed on; otherwise its description is.
    ...(declared as Unsettled<number>),
    accepts: `a whole number from ${min} to ${max}`,
    holds: (given: number) => Number.isInteger(given) && given >= min && given <= max,
    refused: max + 1,
    shows: 'nothing',
  });
}

/** One of these words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  declared: Settled<NoInfer<Word>>,
): Option<Word>;
export function oneOf<const Word extends string>(
  words: readonly Word[],
  declared: Unsettled<NoInfer<Word>>,
): Option<Word, Word | undefined>;
export function oneOf<const Word extends string>(
  words: readonly Word[],
  declared: Settled<NoInfer<Word>> | Unsettled<NoInfer<Word>>,
): Option<Word, Word | undefined> {
  const accepts = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return optionOf<Word, Word | undefined>(declared, {
    accepts,
    refused: `${words[0]}x`,
    read: (given, at) => {
      const word = words.find((each) => each === given);
      if (word !== undefined) return right(word);
      const near = typeof given === 'string' ? suggest(given, words) : undefined;
      return wrong(
        `${at.path} is ${shownKind(given, at)}; accepted is ${accepts}${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    },
  });
}

/** A function. */
export function callback<Given>(
  declared: Unsettled<Given> & { readonly accepts: string; readonly shows?: Check['shows'] },
): Option<Given, Given | undefined> {
  return value<Given>({
    shows: 'nothing',
    ...declared,
    holds: (given: unknown) => typeof given === 'function',
    refused: {},
  });
}

/** A list of texts. */
export function texts(
  declared: Settled<readonly string[]> & {
    /** What each entry is, in words. */
    readonly entry: string;
    readonly holds: (text: string) => boolean;
    /** A text that is refused. */
    readonly refused: string;
  },
): Option<readonly string[]> {
  const { entry, holds, refused } = declared;
  return optionOf<readonly string[], readonly string[]>(declared, {
    accepts: `a list; each entry is ${entry}`,
    refused: [refused],
    read: (given, at) => {
      if (!Array.isArray(given)) return wrong(`${at.path} is ${shownKind(given, at)}; accepted is a list`);
      const problems = given
        .filter((text: unknown) => typeof text !== 'string' || !holds(text))
        .map((text: unknown) => `${at.path} has ${shown(text, at)}; accepted is ${entry}`);
      return { problems, value: given };
    },
  });
}

/** A list, each entry of which is what the entry option accepts. */
export function listOf<Given, Value>(
  entry: Option<Given, Value>,
  declared: Settled<readonly Given[]> & ListWords,
): Option<readonly Given[], readonly Value[]>;
export function listOf<Given, Value>(
  entry: Option<Given, Value>,
  declared: Unsettled<readonly Given[]> & ListWords,
): Option<readonly Given[], readonly Value[] | undefined>;
export function listOf<Given, Value>(
  entry: Option<Given, Value>,
  declared: (Settled<readonly Given[]> | Unsettled<readonly Given[]>) & ListWords,
): Option<readonly Given[], readonly Value[] | undefined> {
  const { accepts = 'a list', label } = declared;
  return optionOf<readonly Given[], readonly Value[] | undefined>(declared, {
    accepts,
    refused: 'all',
    members: entry.members,
    read: (given, at) => {
      if (!Array.isArray(given)) return wrong(`${at.path} is ${shownKind(given, at)}; accepted is ${accepts}`);
      const read = given.map((each: unknown, index) => entry.read(each, entryOf(at, index)));
      return {
        problems: read.flatMap(({ problems }) => problems),
        value: read.flatMap(({ problems, value }) => (problems.length > 0 ? [] : [value])),
      };
    },
    warnings: (given, at) =>
      (given as readonly Given[]).flatMap((each, index) =>
        entry.warnings(each, entryOf(at, label === undefined ? index : label(each as never))),
      ),
  });
}

/** How a list is spoken of. */
export interface ListWords {
  /** @defaultValue 'a list' */
  readonly accepts?: string;
  /** What warnings call an entry. @defaultValue its index */
  readonly label?: (entry: never) => string;
}

/** The place of an entry of a list. */
function entryOf(at: Place, label: string | number): Place {
  return { ...at, path: `${at.path}[${label}]` };
}

/** True for an object whose members are options. */
export function isGroup(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function right<Value>(given: Value): Reading<Value> {
  return { problems: [], value: given };
}

function wrong<Value>(problem: string): Reading<Value> {
  // What is refused has no value; the group puts the default in its place.
  return { problems: [problem], value: undefined as Value };
}
