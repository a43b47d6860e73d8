// Owns which security schemes stand in the document: those that some operation asks for, as the schemes describe themselves.
import type { OpenAPIObject } from '@nestjs/swagger';
import type { SchemeDescription, SecurityDescription } from '../core/scheme-description.js';
import type { Scheme } from '../core/schemes.js';
import type { Requirement } from './marks.js';

type SecuritySchemes = NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>;

/** How every scheme of the application is shown. */
export class SchemeDescriptions {
  private readonly used = new Set<SchemeDescription>();
  private readonly byName: ReadonlyMap<string, SchemeDescription>;
  private readonly guessed: ReadonlySet<string>;

  /** @param configuration the name of the configuration, which stands before the names of its security schemes */
  constructor(
    schemes: Iterable<Scheme>,
    builtIn: Readonly<Record<string, SchemeDescription | undefined>>,
    configuration?: string,
  ) {
    const all = [...schemes].map((scheme) => {
      const known = scheme.openapi ?? builtIn[scheme.name];
      return { name: scheme.name, known, shown: prefixed(known ?? guess(scheme), configuration) };
    });
    this.byName = new Map(all.map(({ name, shown }) => [name, shown]));
    this.guessed = new Set(all.flatMap(({ known, shown }) => (known === undefined ? Object.keys(shown.always) : [])));
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
    const ours = new Set([...this.byName.values()].flatMap((each) => Object.keys(entriesOf(each))));
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

/** Two configurations may both have a `bearer`, and a person signs in to each. */
function prefixed(description: SchemeDescription, configuration: string | undefined): SchemeDescription {
  if (configuration === undefined) return description;
  const rename = (entries: Readonly<Record<string, SecurityDescription>>) =>
    Object.fromEntries(Object.entries(entries).map(([name, entry]) => [`${configuration}-${name}`, entry]));
  const { always, unsafe } = description;
  return { ...description, always: rename(always), unsafe: unsafe === undefined ? undefined : rename(unsafe) };
}

function entriesOf({ always, unsafe }: SchemeDescription): Readonly<Record<string, SecurityDescription>> {
  return { ...always, ...unsafe };
}

/** A scheme finds its credential by a function, which says nothing about where: the document must not pretend to know. */
function guess({ name, challenge }: Scheme): SchemeDescription {
  // The built-in one lacks a description only where `header.extractor` stands in for its header.
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
