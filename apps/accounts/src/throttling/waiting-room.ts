import { setTimeout as wait } from 'node:timers/promises';
import { AuthError } from 'nestjs-latchkey';

/** Each waiting attempt holds a connection: so many there may be of one network, and of all, in one process. */
const MOST_OF_ONE_NETWORK = 5;
const MOST = 1_000;

/** Where attempts wait that are slowed down. */
export class WaitingRoom {
  private readonly waiting = new Map<string, number>();
  private total = 0;

  /**
   * Resolves after so many seconds.
   * @throws {AuthError} `too_many_requests` if too many of that network wait already; `sign_in_overloaded` (503) if too many of all networks
   * do, which says nothing about an account
   */
  async wait(network: string, seconds: number): Promise<void> {
    const ofNetwork = this.waiting.get(network) ?? 0;
    if (ofNetwork >= MOST_OF_ONE_NETWORK) throw new AuthError('too_many_requests', { retryAfterSeconds: seconds });
    if (this.total >= MOST) throw new AuthError('sign_in_overloaded', { retryAfterSeconds: seconds });
    this.waiting.set(network, ofNetwork + 1);
    this.total += 1;
    try {
      // To its end, even if the client left: those who connect again and again do not get more places.
      await wait(seconds * 1_000);
    } finally {
      this.leave(network);
    }
  }

  private leave(network: string): void {
    const others = (this.waiting.get(network) ?? 1) - 1;
    if (others === 0) this.waiting.delete(network);
    else this.waiting.set(network, others);
    this.total -= 1;
  }
}
