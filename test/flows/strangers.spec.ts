// How the sample slows strangers down, by the hour: what no test over HTTP can wait for.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { memoryStores } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { SignInLimits } from '../../apps/accounts/src/throttling/sign-in-limits.js';
import { StrangerDelay } from '../../apps/accounts/src/throttling/stranger-delay.js';
import { WaitingRoom } from '../../apps/accounts/src/throttling/waiting-room.js';
import { ManualClock } from '../support/clocks.js';

let clock: ManualClock;
let stores: Stores;
beforeEach(async () => {
  clock = new ManualClock();
  stores = (await memoryStores().useFactory(clock as never)) as Stores;
});

const oneTime = () => {
  if (stores.oneTime === undefined) throw new Error('The stores of the test have it.');
  return stores.oneTime;
};
const delayOn = () => new StrangerDelay(oneTime(), clock);

describe('the delay of strangers', () => {
  it('grows with their attempts at one name in an hour, over all processes, to four seconds and no more', async () => {
    const processes = [delayOn(), delayOn()];
    const delays: number[] = [];
    for (let at = 0; at < 100; at += 1) {
      const slowdown = await processes[at % 2]?.next('ada');
      delays.push(slowdown?.delaySeconds ?? -1);
    }
    const expected = [0, 1, 2, 3, 4].flatMap((seconds) => Array.from({ length: 16 }, () => seconds));
    expect(delays.slice(0, 80)).toEqual(expected);
    expect(new Set(delays.slice(80))).toEqual(new Set([4]));
    expect((await delayOn().next('ada')).isLongest).toBe(true);
    expect(await delayOn().next('grace')).toEqual({ delaySeconds: 0, isLongest: false });
    clock.advance(3_600);
    expect((await delayOn().next('ada')).delaySeconds).toBe(0);
  });
});

describe('a network that guesses a name which strangers guess already', () => {
  it('has ten attempts an hour, and others have theirs', async () => {
    for (let at = 0; at < 64; at += 1) await delayOn().next('ada');
    const unknown = { successes: () => Promise.resolve(0) };
    const limits = new SignInLimits(oneTime(), clock as never, unknown as never);
    const outcomes: string[] = [];
    const attempt = async (network: string) => {
      const outcome = await limits.admit({ network, name: 'ada' }).then(
        () => 'admitted',
        (error: unknown) => String((error as { code: string }).code),
      );
      outcomes.push(outcome);
    };
    // Five at once, three times, with a minute between, so that the limit by the minute is far.
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 5 }, () => attempt('192.0.2.1')));
      clock.advance(60);
    }
    expect(outcomes.filter((outcome) => outcome === 'admitted')).toHaveLength(10);
    expect(outcomes.slice(10)).toEqual(Array.from({ length: 5 }, () => 'too_many_requests'));
    await attempt('192.0.2.2');
    expect(outcomes.at(-1)).toBe('admitted');
  }, 60_000);
});

describe('the room for waiting attempts', () => {
  const codeOf = (waiting: Promise<void>): Promise<string> =>
    waiting.then(
      () => 'waited',
      (error: unknown) => String((error as { code: string }).code),
    );

  it('holds five of one network, and gives their places back', async () => {
    const room = new WaitingRoom();
    const crowd = await Promise.all(Array.from({ length: 7 }, () => codeOf(room.wait('192.0.2.1', 0.05))));
    expect(crowd.filter((code) => code === 'waited')).toHaveLength(5);
    expect(crowd.filter((code) => code === 'too_many_requests')).toHaveLength(2);
    expect(await codeOf(room.wait('192.0.2.1', 0.01))).toBe('waited');
  });

  it('is full with a thousand, which is a state of the process (503) and of no account', async () => {
    const room = new WaitingRoom();
    const crowd = await Promise.all(Array.from({ length: 1_003 }, (_, at) => codeOf(room.wait(String(at), 0.2))));
    expect(crowd.filter((code) => code === 'waited')).toHaveLength(1_000);
    expect(crowd.filter((code) => code === 'sign_in_overloaded')).toHaveLength(3);
    expect(await codeOf(room.wait('0', 0.01))).toBe('waited');
  });
});
