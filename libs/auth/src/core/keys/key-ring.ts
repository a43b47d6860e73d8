// The keys of our own issuer, which change while the application runs: one signs, the next is already published, retired ones verify
// until the last token they signed has expired. A reload that would break this is refused.
import type { JWK } from 'jose';
import { type Algorithm, algorithms, isSymmetric, mixesSecretsAndPublicKeys } from './algorithms.js';
import type { Clock } from '../base/clock.js';
import { completeAll } from '../base/complete-all.js';
import { AuthConfigurationError } from '../base/errors.js';
import { generatePrivateJwk, importOwnKey, importRetiredKey } from './key-import.js';
import { isRing, type KeyRingInput, soundRing } from './ring-options.js';
import {
  type KeyInput,
  type KeyQuery,
  type KeySet,
  type PublishedKey,
  selectKey,
  type SigningKey,
  type VerificationKey,
} from './keys.js';

export type { KeyRingInput, RetiredKeyInput } from './ring-options.js';

/**
 * Where the keys of our own issuer come from: options, files, a vault.
 *
 * @example
 * ```ts
 * import { KeySource } from 'nestjs-latchkey/keys';
 *
 * export class VaultKeys extends KeySource {
 *   constructor(private readonly readPem: () => Promise<string>) {
 *     super();
 *   }
 *
 *   async load() {
 *     return { current: await this.readPem() };
 *   }
 * }
 * ```
 */
export abstract class KeySource {
  /** Returns the current keys. If it throws, the last good ring stays in force. */
  abstract load(): Promise<KeyRingInput>;

  /** Calls `changed` when the keys may have changed, until the function it returns is called. By default they never change. */
  watch(_changed: () => void): () => void {
    return () => {};
  }
}

class StaticKeySource extends KeySource {
  constructor(private readonly input: () => Promise<KeyRingInput>) {
    super();
  }

  override load(): Promise<KeyRingInput> {
    return this.input();
  }
}

/**
 * Keys that are given once: a ring, or the one key that signs.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { staticKeys } from 'nestjs-latchkey/keys';
 *
 * export const readKeys = () =>
 *   staticKeys({
 *     current: readFileSync('keys/2026.pem', 'utf8'),
 *     retired: [{ key: readFileSync('keys/2025.pem', 'utf8') }],
 *   });
 * ```
 */
export function staticKeys(input: KeyInput | KeyRingInput): KeySource {
  const ring = isRing(input) ? input : { current: input };
  return new StaticKeySource(() => Promise.resolve(ring));
}

/**
 * A key made on the spot, for development: every token ends with the process.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { ephemeralKeys } from 'nestjs-latchkey/keys';
 *
 * export const auth = AuthModule.forRoot({ keys: ephemeralKeys() });
 * ```
 */
export function ephemeralKeys(alg: Algorithm = 'ES256'): KeySource {
  const made = generatePrivateJwk(alg).then((current) => ({ current }));
  made.catch(() => {});
  return new StaticKeySource(() => made);
}

export interface KeyRingOptions {
  readonly source: KeySource;
  readonly clock: Clock;
  /** The algorithm of keys that do not say it. */
  readonly alg?: Algorithm | undefined;
  /** Life of the longest-lived token, tolerance included: for so long after its last signature a key has to verify. */
  readonly overlapSeconds: number;
  /** Called with what was wrong with a reload, and whether the new ring was used anyway. If not, the last good one stays. */
  readonly onProblem?: ((problem: unknown, takenOver: boolean) => void) | undefined;
  /** Called when the ring has changed: the key that signs now, and how many are in force. */
  readonly onChange?: ((kid: string, count: number) => void) | undefined;
}

/** A key in force, and until when. */
interface RingKey extends PublishedKey {
  readonly until: number;
}

interface Ring {
  readonly signing: SigningKey;
  readonly keys: readonly RingKey[];
  readonly compromised: readonly string[];
}

