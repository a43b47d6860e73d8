// What an option is: one declaration from which its check, its default, its warning and its row in docs/options.md are made.
import { kindOf } from './kind-of.js';
import { nameHint } from './did-you-mean.js';

/** Where an option is read, and what its check may depend on. */
export interface Place {
  /** The name of the option behind those of its groups: `access.ttl`. Empty for the options as a whole. */
  readonly path: string;
  /** True with NODE_ENV=production. */
  readonly production: boolean;
  /** The name of the configuration, if it has one. */
  readonly configuration?: string | undefined;
  /**
   * True if `null` is a value and does not mean "absent", and text is shown in double quotes: for entries of `trust`.
   * @defaultValue false
   */
  readonly exact?: boolean;
}

/** What a check found. */
export interface Reading<Value> {
  /** Sentences; empty if the option is right. */
  readonly problems: readonly string[];
  /** What the code works with, in its own units. If there are problems, the default stands in for it. */
  readonly value: Value;
}

/** What can be done with an option whose type is of no interest: read it, warn about it, document it. */
export interface AnyOption<Value = unknown> {
  /** What the option does, in one line of the table. */
  readonly summary: string;
  /** What the option accepts, in words: "accepted is ...". */
  readonly accepts: string;
  /** What stands if the option is absent, as the table says it. */
  readonly byDefault: string;
  /** A value that is refused, for the test that walks all options. */
  readonly refused: unknown;
  /** What production demands, if it demands the option. */
  readonly production?: ProductionDemand | undefined;
  /** The options of a group, or of each entry of a list of groups. */
  readonly members?: Readonly<Record<string, AnyOption>> | undefined;
  /** Checks a value that is there. */
  read(given: unknown, at: Place): Reading<Value>;
  /** The default; a problem if the option is required. */
  absent(at: Place): Reading<Value>;
  /** What the log says at start-up about a value that is right. */
  warnings(given: unknown, at: Place): readonly string[];
}

declare const GIVEN: unique symbol;

/** An option of the type `Given`, which becomes a `Value`. */
export interface Option<Given, Value = Given> extends AnyOption<Value> {
  /** Never there: it makes the compiler compare the type of the option with that of the interface, in both directions. */
  readonly [GIVEN]?: (given: Given) => Given;
}

/** One option for each member of the interface `Given`, and of its type. */
export type OptionsOf<Given> = {
  readonly [Name in keyof Required<Given>]: Option<NonNullable<Required<Given>[Name]>, unknown>;
};

/** What the options become. */
export type ValuesOf<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends AnyOption<infer Value> ? Value : never;
};

/** An option that development fills in and production demands. */
export interface ProductionDemand {
  /** What is to be given: the end of the sentence "... is required with NODE_ENV=production: ". */
  readonly needs: string;
  /** What development fills in, for the warning. */
  readonly filledWith: string;
}

/** What is declared of every option. */
export interface Declared<Given> {
  readonly summary: string;
  readonly production?: ProductionDemand;
  /** What to warn about at start-up: the sentence after the name of the option. */
  readonly warns?: (given: Given, at: Place) => string | false;
}

/** An option with a default, written as the option is, or a required one. */
export type Settled<Given> = Declared<Given> &
  (
    | {
        readonly default: Given;
        /** What the table says of the default. @defaultValue the value as code */
        readonly defaultInWords?: string;
      }
    | { readonly required: string }
  );

/** An option without a default value: the words say what happens then. */
export type Unsettled<Given> = Declared<Given> & { readonly otherwise: string };

/** How a kind of option checks its values. */
export interface Kind<Value> {
  readonly accepts: string;
  readonly refused: unknown;
  readonly members?: Readonly<Record<string, AnyOption>> | undefined;
  read(given: unknown, at: Place): Reading<Value>;
  warnings?(given: unknown, at: Place): readonly string[];
}

/** Makes an option of what is declared of it and of its kind. */
export function optionOf<Given, Value>(
  declared: Settled<Given> | Unsettled<Given>,
  kind: Kind<Value>,
): Option<Given, Value> {
  const { summary, production, warns } = declared;
  return {
    summary,
    accepts: kind.accepts,
    refused: kind.refused,
    members: kind.members,
    production,
    byDefault: byDefault(declared),
    read: (given, at) => kind.read(given, at),
    absent: (at) => {
      if ('default' in declared) return kind.read(declared.default, at);
      // Callers of an option that may be absent expect `undefined`, by the type that its maker gave it.
      const value = undefined as Value;
      return { problems: 'required' in declared ? [`${at.path} is required: ${declared.required}`] : [], value };
    },
    warnings(given, at) {
      // Only values that were read without problems are asked for warnings.
      const warning = warns?.(given as Given, at);
      const own = typeof warning === 'string' ? [`${at.path} ${warning}`] : [];
      return [...own, ...(kind.warnings?.(given, at) ?? [])];
    },
  };
}

function byDefault<Given>(declared: Settled<Given> | Unsettled<Given>): string {
  if ('otherwise' in declared) return declared.otherwise;
  if ('required' in declared) return 'required';
  return declared.defaultInWords ?? `\`${spelled(declared.default)}\``;
}

/** As it stands in code. */
function spelled(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spelled).join(', ')}]`;
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
}

/** True if the option was not given: `undefined`, and `null` too if it is not a value. */
export function isAbsent(given: unknown, { exact = false }: Place): boolean {
  return given === undefined || (given === null && !exact);
}

/** The place of a member of this one. */
export function memberOf(at: Place, name: string): Place {
  return { ...at, path: at.path === '' || at.path.endsWith(' ') ? `${at.path}${name}` : `${at.path}.${name}` };
}

/** What was given, cut short. Never used for anything that may be secret. */
export function shown(given: unknown, { exact = false }: Pick<Place, 'exact'> = {}): string {
  const text = typeof given === 'string' && !exact ? `'${given}'` : JSON.stringify(given);
  return (text ?? String(given)).slice(0, exact ? 120 : 80);
}

/** For what may be secret: flags, numbers and short words are shown, anything else by its kind. */
export function shownKind(given: unknown, at: Place): string {
  if (typeof given === 'number') return String(given);
  return typeof given === 'string' && /^[\w.-]{1,20}$/.test(given) ? shown(given, at) : kindOf(given);
}

/** The sentence about a name that no option has. */
export function unknownName(at: Place, name: string, { known, noun }: KnownNames): string {
  const hint = noun === undefined ? nameHint(name, known) : `there are ${known.join(', ')}`;
  return `${memberOf(at, name).path} is not ${noun ?? 'an option'}; ${hint}`;
}

/** The names that there are. */
export interface KnownNames {
  readonly known: readonly string[];
  /** What they are names of, in a group that is so short that the sentence lists them all. @defaultValue 'an option', and the nearest one */
  readonly noun?: string | undefined;
}
