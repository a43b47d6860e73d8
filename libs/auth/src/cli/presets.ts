// The presets by name, for `latchkey inspect --preset`: what an application would trust, with the options as they are typed.
import { nameHint } from '../core/internal.js';
import {
  adfs,
  apple,
  auth0,
  authentik,
  azureAdB2c,
  clerk,
  cloudflareAccess,
  cognito,
  entra,
  firebase,
  githubActions,
  gitlab,
  google,
  keycloak,
  kubernetes,
  okta,
  oryHydra,
  supabase,
  zitadel,
  type TrustOptions,
} from '../issuers.js';
import { UsageError } from './command.js';

const PRESETS = {
  adfs,
  apple,
  auth0,
  authentik,
  azureAdB2c,
  clerk,
  cloudflareAccess,
  cognito,
  entra,
  firebase,
  githubActions,
  gitlab,
  google,
  keycloak,
  kubernetes,
  okta,
  oryHydra,
  supabase,
  zitadel,
} satisfies Readonly<Record<string, (options: never) => TrustOptions>>;

/** Options of a preset, by the names that they have in code. */
export type PresetValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** What was typed for the command itself, and what for the preset. */
export interface SplitArguments {
  readonly own: readonly string[];
  readonly preset: PresetValues;
}

/**
 * Takes the options that the command does not know out of what was typed, if a preset is named: `--user-pool-id x` is `userPoolId`. One
 * that is repeated is a list; `true` and `false` are flags.
 *
 * @param known names of the command's own options
 * @throws {UsageError} for an option without a value
 */
export function splitArguments(args: readonly string[], known: readonly string[]): SplitArguments {
  if (!args.some((arg) => /^--preset(?:=|$)/.test(arg))) return { own: args, preset: {} };
  const own: string[] = [];
  const typed = new Map<string, readonly string[]>();
  const left = args.values();
  for (const arg of left) {
    const [, name, joined] = OPTION.exec(arg) ?? [];
    if (name === undefined || known.includes(name)) own.push(arg);
    else add(typed, camelCase(name), joined ?? valueOf(name, left.next().value));
  }
  return { own, preset: Object.fromEntries([...typed].map(([name, values]) => [name, meant(values)])) };
}

const OPTION = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s;

function add(typed: Map<string, readonly string[]>, name: string, value: string): void {
  typed.set(name, [...(typed.get(name) ?? []), value]);
}

/**
 * What the preset of that name trusts.
 * @throws {UsageError} for a name that no preset has
 * @throws {AuthConfigurationError} what the preset says of its options
 */
export function presetTrust(name: string, values: PresetValues): TrustOptions {
  const known = Object.keys(PRESETS);
  if (!Object.hasOwn(PRESETS, name)) throw new UsageError(`--preset is ${name}; ${nameHint(name, known)}`);
  const preset: (options: never) => TrustOptions = PRESETS[name as keyof typeof PRESETS];
  // A preset checks what it is given, as it does for applications without types.
  return preset(values as never);
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function valueOf(name: string, value: string | undefined): string {
  if (value !== undefined && !value.startsWith('--')) return value;
  throw new UsageError(`--${name} needs a value, as an option of the preset: --${name} <value>`);
}

function meant(values: readonly string[]): string | boolean | readonly string[] {
  const [first = '', ...others] = values;
  if (others.length > 0) return values;
  return first === 'true' || first === 'false' ? first === 'true' : first;
}