/** A key as an operator sees it: never any of its material. */
export interface DescribedKey {
  readonly kid: string;
  readonly algorithms: readonly Algorithm[];
  readonly state: 'current' | 'next' | 'retired';
  /** Epoch seconds from which its tokens are refused; `undefined` while that is open. */
  readonly until: number | undefined;
}

/** The keys of our own issuer: it signs with one and verifies with all that are in force. */
export class KeyRing implements KeySet {
  private readonly stop: () => void;
  private reloading: Promise<boolean> | undefined;
  /** When each key that signed here was last known to, in epoch seconds. */
  private readonly lastSigned = new Map<string, number>();

  private constructor(
    private readonly options: KeyRingOptions,
    private ring: Ring,
  ) {
    this.stop = options.source.watch(() => void this.reload());
  }

  /** @throws AuthConfigurationError with everything that is wrong with any of the keys */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    return new KeyRing(options, await readRing(await options.source.load(), options.alg));
  }

  /** The key that signs now. Ask again for every token. */
  get signingKey(): SigningKey {
    return this.ring.signing;
  }

  /** What the profiles of our own tokens may list: all algorithms of the ring's login. Which one counts is bound to each key. */
  get algorithms(): readonly Algorithm[] {
    const secret = isSymmetric(this.ring.signing.alg);
    return algorithms.filter((alg) => isSymmetric(alg) === secret);
  }

  /** @throws AuthError `unknown_key`, `algorithm_not_allowed` */
  find(query: KeyQuery): VerificationKey {
    const { known } = query;
    if (known !== undefined && this.isInForce(known)) return known;
    return selectKey(
      this.inForce().map(({ verification }) => verification),
      query,
    );
  }

  /** The public keys in force, the next one included. Secrets have none. */
  publicJwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.inForce().flatMap(({ publicJwk }) => publicJwk ?? []) };
  }

  /** What is in force: the key that signs, the next one, and those that only verify. */
  describe(): readonly DescribedKey[] {
    const signs = this.ring.signing.kid;
    return this.inForce().map((key) => {
      const isOpen = key.until === Number.POSITIVE_INFINITY;
      const state = idOf(key) === signs ? 'current' : isOpen ? 'next' : 'retired';
      const { algorithms } = key.verification;
      return { kid: idOf(key), algorithms, state, until: isOpen ? undefined : key.until };
    });
  }

  /**
   * Secrets for another purpose than signing, the one to use first: the same in every process that holds the ring. Empty if the
   * private keys are elsewhere.
   */
  secretsFor(purpose: string): readonly Uint8Array[] {
    return this.inForce().flatMap(({ derive }) => derive?.(purpose) ?? []);
  }

  /** Loads the current keys of the source. Resolves `false`, and changes nothing, if any of it is wrong. Concurrent calls share one. */
  async reload(): Promise<boolean> {
    this.reloading ??= this.applyReload().finally(() => (this.reloading = undefined));
    return this.reloading;
  }

  /** Stops following the source. */
  close(): void {
    this.stop();
  }

  private isInForce(key: VerificationKey): boolean {
    const found = this.ring.keys.find(({ verification }) => verification === key);
    if (found === undefined) return false;
    return found.until === Number.POSITIVE_INFINITY || this.options.clock.nowSeconds() < found.until;
  }

  private inForce(): readonly RingKey[] {
    const now = this.options.clock.nowSeconds();
    return this.ring.keys.filter(({ until }) => now < until);
  }

  /** What identifies a state of the ring: the key that signs, and the keys that it holds. */
  private names(): string {
    return JSON.stringify([this.ring.signing.kid, ...this.ring.keys.map(idOf).sort()]);
  }

  private async applyReload(): Promise<boolean> {
    const { source, alg, clock, onProblem } = this.options;
    try {
      const next = await readRing(await source.load(), alg);
      this.lastSigned.set(this.ring.signing.kid, clock.nowSeconds());
      this.assertStep(next);
      const before = this.names();
      this.ring = { ...next, keys: this.retainUsedKeys(next) };
      if (this.names() !== before) this.options.onChange?.(this.ring.signing.kid, this.inForce().length);
      return true;
    } catch (problem) {
      onProblem?.(problem, false);
      return false;
    }
  }

  private assertStep(next: Ring): void {
    const problems = next.keys
      .filter((key) => this.ring.keys.some((old) => idOf(old) === idOf(key) && !isSameKey(old, key)))
      .map((key) => `keys gives the id ${JSON.stringify(idOf(key))} to another key`);
    if (isSymmetric(next.signing.alg) !== isSymmetric(this.ring.signing.alg)) {
      problems.push('keys changes between secrets and key pairs, which needs a restart');
    }
    if (problems.length > 0) throw new AuthConfigurationError(problems);
  }

  /**
   * A key that signed here stays until the last of its tokens has ended, whatever the source says: a process that hears of a
   * rotation late has signed with the old key for longer than the source knows. Only a stolen key goes at once.
   */
  private retainUsedKeys(next: Ring): readonly RingKey[] {
    const keys = next.keys.map((key) => ({ ...key, until: Math.max(key.until, this.retainUntil(key)) }));
    const dropped = this.ring.keys
      .map((key) => ({ ...key, until: this.retainUntil(key) }))
      .filter((key) => this.options.clock.nowSeconds() < key.until && !next.compromised.includes(idOf(key)))
      .filter((key) => !keys.some((other) => idOf(other) === idOf(key)));
    if (dropped.length > 0) this.options.onProblem?.(new AuthConfigurationError(dropped.map(tooEarly)), true);
    return [...keys, ...dropped];
  }

  private retainUntil(key: PublishedKey): number {
    return (this.lastSigned.get(idOf(key)) ?? Number.NEGATIVE_INFINITY) + this.options.overlapSeconds;
  }
}

