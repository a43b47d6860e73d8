// Keeps something open that may break at any time and that nothing depends on: a connection that reports changes of the blocklist.
import { setTimeout as wait } from 'node:timers/promises';

const AGAIN_MS = 1_000;

/** Listens once: resolves or rejects when that is over, at the latest when it is aborted, and leaves nothing open. */
export type ListenOnce = (over: AbortSignal) => Promise<unknown>;

/**
 * Listens again, a second after it was over or failed, until it is stopped.
 * @returns how to stop
 */
export function keepListening(listenOnce: ListenOnce): () => void {
  const over = new AbortController();
  void listenUntil(over.signal, listenOnce);
  return () => over.abort();
}

async function listenUntil(over: AbortSignal, listenOnce: ListenOnce): Promise<void> {
  while (!over.aborted) {
    // What went wrong is tried again; nothing depends on it.
    await listenOnce(over).catch(() => {});
    if (!over.aborted) await wait(AGAIN_MS, undefined, { ref: false });
  }
}
