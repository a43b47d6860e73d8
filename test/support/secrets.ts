// Remembers every secret that a test saw or made up, and looks for them in places where none may be.

/** Shorter parts are found by chance. */
const SHORTEST = 12;

/** A secret that was found where none may be. */
export interface Leak {
  /** Where the secret came from. */
  readonly secret: string;
  readonly place: string;
  /** What stands around it. */
  readonly around: string;
}

export class Secrets {
  private readonly known = new Map<string, string>();

  /** A made-up text that stands nowhere else. */
  make(kind: string): string {
    const text = `MARK-${kind}-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
    this.add(kind, text);
    return text;
  }

  /** A text, and the parts of it that would be as bad: halves of a token, of a signed cookie, of a header. */
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

  /** Every secret in a text. */
  leaksIn(place: string, text: string): readonly Leak[] {
    return [...this.known].flatMap(([secret, kind]) => {
      const at = text.indexOf(secret);
      return at < 0 ? [] : [{ secret: kind, place, around: text.slice(Math.max(0, at - 60), at + 20) }];
    });
  }
}

/** Anything at all as a text in which a secret would be found: errors with their stack and cause, maps, hidden members. */
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
