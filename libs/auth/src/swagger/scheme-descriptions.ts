// Which security schemes stand in the document: those that some operation asks for, as the schemes describe themselves.
import { AuthConfigurationError } from '../core/internal.js';
import type { SchemeDescription, SecurityDescription, Scheme } from '../schemes.js';
import type { Requirement } from './marks.js';
import { namesOfSame, type SecuritySchemes } from './same-scheme.js';

/** How every scheme of the application is shown. */
export class SchemeDescriptions {
  private readonly used = new Set<SchemeDescription>();
  private byName: ReadonlyMap<string, SchemeDescription>;
  private readonly repeating = new Set<string>();
  private readonly guessed: ReadonlySet<string>;
  private readonly configuration: string | undefined;

  /** The names that security schemes have if nothing renames them. */
  readonly names: readonly string[];

  /** @param naming the name of the configuration, which stands before the names of its security schemes, and what they are renamed to */
  constructor(
    schemes: Iterable<Scheme>,
    builtIn: Readonly<Record<string, SchemeDescription | undefined>>,
    { configuration, names = {} }: Naming = {},
  ) {
    this.configuration = configuration;
    const original = [...schemes].map((scheme) => {
      const known = scheme.openapi ?? builtIn[scheme.name];
      return { name: scheme.name, known, shown: prefixed(known ?? guess(scheme), configuration) };
    });
    this.names = original.flatMap(({ shown }) => Object.keys(entriesOf(shown)));
    const all = original.map((each) => ({ ...each, shown: renamed(each.shown, (name) => names[name] ?? name) }));
    // What was written by hand may use the name from before.
    for (const name of this.names) this.repeating.add(name);
    this.byName = new Map(all.map(({ name, shown }) => [name, shown]));
    this.guessed = new Set(all.flatMap(({ known, shown }) => (known === undefined ? Object.keys(shown.always) : [])));
  }

  /**
   * Takes over the names that the application gave the same schemes with `addBearerAuth()` and its like, so that one header has one name.
   * Configurations with a name keep theirs: two of them may share a header, and a user signs in to each.
   */
  adopt(written: SecuritySchemes = {}): void {
    if (this.configuration !== undefined) return;
    const nameOf = (name: string, entry: SecurityDescription): string => {
      const same = this.guessed.has(name) && entry.type === 'apiKey' ? [] : namesOfSame(entry, written);
      for (const each of [name, ...same]) this.repeating.add(each);
      return name in written ? name : (same[0] ?? name);
    };
    this.byName = new Map([...this.byName].map(([name, shown]) => [name, renamed(shown, nameOf)]));
  }

  /** How a scheme is shown. From now on it stands in the document. */
  use({ name }: Scheme): SchemeDescription {
    const description = this.byName.get(name);
    if (description === undefined) throw new TypeError(`The scheme '${name}' is not configured.`);
    this.used.add(description);
    return description;
  }

  /** What is left of hand-written requirements without those that only repeat ours. */
  withoutOurs(written: readonly Requirement[]): readonly Requirement[] {
    const own = [...this.byName.values()].flatMap((each) => Object.keys(entriesOf(each)));
    const ours = new Set([...own, ...this.repeating]);
    return written.filter((requirement) => Object.keys(requirement).some((name) => !ours.has(name)));
  }

  /** Ours beside those that the application described itself. Where both describe one, ours says where it is, theirs what it is. */
  mergedInto(written: SecuritySchemes): SecuritySchemes {
    const ours = Object.assign({}, ...[...this.used].map(entriesOf)) as Record<string, SecurityDescription>;
    const merged = Object.entries(ours).map(([name, description]) => {
      const theirs = written[name];
      if (theirs === undefined || '$ref' in theirs) return [name, description];
      if (this.guessed.has(name)) return [name, theirs];
      return [name, { ...description, description: theirs.description ?? description.description }];
    });
    return { ...written, ...Object.fromEntries(merged) };
  }
}

/** How security schemes are named. */
interface Naming {
  readonly configuration?: string | undefined;
  readonly names?: Readonly<Record<string, string>>;
}

/**
 * Checks what security schemes are renamed to.
 * @throws {AuthConfigurationError} for a name that no scheme has, one that OpenAPI does not accept, and one that two would share
 */
export function assertNames(names: Readonly<Record<string, string>>, known: readonly string[]): void {
  const final = [...new Set(known)].map((name) => names[name] ?? name);
  const problems = Object.entries(names).flatMap(([name, to]) => {
    const given = `schemeNames.${name}`;
    if (!known.includes(name))
      return [`${given} names no security scheme; there are ${[...new Set(known)].join(', ')}`];
    if (!/^[\w.-]+$/.test(to))
      return [`${given} is ${JSON.stringify(to)}; accepted are letters, digits, '.', '_' and '-'`];
    return final.filter((each) => each === to).length > 1
      ? [`${given} is '${to}', the name of another security scheme`]
      : [];
  });
  if (problems.length > 0) throw new AuthConfigurationError(problems);
}

/** Two configurations may both have a `bearer`, and a user signs in to each. */
function prefixed(description: SchemeDescription, configuration: string | undefined): SchemeDescription {
  return configuration === undefined ? description : renamed(description, (name) => `${configuration}-${name}`);
}

function renamed(
  description: SchemeDescription,
  nameOf: (name: string, entry: SecurityDescription) => string,
): SchemeDescription {
  const rename = (entries: Readonly<Record<string, SecurityDescription>>) =>
    Object.fromEntries(Object.entries(entries).map(([name, entry]) => [nameOf(name, entry), entry]));
  const { always, unsafe } = description;
  return { ...description, always: rename(always), unsafe: unsafe === undefined ? undefined : rename(unsafe) };
}

function entriesOf({ always, unsafe }: SchemeDescription): Readonly<Record<string, SecurityDescription>> {
  return { ...always, ...unsafe };
}

/** A scheme finds its credential by a function, which says nothing about where: the document must not pretend to know. */
function guess({ name, challenge }: Scheme): SchemeDescription {
  // The built-in one lacks a description only if `header.extractor` stands in for its header.
  const isExtracted = name === 'bearer';
  const description = isExtracted
    ? "`header.extractor` does not say where it looks: describe it in the option `header.openapi`, or as 'bearer' with " +
      '`DocumentBuilder.addSecurity()`.'
    : `The scheme '${name}' does not say where it looks: give it an \`openapi\` member.`;
  const shown: SecurityDescription =
    challenge === undefined || isExtracted
      ? { type: 'apiKey', in: 'header', name, description }
      : { type: 'http', scheme: challenge.toLowerCase(), description };
  return { always: { [name.replaceAll(/[^\w.-]/g, '_')]: shown } };
}
