// Owns whom services tell what they do: before an effect, where it may still be refused, and after it.
import { publish, type AuthEvent } from '../events.js';

/** Hears of everything that a service does. */
export abstract class Witness {
  /**
   * Is told what is about to happen.
   * @throws {AuthError} `store_unavailable` where it must be recorded and cannot be: it then must not happen
   */
  abstract announce(event: AuthEvent): Promise<void>;

  /** Is told what happened. Never throws. */
  abstract tell(event: AuthEvent): void;
}

class Publisher extends Witness {
  override async announce(): Promise<void> {}

  override tell(event: AuthEvent): void {
    publish(event);
  }
}

/** Tells whoever listens, and asks nobody. */
export const publisher: Witness = new Publisher();
