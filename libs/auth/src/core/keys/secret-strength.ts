// What may be a secret, for every secret of the library: an attacker who guesses one can sign tokens. Secrets must be random: samples
// from documentation, repetitions, common words and published keys are refused.
import { SAMPLE_SECRETS } from './sample-secrets.js';
import { isKeyText } from './key-recognition.js';

/** Fewer are guessed offline, from one token. The estimate is generous, so that no random secret falls below. */
const SMALLEST_BITS = 56;

const ADVICE = 'make one with: openssl rand -base64 48';

/**
 * What is wrong with a secret, as the end of a sentence that holds nothing of it; `undefined` for a good one.
 *
 * @param needs the fewest bytes that the purpose allows, and the purpose in words; text counts as its UTF-8 bytes
 */
export function secretProblem(
  secret: string | Uint8Array,
  needs: { readonly bytes: number; readonly purpose: string },
): string | undefined {
  const bytes = Buffer.from(secret);
  if (bytes.length < needs.bytes) return `has ${bytes.length} bytes; ${needs.purpose} needs at least ${needs.bytes}`;
  if (new Set(bytes.toString('latin1').trim()).size < 2) return 'is empty, whitespace, or one repeated character';
  const readings = readingsOf(bytes);
  // A verifier that takes the published key for a secret is the classic confusion (CVE-2015-9235).
  if (readings.some(isKeyText)) return `is itself a key or a token, not a secret; ${ADVICE}`;
  const texts = readings.map((reading) => reading.toString('latin1'));
  if (texts.some(isSample)) return `is a sample from public documentation; ${ADVICE}`;
  if (readings.some((reading) => guessableBits(reading) < SMALLEST_BITS))
    return `is too easy to guess: it repeats itself, or is made of common words; ${ADVICE}`;
  return undefined;
}

/** Strings of digits are too often the hex of some text by chance. */
const HEX = /^(?!\d+$)(?:[0-9a-f]{2})+$/i;
const BASE64 = /^[\w+/-]+={0,2}$/;
const PRINTABLE = /^[\s\x20-\x7e]+$/;
const DEEPEST = 3;

/** The secret, and what it says where it is an encoding of text or of a key: `changeme` in base64 is still `changeme`. */
function readingsOf(bytes: Buffer, depth = 0): readonly Buffer[] {
  const text = bytes.toString('latin1').replaceAll(/\s/g, '');
  if (depth === DEEPEST) return [bytes];
  const decoded = [
    ...(HEX.test(text) ? [Buffer.from(text, 'hex')] : []),
    ...(BASE64.test(text) ? [Buffer.from(text, 'base64')] : []),
  ];
  // Random bytes are not text: of these only a key is of interest, and that has a size of its own.
  const telling = decoded.filter((each) => PRINTABLE.test(each.toString('latin1')) || isKeyText(each));
  return [bytes, ...telling.flatMap((each) => readingsOf(each, depth + 1))];
}

function isSample(text: string): boolean {
  return (
    SAMPLE_SECRETS.has(plain(text)) || SAMPLE_SECRETS.has(plain(Buffer.from(text, 'latin1').toString('base64url')))
  );
}

/** Letters and digits alone, without case: samples are copied with other separators. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** A generous estimate: of one repetition, without common words and rows of neighbours. */
function guessableBits(bytes: Buffer): number {
  const text = withoutRows(withoutWords(onceOnly(bytes.toString('latin1').trim())));
  return text.length * entropyPerCharacter(text);
}

/** The smallest part whose repetition the whole is. */
function onceOnly(text: string): string {
  const period = `${text}${text}`.indexOf(text, 1);
  return period > 0 ? text.slice(0, period) : text;
}

/** Found in secrets of tutorials. Long ones anywhere; short ones only if they stand alone, as random text may hold them. */
const LONG_WORDS =
  /changeme|change|secret|password|passphrase|passwort|please|default|example|sample|development|production|token|string|bytes|characters?|random|private|public|super|secure|security|signing|session|cookie|nestjs|express|latchkey|application|server|keyboard|qwertyuiop|qwerty|asdfghjkl|asdf|zxcvbnm|letmein|welcome|admin|testing|replace|insert|value|least|minimum|longer|enough|really|should|never|strong|somewhere|something|placeholder|lorem|ipsum|dolor/gi;
const SHORT_WORDS =
  /(?<![a-z0-9])(?:a|an|and|any|at|are|as|be|bit|bits|by|cat|csrf|day|days|dev|do|dont|env|file|foo|bar|baz|for|from|hash|have|here|hmac|hs256|hs512|i|id|in|is|it|jwt|key|keys|key\d*|long|me|min|more|must|my|new|not|of|old|on|one|only|or|our|prod|safe|some|that|the|this|to|use|used|user|very|we|with|you|your|yours|auth|app|api|test|tests|text|word|words|ultra|than|will)(?![a-z0-9])/gi;

function withoutWords(text: string): string {
  return text
    .replaceAll(LONG_WORDS, ' ')
    .replaceAll(SHORT_WORDS, ' ')
    .replaceAll(/[\s\p{P}]{2,}/gu, ' ');
}

const SHORTEST_ROW = 4;

/** `abcdef`, `98765`, `aaaa`: a row of neighbours counts as one character. Shorter ones come by chance. */
function withoutRows(text: string): string {
  let kept = '';
  for (let start = 0; start < text.length;) {
    const length = rowLength(text, start);
    kept += text.slice(start, length < SHORTEST_ROW ? start + length : start + 1);
    start += length;
  }
  return kept;
}

function rowLength(text: string, start: number): number {
  const step = stepAfter(text, start);
  if (Number.isNaN(step) || Math.abs(step) > 1) return 1;
  let end = start + 1;
  while (stepAfter(text, end) === step) end += 1;
  return end - start < SHORTEST_ROW - 1 ? 1 : end - start + 1;
}

function stepAfter(text: string, index: number): number {
  return text.charCodeAt(index + 1) - text.charCodeAt(index);
}

/** Shannon's, of the characters that are there. */
function entropyPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / text.length);
  return shares.reduce((sum, share) => sum - share * Math.log2(share), 0);
}
