// Headers that are a plain object or a `Headers` of the Fetch standard, read as lines: what adapters for serverless platforms, stand-in
// requests and unit tests have in place of Node's `rawHeaders`.

/** A `Headers` of the Fetch standard, or whatever else lists its entries. */
interface FetchHeaders {
  entries(): Iterable<readonly [unknown, unknown]>;
}

/** Every line of a header. Names compare without case; a list, and two credentials joined with a comma, are several lines. */
export function linesIn(headers: object, name: string): readonly string[] {
  return entriesOf(headers).flatMap(([each, value]) => (each === name ? [value] : []));
}

/** Every line with its name in lower case. What is neither a text nor a number is not a header line. */
export function entriesOf(headers: object): readonly (readonly [name: string, value: string])[] {
  return listed(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((each) => typeof each === 'string' || typeof each === 'number')
      .flatMap((each) => split(String(name).toLowerCase(), String(each))),
  );
}

function listed(headers: object): readonly (readonly [unknown, unknown])[] {
  // An array has such a method too, and no names.
  if (!Array.isArray(headers) && 'entries' in headers && typeof headers.entries === 'function')
    return [...(headers as FetchHeaders).entries()];
  return Object.entries(headers);
}

/** A comma, then a scheme name, spaces, and what follows them: a second credential. Parameters of Digest have no such space. */
const NEXT_CREDENTIAL = /,\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+ +[^\s,])/;

/**
 * Gateways join repeated lines with a comma. Authorization is the one header in which a second value must not be hidden (RFC 9110 §5.3).
 */
function split(name: string, value: string): readonly (readonly [string, string])[] {
  const values = name === 'authorization' ? value.split(NEXT_CREDENTIAL) : [value];
  return values.map((each) => [name, each] as const);
}
