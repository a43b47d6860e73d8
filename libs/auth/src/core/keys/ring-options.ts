// The options of a key ring. Unknown names are refused: a misspelled one could silently drop a key, or keep one forever.
import { suggest } from '../base/did-you-mean.js';
import { AuthConfigurationError } from '../base/errors.js';
import { group } from '../base/option-group.js';
import { listOf, value } from '../base/option-kinds.js';
import { optionOf } from '../base/option.js';
import type { KeyInput } from './keys.js';

/** A key that no longer signs. */
export interface RetiredKeyInput {
  /** The private key as it was, its public half, or the secret. */
  readonly key: KeyInput;
  /** Epoch seconds from which its tokens are refused. Without it the key verifies for as long as it is listed. */
  readonly until?: number | undefined;
}

/** The keys of a ring, as a source hands them over. */
export interface KeyRingInput {
  /** Signs. */
  readonly current: KeyInput;
  /** Signs nothing yet, but is published, so that every verifier knows it before the first token. */
  readonly next?: KeyInput | undefined;
  readonly retired?: readonly RetiredKeyInput[] | undefined;
  /** Ids of stolen keys: they are removed at once, and their tokens are refused. */
  readonly compromised?: readonly string[] | undefined;
}

/** The end of the year 9999 in seconds. A later value was meant as milliseconds, and would keep the key forever. */
const LATEST_SECONDS = 253_402_300_799;

/** A key is checked when it is imported, without showing it. */
const KEY = {
  accepts: 'a private key as JWK, PEM or KeyObject, or a secret',
  holds: (given: unknown) => typeof given === 'string' || typeof given === 'object',
  refused: 7,
  shows: 'kind',
} as const;

const until = optionOf<number, number | undefined>(
  { otherwise: 'as long as it is listed', summary: 'epoch seconds from which its tokens are refused' },
  {
    accepts: 'a number of seconds since 1970',
    refused: 'tomorrow',
    read: (given, { path }) =>
      typeof given === 'number' && Number.isFinite(given) && given <= LATEST_SECONDS
        ? { problems: [], value: given }
        : {
            problems: [`${path} is not a number of seconds since 1970 (milliseconds are divided by 1000)`],
            value: undefined,
          },
  },
);

export const keyRing = group<KeyRingInput>()({
  summary: 'a ring of keys, as `keys` or a key source gives it',
  options: {
    current: value<KeyInput>({ ...KEY, required: 'the key that signs', summary: 'signs' }),
    next: value<KeyInput>({
      ...KEY,
      otherwise: 'none',
      summary: 'signs nothing yet, but is published, so that every verifier knows it before the first token',
    }),
    retired: listOf(
      group<RetiredKeyInput>()({
        summary: 'a key that no longer signs',
        options: {
          key: value<KeyInput>({
            ...KEY,
            required: 'the key as it was, its public half, or the secret',
            summary: 'the private key as it was, its public half, or the secret',
          }),
          until,
        },
      }),
      {
        accepts: 'a list of keys, each as { key, until }',
        otherwise: 'none',
        summary: 'keys that no longer sign; their tokens are still accepted',
      },
    ),
    compromised: listOf(
      value<string>({
        accepts: 'the id of a key, as text',
        holds: (given: unknown) => typeof given === 'string',
        shows: 'nothing',
        refused: 7,
        required: 'the id of a key',
        summary: 'the id of a key',
      }),
      {
        accepts: 'a list of ids',
        otherwise: 'none',
        summary: 'ids of stolen keys: they are removed at once, and their tokens are refused',
      },
    ),
  },
});

const NAMES = Object.keys(keyRing.members ?? {});

/** True for a ring, also for one whose names are misspelled; a key has none that come near. */
export function isRing(input: KeyInput | KeyRingInput): input is KeyRingInput {
  if (typeof input !== 'object' || Object.getPrototypeOf(input) !== Object.prototype) return false;
  const names = Object.keys(input);
  const isKey = ['kty', 'key', 'secret', 'publicJwk'].some((name) => names.includes(name));
  return !isKey && names.some((name) => NAMES.includes(name) || suggest(name, NAMES) !== undefined);
}

/**
 * The ring without absent members.
 * @throws {AuthConfigurationError} with every unknown name, and everything that is not a list, time or id
 */
export function soundRing(input: KeyRingInput): KeyRingInput {
  const { problems, value } = keyRing.read(input, { path: 'keys', production: false });
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return value;
}
