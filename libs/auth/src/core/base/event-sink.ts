// Event sink for services: `before` runs before an operation and may veto it, `after` runs after it.
import { publish, type AuthEvent } from './events.js';

/** Hears of everything that a service does. */
export abstract class EventSink {
  /**
   * Is told what is about to happen.
   * @throws {AuthError} `store_unavailable` where it must be recorded and cannot be: it then must not happen
   */
  abstract before(event: AuthEvent): Promise<void>;

  /** Is told what happened. Never throws. */
  abstract after(event: AuthEvent): void;
}

class Publisher extends EventSink {
  override async before(): Promise<void> {}

  override after(event: AuthEvent): void {
    publish(event);
  }
}

/** Publishes events only; never vetoes. */
export const channelSink: EventSink = new Publisher();
