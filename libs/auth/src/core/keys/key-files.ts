// Signing keys in a directory: a source that follows them, and the steps that a command takes. How the directory is laid out is
// for key-directory.ts.
import { unwatchFile, watchFile } from 'node:fs';
import type { Algorithm } from './algorithms.js';
import { type Clock, SystemClock } from '../base/clock.js';
import { AuthConfigurationError } from '../base/errors.js';
import { KeyDirectory, type RetiredFile, type RingFile } from './key-directory.js';
import { importRetiredKey } from './key-import.js';
import { type KeyRingInput, KeySource } from './key-ring.js';

/** Seconds for which a key is published before it signs: at least as long as others keep our key set. */
const PUBLISH_SECONDS = 600;

/** Seconds for which a process that follows the directory may still sign with a key after it was retired. */
const LATE_SECONDS = 60;

/** How a directory of keys is followed. */
export interface KeysFromDirectoryOptions {
  /** Makes the directory and its first keys if there are none. Of many processes exactly one does. @defaultValue false */
  readonly createIfMissing?: boolean;
  /** Algorithm of keys made here. @defaultValue 'ES256' */
  readonly alg?: Algorithm;
  /** How often the directory is looked at. @defaultValue 5 */
  readonly pollSeconds?: number;
  readonly clock?: Clock;
}

/**
 * Signing keys from a directory, as `npx latchkey keys` makes it. A rotation there is followed without a restart.
 *
 * @example
 * ```ts
 * import { keysFromDirectory } from 'nestjs-latchkey/keys';
 *
 * const keys = keysFromDirectory('.data/keys', { createIfMissing: true });
 * ```
 */
export function keysFromDirectory(path: string, options: KeysFromDirectoryOptions = {}): KeySource {
  return new DirectoryKeySource(new KeyDirectory(path), options);
}

class DirectoryKeySource extends KeySource {
  constructor(
    private readonly directory: KeyDirectory,
    private readonly options: KeysFromDirectoryOptions,
  ) {
    super();
  }

  override async load(): Promise<KeyRingInput> {
    const { createIfMissing = false, alg = 'ES256', clock = new SystemClock() } = this.options;
    if (createIfMissing && (await this.directory.isEmpty())) await this.directory.create(alg, clock.nowSeconds());
    return this.directory.readKeys();
  }

  /** When its keys were made. */
  times(): Promise<ReadonlyMap<string, number>> {
    return this.directory.times();
  }

  /** Looks at times and sizes, which works on every file system, and never keeps the process running. */
  override watch(changed: () => void): () => void {
    const { ringPath } = this.directory;
    watchFile(ringPath, { interval: (this.options.pollSeconds ?? 5) * 1000, persistent: false }, changed);
    return () => unwatchFile(ringPath, changed);
  }
}

/**
 * When each key of a source was made, in epoch seconds by its id, if the source is a directory: the time of its file, which is written once.
 * A copy of the directory may have other times.
 */
export async function keyTimes(source: unknown): Promise<ReadonlyMap<string, number>> {
  return source instanceof DirectoryKeySource ? source.times() : new Map();
}

/** A key as an operator sees it. */
export interface KeyFile {
  readonly file: string;
  readonly kid: string;
  readonly alg: Algorithm;
  readonly state: 'current' | 'next' | 'retired';
  /** Epoch seconds from which tokens of a retired key are refused. */
  readonly until: number | undefined;
}

/**
 * Makes a directory with its first keys: the current one, and the next, which is published from the start.
 *
 * @throws AuthConfigurationError if there are keys already; nothing is ever overwritten
 */
export async function generateKeyFile(
  path: string,
  { alg = 'ES256', clock = new SystemClock() }: { readonly alg?: Algorithm; readonly clock?: Clock } = {},
): Promise<readonly KeyFile[]> {
  const created = await new KeyDirectory(path).create(alg, clock.nowSeconds());
  if (!created) throw new AuthConfigurationError([`${path} holds keys already; rotate them instead`]);
  return listKeyFiles(path);
}

/** The keys of a directory: the current one, the next, the retired, the youngest first. */
export async function listKeyFiles(path: string): Promise<readonly KeyFile[]> {
  const directory = new KeyDirectory(path);
  const { current, next, retired } = await directory.readRing();
  const describe = async (file: string, state: KeyFile['state'], until?: number): Promise<KeyFile> => {
    const { verification } = await importRetiredKey(await directory.readKey(file), { optionName: file });
    return { file, kid: String(verification.kid), alg: verification.algorithms[0] ?? 'ES256', state, until };
  };
  return Promise.all([
    describe(current, 'current'),
    ...(next === undefined ? [] : [describe(next, 'next')]),
    ...retired.map(({ file, until }) => describe(file, 'retired', until)),
  ]);
}

export interface RotateOptions {
  /** Life of the longest-lived token, tolerance included: for so long the key that stops signing goes on verifying. */
  readonly overlapSeconds: number;
  /** Algorithm of the new key. @defaultValue that of the current one */
  readonly alg?: Algorithm;
  /** The current key was stolen: it goes at once, and its tokens with it. @defaultValue false */
  readonly stolen?: boolean;
  readonly clock?: Clock;
}

/**
 * Takes one step: the next key signs from now on, the current one retires, a new next one is published, and retired ones whose
 * tokens have ended are deleted. If there is no next key yet, one is published and nothing else. One process at a time.
 *
 * @throws AuthConfigurationError if the next key was published too recently: other services may not know it yet
 */
export async function rotateKeyFiles(path: string, options: RotateOptions): Promise<readonly KeyFile[]> {
  const { overlapSeconds, stolen = false, clock = new SystemClock() } = options;
  const directory = new KeyDirectory(path);
  await directory.exclusively(async () => {
    const now = clock.nowSeconds();
    const ring = await directory.readRing();
    const [current] = await listKeyFiles(path);
    if (!stolen) assertPublished(ring, now);
    const added = await directory.addKey(options.alg ?? current?.alg ?? 'ES256');
    const retires = { file: ring.current, until: now + overlapSeconds + LATE_SECONDS };
    await directory.replaceRing(
      ring,
      nextRing(ring, { added, now, ...(stolen ? { stolen: current?.kid } : { retires }) }),
    );
  });
  return listKeyFiles(path);
}

function assertPublished({ next, nextSince = 0 }: RingFile, now: number): void {
  const wait = nextSince + PUBLISH_SECONDS - now;
  if (next === undefined || wait <= 0) return;
  throw new AuthConfigurationError([`the next key is too new: others may not know it yet; rotate in ${wait} seconds`]);
}

/** What one step makes of a ring. */
interface Step {
  readonly added: string;
  readonly now: number;
  readonly retires?: RetiredFile;
  readonly stolen?: string | undefined;
}

function nextRing(ring: RingFile, { added, now, retires, stolen }: Step): RingFile {
  if (ring.next === undefined && retires !== undefined) return { ...ring, next: added, nextSince: now };
  const inForce = ring.retired.filter(({ until }) => now < until);
  return {
    current: ring.next ?? added,
    ...(ring.next !== undefined && { next: added, nextSince: now }),
    retired: retires === undefined ? inForce : [retires, ...inForce],
    compromised: stolen === undefined ? ring.compromised : [...(ring.compromised ?? []), stolen],
  };
}
