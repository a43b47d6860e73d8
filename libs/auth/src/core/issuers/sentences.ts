// What problems with the options of an issuer are made of: rules, sentences, and what was given, cut short.
import { parseDurationMs } from '../base/duration.js';
import { nameHint } from '../base/did-you-mean.js';

/** A sentence and whether it applies. */
export type Rule = readonly [broken: boolean, sentence: string];

/** Options as they may have been given, before anything is known of them. */
export type Given = Readonly<Record<string, unknown>>;

/** The sentences of the rules that are broken. */
export function broken(rules: readonly Rule[]): readonly string[] {
  return rules.filter(([applies]) => applies).map(([, sentence]) => sentence);
}

/** Trimmed text: what a blank or a line break of a configuration file clings to equals nothing that a token says. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.trim() === value;
}

/** What was given, cut short. Never used for keys. */
export function shown(given: unknown): string {
  return (JSON.stringify(given) ?? String(given)).slice(0, 120);
}

/** A text such as 'false' counts as true somewhere, so that only booleans are accepted. */
export function flagProblems(given: Given, path: string, names: readonly string[]): readonly string[] {
  return names
    .filter((name) => given[name] !== undefined && typeof given[name] !== 'boolean')
    .map((name) => `${path}.${name} is ${shown(given[name])}; accepted is true or false`);
}

export function isList(value: readonly unknown[], holds: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(holds);
}

export function isFunction(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

/** True for a list of names, and for an empty one. */
export function isNames(given: unknown): given is readonly string[] {
  return Array.isArray(given) && given.every(isText);
}

export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** Bounds of a duration in milliseconds, and how to say them. */
export type Bounds = readonly [min: number, max: number, accepts: string];

export function durationProblems(
  given: Readonly<Record<string, unknown>>,
  path: string,
  durations: Readonly<Record<string, Bounds>>,
): readonly string[] {
  return Object.entries(durations).flatMap(([name, [min, max, accepts]]) => {
    const milliseconds = given[name] === undefined ? min : parseDurationMs(given[name]);
    const fits = milliseconds !== undefined && milliseconds >= min && milliseconds <= max;
    return fits
      ? []
      : [`${path}.${name} is ${shown(given[name])}; accepted is ${accepts}, as seconds or as a text like '10m'`];
  });
}

export function unknownNames(
  given: Readonly<Record<string, unknown>>,
  path: string,
  known: readonly string[],
): readonly string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${path}.${name} is not an option; ${nameHint(name, known)}`);
}
