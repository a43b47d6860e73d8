// Reads TypeScript as far as small edits need it: where code is, and not text or a comment, which bracket closes which, and what stands
// between them. What is not understood is `undefined`, and then nothing is edited.

/** The text with comments, and what is inside of quotes, as spaces: positions stay what they are. */
export function codeOnly(text: string): string {
  // Regular expressions are not told from divisions: one with a quote or bracket in it leaves brackets that do not match.
  const hidden = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replace(hidden, (found) => {
    const isText = /^['"`]/.test(found);
    const blank = found.replace(/[^\n]/g, ' ');
    return isText ? `${found[0]}${blank.slice(1, -1)}${found.at(-1)}` : blank;
  });
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The position of the bracket that closes the one at `open`; `undefined` if the brackets do not match. */
export function closingOf(code: string, open: number): number | undefined {
  const expected: string[] = [];
  for (let at = open; at < code.length; at += 1) {
    const character = code[at] ?? '';
    const closing = CLOSING[character];
    if (closing !== undefined) expected.push(closing);
    else if (')]}'.includes(character) && expected.pop() !== character) return undefined;
    if (expected.length === 0) return at;
  }
  return undefined;
}

/** A part of a text: from its first position to the one after its last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What stands between the commas inside of the brackets at `open`, without empty parts; `undefined` if they do not match. */
export function partsIn(code: string, open: number): readonly Span[] | undefined {
  const close = closingOf(code, open);
  if (close === undefined) return undefined;
  const ends: number[] = [];
  for (let at = open + 1; at < close; at += 1) {
    if (code[at] === ',') ends.push(at);
    else if (CLOSING[code[at] ?? ''] !== undefined) at = closingOf(code, at) ?? close;
  }
  const starts = [open, ...ends].map((end) => end + 1);
  const spans = starts.map((from, index) => ({ from, to: ends[index] ?? close }));
  return spans.map((span) => trimmed(code, span)).filter(({ from, to }) => from < to);
}

function trimmed(code: string, { from, to }: Span): Span {
  const part = code.slice(from, to);
  return { from: from + part.length - part.trimStart().length, to: from + part.trimEnd().length };
}

/** A member of an object literal. */
export interface Member {
  readonly name: string;
  /** Where its value is. */
  readonly value: Span;
}

/** The members of the object literal at `open`; `undefined` if one of them is neither `name: value` nor `name`. */
export function membersOf(code: string, open: number): readonly Member[] | undefined {
  if (code[open] !== '{') return undefined;
  const members = partsIn(code, open)?.map((span) => {
    const [head, name] = /^(\w+)\s*:\s*/.exec(code.slice(span.from, span.to)) ?? [];
    if (head !== undefined && name !== undefined)
      return { name, value: { from: span.from + head.length, to: span.to } };
    const short = code.slice(span.from, span.to);
    return /^\w+$/.test(short) ? { name: short, value: span } : undefined;
  });
  return members?.some((member) => member === undefined) === true ? undefined : (members as Member[] | undefined);
}

/** Text with something put in at a position. */
export function insertedAt(text: string, at: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at);
}

/** The text with one more element in a list, written as its other elements are; `undefined` if the span is not one list literal. */
export function appendedToList(text: string, { from: open, to }: Span, element: string): string | undefined {
  const code = codeOnly(text);
  const parts = partsIn(code, open);
  const close = closingOf(code, open);
  if (code[open] !== '[' || parts === undefined || close !== to - 1) return undefined;
  const last = parts.at(-1);
  if (last === undefined) return text.slice(0, open + 1) + element + text.slice(close);
  const isOnOneLine = !text.slice(open, close).includes('\n');
  const indent = isOnOneLine ? ' ' : `\n${indentAt(text, last.from)}`;
  const comma = code.slice(last.to, close).includes(',') ? ',' : '';
  return (
    text.slice(0, last.to) +
    `,${indent}${element}` +
    (isOnOneLine ? '' : comma) +
    text.slice(afterComma(code, last.to, close))
  );
}

function afterComma(code: string, from: number, close: number): number {
  const comma = code.slice(from, close).indexOf(',');
  return comma === -1 ? from : from + comma + 1;
}

/** The whitespace that a line begins with. */
export function indentAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}

/** The text with one more import after the others. */
export function withImport(text: string, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const code = codeOnly(text);
  let end: number | undefined;
  for (const { index, 0: found } of text.matchAll(/^import\s[^'"]*['"][^'"\n]*['"][^\n]*$/gm))
    if (code.startsWith('import', index)) end = index + found.trimEnd().length;
  return end === undefined ? `${line}${newline}${newline}${text}` : insertedAt(text, end, `${newline}${line}`);
}
