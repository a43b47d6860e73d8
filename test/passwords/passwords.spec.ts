// How passwords are kept: what matches, what is refused, and that every attempt does the same work.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { hash } from '@node-rs/argon2';
import { AuthConfigurationError } from 'nestjs-latchkey';
import { Passwords, type PasswordsOptions } from 'nestjs-latchkey/passwords';

const PASSWORD = 'correct horse battery staple';
/** The cheapest that is accepted, so that the tests take little time. */
const COST = { memoryCost: 7_168, timeCost: 5 };
const OLD = { memoryCost: 4_096, timeCost: 1 };
const ARGON2ID = /^\$argon2id\$v=19\$m=7168,t=5,p=1\$/;

describe('passwords', () => {
  let passwords: Passwords;
  let stored: string;
  const logged: string[] = [];
  beforeEach(async () => {
    passwords = new Passwords({ cost: COST, earlierCosts: [OLD] });
    stored = await passwords.hash(PASSWORD);
    for (const level of ['error', 'warn'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => void logged.push(String(message)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    logged.length = 0;
  });

  it('are hashed with argon2id and a salt of their own', async () => {
    expect(stored).toMatch(ARGON2ID);
    expect(await passwords.hash(PASSWORD)).not.toBe(stored);
  });

  it('match what they were hashed from, and nothing else', async () => {
    expect(await passwords.verify(stored, PASSWORD)).toEqual({ matches: true, newHash: undefined });
    for (const wrong of [`${PASSWORD} `, PASSWORD.toUpperCase(), '', `${PASSWORD}\0`, 'impossible'])
      expect(await passwords.verify(stored, wrong)).toEqual({ matches: false });
  });

  it('match in every spelling that a keyboard makes of them', async () => {
    const composed = await passwords.hash('Caf\u00e9 \u2003 noir');
    expect(await passwords.verify(composed, 'Cafe\u0301   noir')).toMatchObject({ matches: true });
    expect(await passwords.verify(composed, 'Cafe   noir')).toEqual({ matches: false });
    // Full-width letters are other letters.
    expect(await passwords.verify(composed, 'Ｃaf\u00e9   noir')).toEqual({ matches: false });
  });

  it.each([undefined, null])('match nothing where %p is stored', async (nothing) => {
    expect(await passwords.verify(nothing, PASSWORD)).toEqual({ matches: false });
    expect(logged).toEqual([]);
  });

  it.each([
    ['plain text', PASSWORD],
    ['bcrypt', '$2b$12$abcdefghijklmnopqrstuuXyO7Pq5DgVZgJbGKoLzF7fE9u5yY1gO'],
    ['argon2i', '$argon2i$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA'],
    ['a truncated hash', '$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ'],
    ['a hash that takes a gigabyte', dummy('m=1048576,t=1,p=1')],
    ['a hash that takes minutes', dummy('m=7168,t=32,p=1')],
    ['a hash of more than numbers hold', dummy('m=99999999999,t=1,p=1')],
  ])('match nothing where %s is stored, and the log says so without it', async (_, broken) => {
    expect(await passwords.verify(broken, PASSWORD)).toEqual({ matches: false });
    expect(logged.join()).toMatch(/refused/);
    expect(logged.join()).not.toContain(broken);
  });

  it('get a new hash at the sign-in after the cost has risen, and not for a wrong password', async () => {
    const old = await hash(PASSWORD, OLD);
    expect(await passwords.verify(old, 'wrong horse')).toEqual({ matches: false });
    const { matches, newHash } = await passwords.verify(old, PASSWORD);
    expect(matches).toBe(true);
    expect(newHash).toMatch(ARGON2ID);
    expect(await passwords.verify(newHash, PASSWORD)).toEqual({ matches: true, newHash: undefined });
  });

  it('keep a hash that costs more than what is asked for now', async () => {
    const dear = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 6 });
    expect(await passwords.verify(dear, PASSWORD)).toEqual({ matches: true, newHash: undefined });
  });

  it('are verified at a cost that is not named, with one warning that names it', async () => {
    const other = await hash(PASSWORD, { memoryCost: 5_000, timeCost: 1 });
    for (let times = 0; times < 3; times += 1)
      expect(await passwords.verify(other, PASSWORD)).toMatchObject({ matches: true });
    expect(logged).toEqual([expect.stringContaining('memoryCost: 5000, timeCost: 1')]);
  });

  it.each([
    ['short', 'seven77'],
    ['long', 'x'.repeat(257)],
    ['half a character', `pass\ud83dword`],
    ['no text', 12_345_678 as unknown as string],
  ])('that are %s are not hashed, and match nothing', async (_, password) => {
    await expect(passwords.hash(password)).rejects.toMatchObject({
      code: 'invalid_request',
      problems: ['password must have 8 to 256 characters'],
    });
    expect(await passwords.verify(stored, password)).toEqual({ matches: false });
  });

  it('are counted in characters as people see them, and not cut', async () => {
    const long = '🦊'.repeat(256);
    const hashed = await passwords.hash(long);
    expect(await passwords.verify(hashed, long)).toMatchObject({ matches: true });
    expect(await passwords.verify(hashed, '🦊'.repeat(255))).toEqual({ matches: false });
    expect(passwords.problemOf('🦊'.repeat(257))).toBe('password must have 8 to 256 characters');
    expect(passwords.problemOf(long)).toBeUndefined();
  });

  it('are refused with 503 if too many wait, and those that wait are answered', async () => {
    const narrow = new Passwords({ cost: COST, concurrency: 1, waiting: 2 });
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => narrow.verify(stored, PASSWORD)));
    expect(attempts.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(attempts.at(-1)).toMatchObject({ reason: { code: 'sign_in_overloaded', status: 503 } });
  });

  it.each<[PasswordsOptions, string]>([
    [{ cost: { memoryCost: 19_456, timeCost: 1 } }, 'cost is 19456 KiB with 1 pass, which is too cheap to guess'],
    [{ cost: { memoryCost: 4_096, timeCost: 32 } }, 'too cheap'],
    [{ cost: { memoryCost: 19_456.5, timeCost: 2 } }, 'cost.memoryCost is 19456.5'],
    [{ cost: { memoryCost: 2_000_000, timeCost: 2 } }, 'cost.memoryCost is 2000000; accepted are 8 to 1048576'],
    [{ cost: { memoryCost: 19_456, timeCost: 2, parallelism: 0 } }, 'cost.parallelism is 0'],
    [{ cost: null as never }, 'cost.memoryCost is undefined'],
    [{ earlierCosts: [{ memoryCost: 1, timeCost: 1 }] }, 'earlierCosts.0.memoryCost is 1'],
    [{ earlierCosts: OLD as never }, 'earlierCosts is not a list'],
    [{ minLength: 4 }, 'minLength is 4; accepted are whole numbers from 8 to 64'],
    [{ maxLength: 32 }, 'maxLength is 32'],
    [{ concurrency: 0 }, 'concurrency is 0'],
    [{ waiting: Number.NaN }, 'waiting is NaN'],
    [{ costs: COST } as never, 'costs is not an option of Passwords; did you mean cost?'],
  ])('are not kept with %p', (options, problem) => {
    expect(() => new Passwords(options)).toThrow(AuthConfigurationError);
    expect(() => new Passwords(options)).toThrow(problem);
  });
});

describe('the work of an attempt', () => {
  it('is that of every cost, for every name and whatever is stored', async () => {
    const passwords = new Passwords({ cost: COST, earlierCosts: [OLD] });
    const [present, old] = await Promise.all([passwords.hash(PASSWORD), hash(PASSWORD, OLD)]);
    // The time of the processor, of all threads of this process: other processes do not count.
    const workOf = async (stored: string | undefined, password: string): Promise<number> => {
      const before = process.cpuUsage();
      for (let round = 0; round < 5; round += 1) await passwords.verify(stored, password);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const unknown = await workOf(undefined, 'wrong horse');
    for (const [stored, password] of [
      [present, 'wrong horse'],
      [old, 'wrong horse'],
      [old, PASSWORD],
      [present, 'x'.repeat(300)],
    ] as const) {
      // Without the work for nothing one would be a tenth of the other, or nothing at all.
      const ratio = (await workOf(stored, password)) / unknown;
      expect(ratio).toBeGreaterThan(0.4);
      expect(ratio).toBeLessThan(2.5);
    }
  });
});

function dummy(parameters: string): string {
  return `$argon2id$v=19$${parameters}$c29tZXNhbHRzb21lc2FsdA$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA`;
}
