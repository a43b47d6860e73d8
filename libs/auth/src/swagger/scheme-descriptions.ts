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

  constructor(schemes: Iterable<Scheme>, builtIn: Readonly<Record<string, SchemeDescription | undefined>>) {
    const all = [...schemes].map((scheme) => ({ scheme, known: scheme.openapi ?? builtIn[scheme.name] }));
    this.byName = new Map(all.map(({ scheme, known }) => [scheme.name, known ?? guess(scheme)]));
    this.guessed = new Set(
      all.flatMap(({ scheme, known }) => (known === undefined ? Object.keys(guess(scheme).always) : [])),
    );
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

function entriesOf({ always, unsafe }: SchemeDescription): Readonly<Record<string, SecurityDescription>> {
  return { ...always, ...unsafe };
}

/** A scheme finds its credential by a function, which says nothing about where: the document must not pretend to know. */
function guess({ name, challenge }: Scheme): SchemeDescription {
  const description = `The scheme '${name}' does not say where it looks: give it an \`openapi\` member.`;
  const shown: SecurityDescription =
    challenge === undefined
      ? { type: 'apiKey', in: 'header', name, description }
      : { type: 'http', scheme: challenge.toLowerCase(), description };
  return { always: { [name.replaceAll(/[^\w.-]/g, '_')]: shown } };
}
