// What all commands have in common: what they are given, what they may say, and how they fail.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { algorithms, isAlgorithm, parseDurationMs, nameHint } from '../core/internal.js';
import type { Algorithm } from '../keys.js';
import type { Clock } from '../index.js';

/** What a command may touch. */
export interface CommandContext {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads standard input to its end. */
  readInput(): Promise<string>;
  /** Writes a line of the answer. */
  print(line: string): void;
  /** Writes a line about the step that begins now, for a reader at a terminal; nothing where there is none, or where JSON is wanted. */
  progress(line: string): void;
}

/** `refused` is an answer too, but not the one that was hoped for. */
export type Outcome = 'done' | 'refused';

/** A command: its arguments, without its own name. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<Outcome>;

/** A mistake in the command line, described in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Values by their names, and what stood among them without one. */
export interface Given {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/** @throws UsageError naming what is not understood, and the nearest that would be */
export function readArguments(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>): Given {
  const known = Object.keys(options).map((name) => `--${name}`);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    // None of ours may be repeated, so that no value is a list.
    return { values: values as Given['values'], positionals };
  } catch (error) {
    const unknown = /Unknown option '(--?[\w-]+)'/.exec(error instanceof Error ? error.message : '')?.[1];
    if (unknown === undefined) throw new UsageError(firstSentence(error));
    throw new UsageError(`${unknown} is not an option; ${nameHint(unknown, known)}`);
  }
}

function firstSentence(error: unknown): string {
  return error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : 'the arguments could not be read';
}

/** @throws UsageError */
export function required({ values }: Given, name: string, meaning: string): string {
  const value = values[name];
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name} is required: ${meaning}`);
  return value;
}

export function optional({ values }: Given, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** @throws UsageError */
export function seconds(given: Given, name: string, otherwise: string): number {
  const text = optional(given, name) ?? otherwise;
  const milliseconds = parseDurationMs(text);
  if (milliseconds === undefined || milliseconds < 1_000)
    throw new UsageError(`--${name} is ${text}; accepted is a time like 15m or 30d`);
  return Math.floor(milliseconds / 1_000);
}

/** @throws UsageError */
export function algorithm(given: Given): Algorithm | undefined {
  const alg = optional(given, 'alg');
  if (alg === undefined || isAlgorithm(alg)) return alg;
  throw new UsageError(`--alg is ${alg}; there are ${algorithms.join(', ')}`);
}

/** @throws UsageError if more was typed than a command takes */
export function atMost({ positionals }: Given, count: number): void {
  const extra = positionals[count];
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra.slice(0, 40))} is one argument too many`);
}
