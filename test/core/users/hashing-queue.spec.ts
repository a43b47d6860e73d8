import { describe, expect, it } from '@jest/globals';
import { HashingQueue } from '../../../libs/auth/src/core/users/hashing-queue.js';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the hashing queue', () => {
  const deferred = () => {
    let finish = (): void => {};
    const promise = new Promise<void>((resolve) => (finish = resolve));
    return { promise, finish };
  };

  it('runs no more tasks at once than its limit, and the others in turn', async () => {
    const queue = new HashingQueue({ concurrency: 2, waiting: 10 });
    const works = Array.from({ length: 4 }, deferred);
    const started: number[] = [];
    const all = works.map(({ promise }, index) =>
      queue.run(() => {
        started.push(index);
        return promise;
      }),
    );
    await Promise.resolve();
    expect([started, queue.waiting]).toEqual([[0, 1], 2]);
    works[0]?.finish();
    await all[0];
    await turnOfTheLoop();
    expect(started).toEqual([0, 1, 2]);
    for (const { finish } of works) finish();
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('refuses when too many wait, with a time to retry', async () => {
    const queue = new HashingQueue({ concurrency: 1, waiting: 1 });
    const { promise, finish } = deferred();
    const running = [queue.run(() => promise), queue.run(() => promise)];
    await expect(queue.run(() => promise)).rejects.toMatchObject({ code: 'sign_in_overloaded', retryAfterSeconds: 2 });
    finish();
    await Promise.all(running);
  });

  it('frees its place when the work fails', async () => {
    const queue = new HashingQueue({ concurrency: 1 });
    await expect(queue.run(() => Promise.reject(new Error('corrupt hash')))).rejects.toThrow('corrupt hash');
    expect(await queue.run(() => Promise.resolve('next'))).toBe('next');
  });
});
