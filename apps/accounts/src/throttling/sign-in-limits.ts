import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AuthError, Clock } from 'nestjs-latchkey';
import { AttemptLimiter, OneTimeStore, type AttemptVerdict } from 'nestjs-latchkey/stores';
import { KnownAddresses, type Attempter } from './known-addresses.js';
import { StrangerDelay } from './stranger-delay.js';
import { WaitingRoom } from './waiting-room.js';

/** How long an attempt waits for others from the same place that may be about to succeed. */
const PATIENCE_MS = 300;
const ROUNDS = 3;

/**
 * How many attempts there may be, over all processes. Each takes its place before its password is looked at.
 *
 * - From one network: 300 a minute. One password for many names.
 * - For one name from one network: 10 a minute, and ten more with each success.
 * - For one name from all networks from which it never signed in: as many as come, each slower than those before it, up to four seconds. What
 *   strangers type never refuses its user. At the longest delay each of these networks has 10 an hour.
 */
@Injectable()
export class SignInLimits {
  private readonly byNetwork: AttemptLimiter;
  private readonly byBoth: AttemptLimiter;
  private readonly ofOneStranger: AttemptLimiter;
  private readonly ofStrangers: StrangerDelay;
  private readonly waitingRoom = new WaitingRoom();

  constructor(
    @Inject(OneTimeStore) store: OneTimeStore,
    @Inject(Clock) clock: Clock,
    private readonly known: KnownAddresses,
  ) {
    this.byNetwork = new AttemptLimiter(store, clock, { name: 'network', limit: 300, windowSeconds: 60 });
    this.byBoth = new AttemptLimiter(store, clock, { name: 'name and network', limit: 10, windowSeconds: 60 });
    this.ofOneStranger = new AttemptLimiter(store, clock, { name: 'stranger', limit: 10, windowSeconds: 3_600 });
    this.ofStrangers = new StrangerDelay(store, clock);
  }

  /** @throws {AuthError} `too_many_requests`; `store_unavailable`, which says nothing about how many there were */
  async admitNetwork(network: string): Promise<void> {
    assertAllowed(await this.byNetwork.take(network));
  }

  /** @throws {AuthError} as {@link admitNetwork} */
  async admit(who: Attempter): Promise<void> {
    await this.admitNetwork(who.network);
    const { verdict, successes } = await this.take(who);
    assertAllowed(verdict);
    if (successes === 0) await this.slowDown(who);
  }

  /** Whether the password is right or wrong is not known yet, so that the delay does not tell. */
  private async slowDown({ network, name }: Attempter): Promise<void> {
    const { delaySeconds, isLongest } = await this.ofStrangers.next(name);
    if (isLongest) assertAllowed(await this.ofOneStranger.take(JSON.stringify([network, name])));
    if (delaySeconds > 0) await this.waitingRoom.wait(network, delaySeconds);
  }

  /** Places are not given back; a success makes new ones instead. So those that came at once wait whether one of them succeeds. */
  private async take(who: Attempter): Promise<{ verdict: AttemptVerdict; successes: number }> {
    let successes = await this.known.successes(who);
    for (let round = 1; ; round += 1) {
      const verdict = await this.byBoth.take(JSON.stringify([who.network, who.name, successes]));
      if (verdict.allowed || round === ROUNDS) return { verdict, successes };
      await wait(PATIENCE_MS);
      const later = await this.known.successes(who);
      if (later === successes) return { verdict, successes };
      successes = later;
    }
  }
}

function assertAllowed(verdict: AttemptVerdict): void {
  if (verdict.allowed) return;
  throw new AuthError('too_many_requests', { retryAfterSeconds: verdict.retryAfterSeconds });
}
