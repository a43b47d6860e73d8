// What presets are given, checked at once: an undefined environment variable, or an address in place of a name, would make an issuer that
// no token names, and the application would start and refuse every token.
import { AuthConfigurationError } from '../../base/errors.js';
import { kindOf } from '../../base/kind-of.js';

/** What one option of a preset may be, and how to say it. */
interface Rule {
  readonly holds: (value: string) => boolean;
  readonly accepted: string;
}

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/i;
const SEGMENT = /^[^\s/?#\\]+$/;

/** A host name, without scheme, slash or port. */
export const HOST_NAME = (example: string): Rule => ({
  holds: (value) => HOST.test(value),
  accepted: `a host name like '${example}', without https:// and without a slash`,
});

/** One segment of a path: an id, or a name. */
export const NAME = (example: string): Rule => ({
  holds: (value) => SEGMENT.test(value),
  accepted: `a name like '${example}'`,
});

/** An http(s) address. */
export const ADDRESS = (example: string): Rule => ({
  holds: (value) => /^https?:\/\/[^\s?#@\\]+$/.test(value) && URL.canParse(value),
  accepted: `an address like '${example}'`,
});

/** A GUID. */
export const GUID = (of: string): Rule => ({
  holds: (value) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  accepted: `the id of ${of}, a GUID`,
});

/** Text that matches. */
export const MATCHING = (pattern: RegExp, accepted: string): Rule => ({
  holds: (value) => pattern.test(value),
  accepted,
});

/**
 * Checks what a preset was given.
 *
 * @param preset its name, for the sentence
 * @param given the options by name
 * @param rules for each option that must be there, what it may be
 * @throws {AuthConfigurationError} one sentence for each option that makes no sense
 */
export function assertPreset(
  preset: string,
  given: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
): void {
  const problems = Object.entries(rules).flatMap(([name, rule]) =>
    problemOf(given[name], rule).map((problem) => `${preset}: ${name} ${problem}`),
  );
  if (problems.length > 0) throw new AuthConfigurationError(problems);
}

/** Whom tokens must be meant for: a name, a list of names, or `false` if the preset allows it. */
export function assertAudience(preset: string, name: string, audience: unknown): void {
  const names: readonly unknown[] = [audience].flat();
  const isNamed =
    names.length > 0 && names.every((each) => typeof each === 'string' && each !== '' && each.trim() === each);
  if (isNamed) return;
  const shown = Array.isArray(audience) ? 'a list that is empty, or holds something else than names' : kindOf(audience);
  throw new AuthConfigurationError([`${preset}: ${name} is ${shown}; accepted is a name or a list of names`]);
}

/**
 * Checks options that are one text or a list of texts. One that is given as `undefined` is a mistake too: an environment variable that
 * is not set must not lift a restriction.
 *
 * @param preset its name, for the sentence
 * @param given the options by name; what is not among them may be left out
 * @param rules what each of the texts may be
 * @throws {AuthConfigurationError} one sentence for each option that makes no sense
 */
export function assertLists(
  preset: string,
  given: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
): void {
  const problems = Object.entries(rules)
    .filter(([name]) => name in given)
    .flatMap(([name, rule]) => listProblems(given[name], rule).map((problem) => `${preset}: ${name} ${problem}`));
  if (problems.length > 0) throw new AuthConfigurationError(problems);
}

/** Checks options that are true or false, if they are given. The text 'false' is neither, and so is a variable that is not set. */
export function assertFlags(preset: string, options: object, names: readonly string[]): void {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const problems = names
    .filter((name) => name in given && typeof given[name] !== 'boolean')
    .map((name) => [name, given[name]] as const)
    .map(([name, value]) => `${preset}: ${name} is ${kindOf(value)}; accepted is true or false`);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
}

function listProblems(value: unknown, rule: Rule): readonly string[] {
  if (Array.isArray(value) && value.length === 0)
    return [`is an empty list; accepted is ${rule.accepted}, or a list of such`];
  const problems = [value].flat().map((one) => problemOf(one, rule));
  return problems.find((found) => found.length > 0) ?? [];
}

function problemOf(value: unknown, { holds, accepted }: Rule): readonly string[] {
  if (typeof value !== 'string' || value === '')
    return [
      `is ${kindOf(value)}${value === undefined ? ' (is an environment variable not set?)' : ''}; accepted is ${accepted}`,
    ];
  return value.trim() === value && holds(value)
    ? []
    : [`is ${JSON.stringify(value.slice(0, 80))}; accepted is ${accepted}`];
}
