// The layout of a key directory: one private key per file, and ring.json, which states the purpose of each. Many processes may start
// on an empty directory at once, and a command may rotate under them: each step becomes visible by one atomic link or rename, and
// a crash leaves no partially written file in use.
import { randomUUID } from 'node:crypto';
import { promises } from 'node:fs';
import { basename, join } from 'node:path';
import type { Algorithm } from './algorithms.js';
import { AuthConfigurationError } from '../base/errors.js';
import { parseStrictJsonObject } from '../base/json.js';
import { generatePrivateJwk } from './key-import.js';
import type { KeyRingInput } from './key-ring.js';
import type { Json } from '../base/principal.js';

const { link, mkdir, open, readdir, readFile, rename, rm, stat } = promises;

/** A key that no longer signs, and the time in epoch seconds from which its tokens are refused. */
export interface RetiredFile {
  readonly file: string;
  readonly until: number;
}

/** What ring.json holds. Keys are named by their files. */
export interface RingFile {
  readonly current: string;
  readonly next?: string | undefined;
  /** Epoch seconds at which the next key was first published. */
  readonly nextSince?: number | undefined;
  readonly retired: readonly RetiredFile[];
  /** Ids of keys that were stolen. */
  readonly compromised?: readonly string[] | undefined;
}

export class KeyDirectory {
  constructor(readonly path: string) {}

  get ringPath(): string {
    return join(this.path, 'ring.json');
  }

  /** True if no ring was ever made. */
  async isEmpty(): Promise<boolean> {
    return (await readFile(this.ringPath, 'utf8').catch(undefinedIfAbsent)) === undefined;
  }

  /** Makes the first keys. If several processes try, exactly one gets `true`, and all use the keys of that one. */
  async create(alg: Algorithm, now: number): Promise<boolean> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const [current, next] = await Promise.all([this.addKey(alg), this.addKey(alg)]);
    const draft = await this.write(`.${randomUUID()}`, toText({ current, next, nextSince: now, retired: [] }));
    // A link, unlike a rename, fails if the name is taken.
    const won = await link(draft, this.ringPath).then(() => true, falseIfTaken);
    await Promise.all([draft, ...(won ? [] : [current, next])].map((file) => this.remove(basename(file))));
    return won;
  }

  /** The keys as a ring takes them. */
  async readKeys(attempts = 3): Promise<KeyRingInput> {
    const { current, next, retired, compromised } = await this.readRing();
    try {
      return {
        current: await this.readKey(current),
        next: next === undefined ? undefined : await this.readKey(next),
        retired: await Promise.all(retired.map(async ({ file, until }) => ({ key: await this.readKey(file), until }))),
        compromised,
      };
    } catch (error) {
      // A rotation may have deleted a file between the two reads; then the ring on disk is another one by now.
      if (attempts > 1 && hasCode(error, 'ENOENT')) return this.readKeys(attempts - 1);
      throw error;
    }
  }

  async readRing(): Promise<RingFile> {
    const text = await readFile(this.ringPath, 'utf8').catch(undefinedIfAbsent);
    if (text === undefined) throw new AuthConfigurationError([`${this.ringPath} is missing: there are no keys yet`]);
    try {
      return toRing(parseStrictJsonObject(text));
    } catch {
      throw new AuthConfigurationError([`${this.ringPath} does not name a current, a next and retired key files`]);
    }
  }

  readKey(file: string): Promise<string> {
    return readFile(join(this.path, file), 'utf8');
  }

  /** When the file of each key was written, in epoch seconds by the id of the key. */
  async times(): Promise<ReadonlyMap<string, number>> {
    const files = (await readdir(this.path)).filter((file) => file.endsWith('.json') && file !== 'ring.json');
    const written = files.map(async (file) => {
      const { mtimeMs } = await stat(join(this.path, file));
      return [basename(file, '.json'), Math.floor(mtimeMs / 1000)] as const;
    });
    return new Map(await Promise.all(written));
  }

  /** Writes a new key that nothing refers to yet. */
  async addKey(alg: Algorithm): Promise<string> {
    const jwk = await generatePrivateJwk(alg);
    const file = `${String(jwk.kid)}.json`;
    await this.write(file, `${JSON.stringify(jwk, null, 2)}\n`);
    return file;
  }

  /** Puts one ring in the place of another, and deletes the keys that only the former named. */
  async replaceRing(from: RingFile, to: RingFile): Promise<void> {
    await rename(await this.write(`.${randomUUID()}`, toText(to)), this.ringPath);
    const kept = filesOf(to);
    await Promise.all(
      filesOf(from)
        .filter((file) => !kept.includes(file))
        .map((file) => this.remove(file)),
    );
  }

  /** Runs work under a lock, so that no other process does it at the same time. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const lock = join(this.path, 'ring.lock');
    if (!(await this.write('ring.lock', '').then(() => true, falseIfTaken))) {
      const advice = `delete ${lock} if it was left behind by a process that died`;
      throw new AuthConfigurationError([`the keys in ${this.path} are being changed by another process; ${advice}`]);
    }
    try {
      return await work();
    } finally {
      await this.remove('ring.lock');
    }
  }

  /** Never overwrites. Only the owner may read it, from the first byte on. */
  private async write(file: string, text: string): Promise<string> {
    const path = join(this.path, file);
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return path;
  }

  private remove(file: string): Promise<void> {
    return rm(join(this.path, file), { force: true });
  }
}

function filesOf({ current, next, retired }: RingFile): readonly string[] {
  return [current, ...(next === undefined ? [] : [next]), ...retired.map(({ file }) => file)];
}

function toText(ring: RingFile): string {
  return `${JSON.stringify(ring, null, 2)}\n`;
}

function toRing(object: { readonly [name: string]: Json }): RingFile {
  const { current, next, nextSince, retired, compromised } = object;
  if (!Array.isArray(retired)) throw new TypeError('no list of retired keys');
  return {
    current: toFile(current),
    next: next === undefined ? undefined : toFile(next),
    nextSince: nextSince === undefined ? undefined : toTime(nextSince),
    retired: retired.map(({ file, until }) => ({ file: toFile(file), until: toTime(until) })),
    compromised: Array.isArray(compromised) ? compromised.map(String) : undefined,
  };
}

/** A name inside the directory: ring.json cannot point anywhere else. */
function toFile(name: unknown): string {
  if (typeof name === 'string' && /^[\w-][\w.-]{0,199}$/.test(name)) return name;
  throw new TypeError('no file name');
}

function toTime(time: unknown): number {
  if (typeof time === 'number') return time;
  throw new TypeError('no time');
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function undefinedIfAbsent(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) throw error;
}

function falseIfTaken(error: unknown): false {
  if (!hasCode(error, 'EEXIST')) throw error;
  return false;
}
