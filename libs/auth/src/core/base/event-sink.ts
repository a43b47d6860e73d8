// Event sink for services: `before` runs before an operation and may veto it, `after` runs after it.
import { publish, type AuthEvent } from './events.js';

/** Receives every event of a service. */
export abstract class EventSink {
  /**
   * Called before the operation.
   * @throws {AuthError} `store_unavailable` if the event must be recorded and cannot be; the operation must then not take place
   */
  abstract before(event: AuthEvent): Promise<void>;

  /** Called after the operation. Never throws. */
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
