// Hashes and verifies passwords. An attacker learns nothing from the time that it takes: every attempt does the same work, whether the user
// exists, whatever is stored, and whether the password is right.
import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { AuthError, HashingQueue } from '../index.js';
import { costOf, isCheaper, isSameCost, type PasswordCost } from './cost.js';
import { readPasswordOptions, type PasswordSettings, type PasswordsOptions } from './options.js';
import { lengthOf, normalisedPassword } from './password-text.js';

/** What became of an attempt. */
export interface PasswordVerdict {
  readonly matches: boolean;
  /** To be stored in the place of the old hash, which was cheaper than what is asked for now; only if the password is right. */
  readonly newHash?: string | undefined;
}

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** So many times the dearest cost that the application names may a stored hash cost. */
const MOST_TIMES = 4;

/**
 * Keeps passwords with argon2id: hashes new ones, and verifies attempts.
 *
 * @example
 * ```ts
 * import { Passwords } from 'nestjs-latchkey/passwords';
 *
 * const passwords = new Passwords();
 * const stored = await passwords.hash('correct horse battery staple');
 * const { matches } = await passwords.verify(stored, 'correct horse battery staple');
 * ```
 */
export class Passwords {
  private readonly logger = new Logger(Passwords.name);
  private readonly settings: PasswordSettings;
  private readonly queue: HashingQueue;
  /** A hash of each cost that no password has. */
  private readonly dummies: readonly { readonly cost: PasswordCost; readonly stored: string }[];
  private hasWarned = false;

  /** @throws {AuthConfigurationError} naming every option that is not acceptable, costs that are too cheap included */
  constructor(options: PasswordsOptions = {}) {
    this.settings = readPasswordOptions(options);
    const { cost, earlierCosts, concurrency, waiting } = this.settings;
    this.queue = new HashingQueue({ concurrency, waiting });
    this.dummies = [cost, ...earlierCosts].map((each) => ({ cost: each, stored: dummyOf(each) }));
  }

  /** How many wait to be hashed, for health checks. */
  get waiting(): number {
    return this.queue.waiting;
  }

  /**
   * What keeps a text from being a new password: a sentence for the user, which does not repeat it. `undefined` if nothing does.
   * Lists of passwords that are known to others are for the application.
   */
  problemOf(password: unknown): string | undefined {
    const { minLength, maxLength } = this.settings;
    const text = normalisedPassword(password);
    const length = text === undefined ? 0 : lengthOf(text);
    if (length >= minLength && length <= maxLength) return undefined;
    return `password must have ${minLength} to ${maxLength} characters`;
  }

  /**
   * Hashes a new password.
   * @throws {AuthError} `invalid_request` (400) if {@link problemOf} names a problem; `sign_in_overloaded` (503) if too many wait
   */
  async hash(password: string): Promise<string> {
    const problem = this.problemOf(password);
    const text = normalisedPassword(password);
    if (problem !== undefined || text === undefined)
      throw new AuthError('invalid_request', { problems: problem === undefined ? [] : [problem] });
    return this.queue.run(() => hash(text, optionsOf(this.settings.cost)));
  }

  /**
   * Whether a password is that of a stored hash. Without one, because there is no such user, the same work is done for nothing.
   *
   * @param stored as {@link hash} returned it. What is not an argon2id hash matches nothing, and is named in the log
   * @param password as it was typed. A longer one than `maxLength` matches nothing; it is not cut
   * @throws {AuthError} `sign_in_overloaded` (503) if too many wait
   */
  async verify(stored: string | null | undefined, password: string): Promise<PasswordVerdict> {
    const typed = normalisedPassword(password);
    const isPossible = typed !== undefined && typed !== '' && lengthOf(typed) <= this.settings.maxLength;
    // Work of the same length for a text that cannot be one: how long a password is says nothing about the user.
    const text = isPossible ? typed : 'impossible';
    return this.queue.run(async () => {
      const { matches, newHash } = await this.check(stored ?? undefined, text);
      return isPossible && matches ? { matches, newHash } : { matches: false };
    });
  }

  private async check(stored: string | undefined, password: string): Promise<PasswordVerdict> {
    const cost = this.costIn(stored);
    const matches = stored !== undefined && cost !== undefined && (await this.compare(stored, password));
    const isOutdated = matches && isCheaper(cost, this.settings.cost);
    let newHash: string | undefined;
    for (const dummy of this.dummies.filter((each) => cost === undefined || !isSameCost(each.cost, cost))) {
      // In the place of the work for the present cost, which is as long.
      if (isOutdated && isSameCost(dummy.cost, this.settings.cost))
        newHash = await hash(password, optionsOf(dummy.cost));
      else await verify(dummy.stored, password);
    }
    return { matches, newHash };
  }

  private async compare(stored: string, password: string): Promise<boolean> {
    try {
      return await verify(stored, password);
    } catch {
      this.logger.error('A stored password hash cannot be read: the attempt is refused.');
      return false;
    }
  }

  /** The cost of a stored hash; `undefined` if there is none that could match. */
  private costIn(stored: string | undefined): PasswordCost | undefined {
    if (stored === undefined) return undefined;
    const cost = typeof stored === 'string' ? costOf(stored) : undefined;
    if (cost === undefined || !this.isAffordable(cost)) {
      this.logger.error('A stored password hash is not argon2id, or of an absurd cost: the attempt is refused.');
      return undefined;
    }
    if (!this.dummies.some((dummy) => isSameCost(dummy.cost, cost))) this.warnOnce(cost);
    return cost;
  }

  /** A row that was planted must not take the memory of the process. */
  private isAffordable(cost: PasswordCost): boolean {
    const most = (member: 'memoryCost' | 'timeCost'): number =>
      MOST_TIMES * Math.max(...this.dummies.map((dummy) => dummy.cost[member]));
    return cost.memoryCost <= most('memoryCost') && cost.timeCost <= most('timeCost');
  }

  private warnOnce({ memoryCost, timeCost, parallelism }: PasswordCost): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      `A stored password hash costs { memoryCost: ${memoryCost}, timeCost: ${timeCost}, parallelism: ${parallelism} }, which is not in ` +
        'earlierCosts of Passwords: until it is, the time of an attempt tells that the user exists.',
    );
  }
}

function optionsOf({ memoryCost, timeCost, parallelism = 1 }: PasswordCost) {
  // argon2id, version 1.3: what the package takes by itself, and what stored hashes are held to.
  return { memoryCost, timeCost, parallelism, outputLen: HASH_BYTES };
}

/** Well-formed, and of no password: the digest is random. */
function dummyOf({ memoryCost, timeCost, parallelism = 1 }: PasswordCost): string {
  const [salt, digest] = [SALT_BYTES, HASH_BYTES].map((bytes) =>
    randomBytes(bytes).toString('base64').replaceAll('=', ''),
  );
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
}
