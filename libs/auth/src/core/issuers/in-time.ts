// The end of a fetch, for work of an application that may not heed it.
import { KeyFetchError } from './fetch-problem.js';

/** Waits for work until the signal ends it, whether the work heeds the signal or not. */
export function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new KeyFetchError('no answer in time'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
