// Promise timeout.

/** Sentinel for "still pending". */
const PENDING = Symbol('not yet');

/** Waits for an answer within the limit, and rejects after it. What comes later is dropped, an error included. */
export async function withTimeout<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const answer = work();
  // What is in our own memory is there already, and a timer for each request would cost more than the answer.
  const atHand = await Promise.race([answer, PENDING]);
  return atHand === PENDING ? withTimer(timeoutMs, answer) : await answer;
}

async function withTimer<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
