// Groups of options: unknown names, absent members, rules between members, and the settings that a group becomes.
import { isGroup, refusal } from './option-kinds.js';
import {
  isAbsent,
  memberOf,
  optionOf,
  unknownName,
  type AnyOption,
  type Declared,
  type Option,
  type OptionsOf,
  type Place,
  type Reading,
  type ValuesOf,
} from './option.js';

/** What must hold between several options of a group. */
export interface Rule<Values> {
  /** The options that the rule compares. If one of them is wrong, the rule is not asked. */
  readonly between: readonly (keyof Values & string)[];
  /** The whole sentence if the rule is broken, or several. `of` names an option: `of('ttl')` is `access.ttl`. */
  readonly broken: (
    values: Values,
    of: (name: keyof Values & string) => string,
    at: Place,
  ) => string | false | readonly string[];
}

/** What is declared of a group. */
interface GroupDeclaration<Given, Options, Settings> extends Declared<Given> {
  readonly options: Options;
  readonly rules?: readonly Rule<ValuesOf<Options>>[];
  /** What the group becomes. @defaultValue the values of its options by name */
  readonly settings?: (values: ValuesOf<Options>, at: Place) => Settings;
  /** @defaultValue 'an object with options' */
  readonly accepts?: string;
  /** What the members are, in a group that is so short that a misspelled name is answered with all of them. @defaultValue 'an option' */
  readonly noun?: string;
  /** A value that is refused. @defaultValue true */
  readonly refused?: unknown;
  /** How much of a refused value is shown. @defaultValue 'kind' */
  readonly shows?: 'kind' | 'nothing';
}

/** The names of one may be no others than those of the other. */
type NoOthers<Options, Given> = { readonly [Name in Exclude<keyof Options, keyof Given>]: never };

/** The maker of a group for the interface `Given`. */
interface GroupMaker<Given> {
  <const Options extends OptionsOf<Given>, Settings = ValuesOf<Options>>(
    declared: GroupDeclaration<Given, Options & NoOthers<Options, Given>, Settings> & { readonly otherwise: string },
  ): Option<Given, Settings | undefined>;
  <const Options extends OptionsOf<Given>, Settings = ValuesOf<Options>>(
    declared: GroupDeclaration<Given, Options & NoOthers<Options, Given>, Settings>,
  ): Option<Given, Settings>;
}

/**
 * Declares a group of options: one for each member of the interface, and of its type. A group that is absent has the defaults of its
 * options; with `otherwise` it is `undefined`.
 */
export function group<Given>(): GroupMaker<Given> {
  // The types of the maker are those of its caller; inside, options are read one by one without them.
  return (declared: GroupDeclaration<Given, Members, unknown> & { readonly otherwise?: string }) => {
    const { options: members, accepts = 'an object with options', refused = true, shows = 'kind' } = declared;
    const absence = declared.otherwise === undefined ? { default: {} as Given } : { otherwise: declared.otherwise };
    const option = optionOf<Given, never>(
      { ...declared, ...absence },
      {
        accepts,
        refused,
        members,
        read: (given, at) => {
          if (isGroup(given)) return readGroup(given, at, declared) as Reading<never>;
          const { value } = readGroup({}, at, declared) as Reading<never>;
          return { problems: [refusal(given, at, { accepts, shows })], value };
        },
        warnings: (given, at) => groupWarnings(given as Given & object, at, members),
      },
    );
    return declared.otherwise === undefined ? { ...option, byDefault: 'those of its options' } : option;
  };
}

type Members = Readonly<Record<string, AnyOption>>;

function readGroup(
  given: Readonly<Record<string, unknown>>,
  at: Place,
  { options, rules = [], settings, noun }: GroupDeclaration<never, Members, unknown>,
): Reading<unknown> {
  const known = Object.keys(options);
  const read = namesOf(given, known).map((name) => {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    // The hint for an unknown name compares it with all others: that is not done for those that are right.
    const reading: Reading<unknown> =
      option === undefined
        ? { problems: [unknownName(at, name, { known, noun })], value: undefined }
        : readMember(given[name], option, memberOf(at, name));
    return { name, ...reading };
  });
  const wrong = read.filter(({ problems }) => problems.length > 0).map(({ name }) => name);
  // One value for each option, by its name.
  const values = Object.fromEntries(read.map(({ name, value }) => [name, value])) as never;
  const broken = rules
    .filter(({ between }) => !between.some((name) => wrong.includes(name)))
    .flatMap((rule) => rule.broken(values, (name) => memberOf(at, name).path, at))
    .filter((sentence) => sentence !== false);
  const problems = [...read.flatMap((each) => each.problems), ...broken];
  // Settings are made of options that are right.
  return { problems, value: settings === undefined || wrong.length > 0 ? values : settings(values, at) };
}

/** What was given in its order, so that problems are in it too; then what was not. */
function namesOf(given: object, known: readonly string[]): readonly string[] {
  return [...Object.keys(given), ...known.filter((name) => !Object.hasOwn(given, name))];
}

/** Absent is absent, however it is spelled. What is refused leaves its place to the default. */
function readMember(given: unknown, option: AnyOption, at: Place): Reading<unknown> {
  if (isAbsent(given, at)) return option.absent(at);
  const reading = option.read(given, at);
  if (reading.problems.length === 0 || reading.value !== undefined) return reading;
  return { problems: reading.problems, value: option.absent(at).value };
}

function groupWarnings(given: object, at: Place, members: Members): readonly string[] {
  const stated: Readonly<Record<string, unknown>> = { ...given };
  return Object.entries(members)
    .filter(([name]) => !isAbsent(stated[name], at))
    .flatMap(([name, option]) => option.warnings(stated[name], memberOf(at, name)));
}
