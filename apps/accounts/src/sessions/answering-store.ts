import { ServiceUnavailableException } from '@nestjs/common';
import { Store, type SessionData } from 'express-session';

type Done = (error?: unknown) => void;

const ignore: Done = () => {};

/** Any session store, with one answer for everything that breaks in it: 503. A failure is no reason to call people strangers. */
export class AnsweringStore extends Store {
  constructor(private readonly store: Store) {
    super();
  }

  override get(id: string, found: (error: unknown, session?: SessionData | null) => void): void {
    this.store.get(id, (error, session) => found(unavailable(error), session));
  }

  override set(id: string, session: SessionData, done: Done = ignore): void {
    this.store.set(id, session, (error) => done(unavailable(error)));
  }

  override destroy(id: string, done: Done = ignore): void {
    this.store.destroy(id, (error) => done(unavailable(error)));
  }
}

function unavailable(cause: unknown): unknown {
  if (cause === undefined || cause === null) return undefined;
  return new ServiceUnavailableException('Sessions cannot be read. Try again soon.', { cause });
}
