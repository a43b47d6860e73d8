// The measurement of store calls, on a channel of its own: there are several per request, and listeners of events do not need them.
import { channel } from 'node:diagnostics_channel';
import type { Clock } from '../base/clock.js';
import type { StoreEvent } from '../base/events.js';

/** One call to a store. */
export interface StoreCall {
  readonly store: StoreEvent['store'];
  readonly durationMs: number;
  /** False if it failed, or did not answer in time. */
  readonly isAnswered: boolean;
}

const calls = channel('nestjs-latchkey:store-calls');

/** Does the work, and publishes its duration if the channel has subscribers. */
export async function measured<T>(
  store: StoreCall['store'] | undefined,
  clock: Clock,
  work: () => Promise<T>,
): Promise<T> {
  if (store === undefined || !calls.hasSubscribers) return work();
  const startedMs = clock.monotonicMs();
  let isAnswered = false;
  try {
    const answer = await work();
    isAnswered = true;
    return answer;
  } finally {
    calls.publish({ store, durationMs: clock.monotonicMs() - startedMs, isAnswered } satisfies StoreCall);
  }
}

/** Listens to every call of this process. @returns a function that stops listening */
export function onStoreCall(listener: (call: StoreCall) => void): () => void {
  const guarded = (message: unknown): void => {
    try {
      // Only `measured` above writes to this channel.
      listener(message as StoreCall);
    } catch {
      // An observer must never change what it observes.
    }
  };
  calls.subscribe(guarded);
  return () => {
    calls.unsubscribe(guarded);
  };
}