function tooEarly(key: PublishedKey): string {
  return `keys lets ${JSON.stringify(idOf(key))} go before the last token that it signed has ended; it is kept until then`;
}

function isSameKey(one: PublishedKey, other: PublishedKey): boolean {
  return JSON.stringify(one.publicJwk) === JSON.stringify(other.publicJwk);
}

async function readRing(given: KeyRingInput, alg: Algorithm | undefined): Promise<Ring> {
  const input = soundRing(given);
  const { current, next, retired = [], compromised = [] } = input;
  const [signing, following, ...former] = await completeAll([
    importOwnKey(current, { optionName: 'keys.current', alg, mustFit: true }),
    next === undefined ? undefined : importOwnKey(next, { optionName: 'keys.next', alg, mustFit: true }),
    ...retired.map(({ key }, index) => importRetiredKey(key, { optionName: `keys.retired[${index}]`, alg })),
  ] as const);
  const keys: RingKey[] = [signing, following]
    .flatMap((key) => key ?? [])
    .map((key) => ({ ...key, until: Number.POSITIVE_INFINITY }));
  former.forEach((key, index) => keys.push({ ...key, until: retired[index]?.until ?? Number.POSITIVE_INFINITY }));
  assertConsistent(keys, signing.signing.kid, compromised);
  return { signing: signing.signing, keys: keys.filter((key) => !compromised.includes(idOf(key))), compromised };
}

function assertConsistent(keys: readonly RingKey[], current: string, compromised: readonly string[]): void {
  const kids = keys.map(idOf);
  const twice = new Set(kids.filter((kid, index) => kids.indexOf(kid) !== index));
  const problems = [...twice].map((kid) => `keys holds two keys with the id ${JSON.stringify(kid)}`);
  if (mixesSecretsAndPublicKeys(keys.flatMap(({ verification }) => verification.algorithms))) {
    problems.push('keys mixes secrets and key pairs');
  }
  if (keys.some(({ until }) => Number.isNaN(until) || typeof until !== 'number')) {
    problems.push('keys.retired has an "until" that is not a number of seconds since 1970');
  }
  if (compromised.includes(current))
    problems.push(`keys.current (kid ${JSON.stringify(current)}) is listed as compromised`);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
}

function idOf({ verification }: PublishedKey): string {
  return String(verification.kid);
}
