// What problems with the options of an issuer are made of: rules, sentences, and what was given, cut short.

/** A sentence and whether it applies. */
export type Rule = readonly [broken: boolean, sentence: string];

/** Options as they may have been given, before anything is known of them. */
export type Given = Readonly<Record<string, unknown>>;

/** The sentences of the rules that are broken. */
export function broken(rules: readonly Rule[]): readonly string[] {
  return rules.filter(([applies]) => applies).map(([, sentence]) => sentence);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isRecord(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
