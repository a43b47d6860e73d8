import { callbackify } from 'node:util';
import { Store, type SessionData } from 'express-session';
import { AuthError } from 'nestjs-latchkey';

type Done = (error?: unknown) => void;
type Found = (error: unknown, session?: SessionData | null) => void;

const ignore: Done = () => {};

/** A client of Redis waits for ever where the server accepts connections and answers nothing. */
const PATIENCE_MS = 2_000;

/**
 * Wraps a session store: every failure and time-out is answered with 503, so that an outage does not make users anonymous.
 */
export class AnsweringStore extends Store {
  constructor(private readonly store: Store) {
    super();
  }

  override get(id: string, found: Found): void {
    callbackify(() => answered<SessionData | null | undefined>((done) => this.store.get(id, done)))(found);
  }

  override set(id: string, session: SessionData, done: Done = ignore): void {
    callbackify(() => answered((stored) => this.store.set(id, session, stored)))(done);
  }

  override destroy(id: string, done: Done = ignore): void {
    callbackify(() => answered((gone) => this.store.destroy(id, gone)))(done);
  }
}

/** What the store answers in time. A promise is settled once, whatever comes later or twice. */
async function answered<Answer>(ask: (done: (error?: unknown, answer?: Answer) => void) => void) {
  let patience: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer | undefined>((resolve, reject) => {
      patience = setTimeout(() => reject(new Error(`No answer within ${PATIENCE_MS} ms.`)), PATIENCE_MS);
      ask((error, answer) => (error === undefined || error === null ? resolve(answer) : reject(asError(error))));
    });
  } catch (cause) {
    throw new AuthError('store_unavailable', { cause });
  } finally {
    clearTimeout(patience);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The session store failed.');
}
