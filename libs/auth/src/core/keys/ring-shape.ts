// What a ring of keys may hold, by name: a misspelt member would leave out a key, or keep one for good, without a word.
import { AuthConfigurationError } from '../base/errors.js';
import { group, judgedElsewhere, listOf, type Members, type Walked } from '../base/option-shape.js';
import { suggest } from '../base/did-you-mean.js';
import type { KeyRingInput, RetiredKeyInput } from './key-ring.js';
import type { KeyInput } from './keys.js';

/** The end of the year 9999 in seconds. What is later was meant as milliseconds, and would keep the key for good. */
const LATEST_SECONDS = 253_402_300_799;

const RING: { readonly [Name in keyof Required<KeyRingInput>]: Members[string] } = {
  current: judgedElsewhere,
  next: judgedElsewhere,
  retired: listOf(
    group({ key: judgedElsewhere, until } satisfies { readonly [Name in keyof Required<RetiredKeyInput>]: unknown }),
  ),
  compromised: listOf((value, path) =>
    typeof value === 'string' ? { problems: [], sound: value } : wrong(`${path} must be the id of a key, as text`),
  ),
};

const NAMES = Object.keys(RING);

/** True for a ring, also for one whose names are misspelt; a key has none that come near. */
export function isRing(input: KeyInput | KeyRingInput): input is KeyRingInput {
  if (typeof input !== 'object' || Object.getPrototypeOf(input) !== Object.prototype) return false;
  const names = Object.keys(input);
  const isKey = ['kty', 'key', 'secret', 'publicJwk'].some((name) => names.includes(name));
  return !isKey && names.some((name) => NAMES.includes(name) || suggest(name, NAMES) !== undefined);
}

/**
 * The ring without absent members.
 * @throws {AuthConfigurationError} with every name that is none, and everything that is no list, time or id
 */
export function soundRing(input: KeyRingInput): KeyRingInput {
  const { problems, sound } = group(RING)(input, 'keys');
  const missing = problems.length === 0 && (sound as Partial<KeyRingInput>).current === undefined;
  const found = missing ? ['keys.current is required: the key that signs'] : problems;
  if (found.length > 0) throw new AuthConfigurationError(found);
  return sound as KeyRingInput;
}

function until(value: unknown, path: string): Walked {
  if (typeof value === 'number' && Number.isFinite(value) && value <= LATEST_SECONDS)
    return { problems: [], sound: value };
  return wrong(`${path} is not a number of seconds since 1970 (milliseconds are divided by 1000)`);
}

function wrong(problem: string): Walked {
  return { problems: [problem], sound: undefined };
}
