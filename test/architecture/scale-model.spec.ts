// docs/scale.md shows what bench/scale-model.js answers.
import { describe, expect, it } from '@jest/globals';
import { answerTo } from '../../bench/scale-model.js';
import { readText } from '../support/repository.js';

const shown = [...readText('docs/scale.md').matchAll(/^\$ node bench\/scale-model\.js (.*)\n([^]*?)^```$/gm)].map(
  ([, args = '', answer = '']) => [args, answer] as const,
);
/** The verdict about a store. */
const verdictOn = (store: string, args: string): string | undefined =>
  new RegExp(`^${store} {2,}.*?(goes.*|stops.*)$`, 'm').exec(answerTo(args.split(' ')))?.[1];

describe('the model of docs/scale.md', () => {
  it('is shown with several sizes', () => {
    expect(shown.length).toBeGreaterThan(4);
  });

  it.each(shown)('answers what is shown there: %s', (args, answer) => {
    expect(`${answerTo(args.split(' '))}\n`).toBe(answer);
  });

  it.each([
    ['memory', '--logins 1k --machines 1 --processes 1', 'goes'],
    ['memory', '--logins 1k --machines 1 --processes 2', 'stops: each process has its own'],
    ['SQLite', '--machines 2', 'stops: one machine has the file'],
    ['PostgreSQL', '--requests 1M', 'stops: 573 cores for one primary'],
    ['PostgreSQL', '--machines 100', 'goes: behind a pooler'],
    ['Redis', '--requests 30k', 'stops: one thread'],
    ['Redis', '--logins 100M --active 0', 'stops: memory'],
    ['Redis Cluster', '--requests 30k', 'goes: 6 masters'],
  ])('says of %s with %s: %s', (store, args, verdict) => {
    expect(verdictOn(store, args)).toBe(verdict);
  });

  it('refuses a flag that it does not have, and a value that is no number', () => {
    expect(() => answerTo(['--login', '5'])).toThrow('--login is not a flag; accepted: logins, active');
    expect(() => answerTo(['--logins', 'many'])).toThrow("--logins is 'many'; accepted is a number");
  });
});
