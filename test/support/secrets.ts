// Records every secret that a test saw or created, and searches for them in places that must not hold any.

/** Shorter parts are found by chance. */
const SHORTEST = 12;

/** A secret that was found in such a place. */
export interface Leak {
  /** The origin of the secret. */
  readonly secret: string;
  readonly place: string;
  /** The text around it. */
  readonly around: string;
}

export class Secrets {
  private readonly known = new Map<string, string>();

  /** A generated string that occurs nowhere else. */
  make(kind: string): string {
    const text = `MARK-${kind}-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
    this.add(kind, text);
    return text;
  }

  /** A string, and the parts of it that are secret too: halves of a token, of a signed cookie, of a header. */
  add(kind: string, text: string | undefined): void {
    if (text === undefined || text.length < SHORTEST) return;
    const decoded = decodedUri(text);
    for (const part of [text, decoded, ...decoded.split(/[.\s:;=&]/)]) {
      if (part.length >= SHORTEST) this.known.set(part, kind);
    }
  }

  get count(): number {
    return this.known.size;
  }

  /** Every secret in a string. */
  leaksIn(place: string, text: string): readonly Leak[] {
    return [...this.known].flatMap(([secret, kind]) => {
      const at = text.indexOf(secret);
      return at < 0 ? [] : [{ secret: kind, place, around: text.slice(Math.max(0, at - 60), at + 20) }];
    });
  }
}

/** Any value as a string in which a secret would be found: errors with their stack and cause, maps, hidden members. */
export function wholeText(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value)) return '';
  seen.add(value);
  if (value instanceof Map)
    return [...value].map(([key, each]) => `${wholeText(key, seen)} ${wholeText(each, seen)}`).join('\n');
  const own = Reflect.ownKeys(value).map((name) => {
    const described = Object.getOwnPropertyDescriptor(value, name);
    return `${String(name)} ${wholeText(described?.value, seen)}`;
  });
  return own.join('\n');
}

function decodedUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
