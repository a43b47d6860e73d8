// How expensive a password hash is, which costs are too cheap, and how a stored hash says its own.

/** What one hash costs with argon2id. */
export interface PasswordCost {
  /** Memory in KiB. */
  readonly memoryCost: number;
  /** Passes over it. */
  readonly timeCost: number;
  /** Threads. @defaultValue 1 */
  readonly parallelism?: number | undefined;
}

/** The first of the equivalent choices of the OWASP Password Storage Cheat Sheet that is not for small servers. */
export const DEFAULT_COST: PasswordCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The equivalent choices of that sheet: a cost is accepted if it is at least one of them. */
const WEAKEST: readonly Required<Pick<PasswordCost, 'memoryCost' | 'timeCost'>>[] = [
  { memoryCost: 47_104, timeCost: 1 },
  { memoryCost: 19_456, timeCost: 2 },
  { memoryCost: 12_288, timeCost: 3 },
  { memoryCost: 9_216, timeCost: 4 },
  { memoryCost: 7_168, timeCost: 5 },
];

const ACCEPTED = WEAKEST.map(({ memoryCost, timeCost }) => `${memoryCost} KiB with ${timeCost}`).join(', ');
const MOST_MEMORY = 1_048_576;
const MOST_TIME = 32;
const MOST_THREADS = 16;

/** What is wrong with a cost. With `weakest` false it may be as cheap as it was. */
export function costProblems(name: string, cost: unknown, { weakest }: { readonly weakest: boolean }): string[] {
  const { memoryCost, timeCost, parallelism = 1 } = Object(cost) as Partial<PasswordCost>;
  const limits: readonly (readonly [string, unknown, number, number])[] = [
    ['memoryCost', memoryCost, 8, MOST_MEMORY],
    ['timeCost', timeCost, 1, MOST_TIME],
    ['parallelism', parallelism, 1, MOST_THREADS],
  ];
  const problems = limits
    .filter(([, value, least, most]) => !isWhole(value, least, most))
    .map(([member, value, least, most]) => `${name}.${member} is ${String(value)}; accepted are ${least} to ${most}`);
  if (problems.length > 0 || !weakest || isStrong(cost as PasswordCost)) return problems;
  const given = `${memoryCost} KiB with ${timeCost} ${timeCost === 1 ? 'pass' : 'passes'}`;
  return [`${name} is ${given}, which is too cheap to guess; accepted is at least one of ${ACCEPTED} passes`];
}

function isStrong(cost: PasswordCost): boolean {
  return WEAKEST.some(({ memoryCost, timeCost }) => cost.memoryCost >= memoryCost && cost.timeCost >= timeCost);
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

/** True for two costs of the same members. */
export function isSameCost(one: PasswordCost, other: PasswordCost): boolean {
  const threads = (one.parallelism ?? 1) === (other.parallelism ?? 1);
  return one.memoryCost === other.memoryCost && one.timeCost === other.timeCost && threads;
}

/** True if guessing against the first is cheaper than against the second. */
export function isCheaper(one: PasswordCost, other: PasswordCost): boolean {
  return one.memoryCost * one.timeCost < other.memoryCost * other.timeCost;
}

const ENCODED = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** The cost of a stored argon2id hash of version 1.3; `undefined` for anything else, and for one that is too expensive. */
export function costOf(stored: string): PasswordCost | undefined {
  const [, memoryCost, timeCost, parallelism] = (ENCODED.exec(stored) ?? []).map(Number);
  const cost = { memoryCost, timeCost, parallelism };
  return costProblems('', cost, { weakest: false }).length === 0 ? (cost as PasswordCost) : undefined;
}
