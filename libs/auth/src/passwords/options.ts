// What an application says about its passwords, checked before the first one is hashed.
import { AuthConfigurationError } from '../index.js';
import { nameHint } from '../core/internal.js';
import { costProblems, DEFAULT_COST, type PasswordCost } from './cost.js';

/** How passwords are kept. */
export interface PasswordsOptions {
  /** What a new hash costs. @defaultValue 19,456 KiB with 2 passes on 1 thread */
  readonly cost?: PasswordCost | undefined;
  /**
   * What hashes that are still stored cost. Each attempt then does the work of all of them, so that its time does not tell how old the
   * hash is, or that there is none. Leave one out as soon as no row has it.
   * @defaultValue none
   */
  readonly earlierCosts?: readonly PasswordCost[] | undefined;
  /** The fewest characters of a new password, 8 to 64. @defaultValue 8 */
  readonly minLength?: number | undefined;
  /** The most characters of any password, 64 to 4,096. @defaultValue 256 */
  readonly maxLength?: number | undefined;
  /** How many are hashed at once, 1 to 64: signatures are verified on the same four threads. @defaultValue 2 */
  readonly concurrency?: number | undefined;
  /** How many may wait for their turn, 1 to 10,000; one more is refused with 503. @defaultValue 64 */
  readonly waiting?: number | undefined;
}

/** The options, complete. */
export interface PasswordSettings {
  readonly cost: PasswordCost;
  readonly earlierCosts: readonly PasswordCost[];
  readonly minLength: number;
  readonly maxLength: number;
  readonly concurrency: number;
  readonly waiting: number;
}

const DEFAULTS: PasswordSettings = {
  cost: DEFAULT_COST,
  earlierCosts: [],
  minLength: 8,
  maxLength: 256,
  concurrency: 2,
  waiting: 64,
};

const RANGES = {
  minLength: [8, 64],
  maxLength: [64, 4_096],
  concurrency: [1, 64],
  waiting: [1, 10_000],
} as const;

/** @throws {AuthConfigurationError} naming every option that is not acceptable */
export function readPasswordOptions(options: PasswordsOptions): PasswordSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const settings: PasswordSettings = { ...DEFAULTS, ...Object.fromEntries(given) };
  const problems = [...unknownOptions(options), ...rangeProblems(settings), ...allCostProblems(settings)];
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return settings;
}

function unknownOptions(options: object): string[] {
  const names = Object.keys(DEFAULTS);
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  return unknown.map((name) => `${name} is not an option of Passwords; ${nameHint(name, names)}`);
}

function rangeProblems(settings: PasswordSettings): string[] {
  return Object.entries(RANGES).flatMap(([name, [least, most]]) => {
    const value: unknown = settings[name as keyof typeof RANGES];
    const isFine = Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
    return isFine ? [] : [`${name} is ${String(value)}; accepted are whole numbers from ${least} to ${most}`];
  });
}

function allCostProblems({ cost, earlierCosts }: PasswordSettings): string[] {
  if (!Array.isArray(earlierCosts)) return ['earlierCosts is not a list; accepted is a list of costs'];
  return [
    ...costProblems('cost', cost, { weakest: true }),
    ...earlierCosts.flatMap((each, at) => costProblems(`earlierCosts.${at}`, each, { weakest: false })),
  ];
}
