// Stores in memory with a switch: they answer, break, never answer, or answer out of order, and they count what they are asked.
import { Clock, memoryStores } from 'nestjs-latchkey';
import { LoginStore, BlocklistStore, OneTimeStore, type Stores, type StoresFactory } from 'nestjs-latchkey/stores';

export type Mood = 'well' | 'broken' | 'silent' | 'shuffled';

export interface StoreCall {
  readonly store: keyof Stores;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** An answer that waits for its turn, which is its rank. */
interface Waiting {
  readonly number: number;
  readonly rank: number;
  readonly give: () => void;
}

/** Both stores at once, as one database would fail. */
export class SwitchedStores {
  mood: Mood = 'well';
  /** Which calls the mood is for; the others are answered well. @defaultValue all */
  concerns: (call: StoreCall) => boolean = () => true;
  /** The names of all calls so far. */
  readonly asked: string[] = [];
  /** How many calls were answered before an older one. */
  overtaken = 0;
  /** The stores without the switch, for looking at what was kept. */
  kept: Stores | undefined;
  readonly #waiting: Waiting[] = [];
  #seed = 1;

  /** What a module is given. */
  recipe(make: StoresFactory = memoryStores()): StoresFactory {
    return {
      inject: [Clock],
      useFactory: async (clock: Clock): Promise<Stores> => {
        this.kept = await make.useFactory(clock);
        return this.around(this.kept);
      },
    };
  }

  /** The same stores behind the switch. */
  around({ revocations, logins, oneTime }: Stores): Stores {
    return {
      revocations: this.#behind(revocations, BlocklistStore.prototype, 'revocations'),
      logins: this.#behind(logins, LoginStore.prototype, 'logins'),
      oneTime: oneTime && this.#behind(oneTime, OneTimeStore.prototype, 'oneTime'),
    };
  }

  /** The prototype is that of the port: the library must not take these for stores of its own. */
  #behind<Store extends object>(target: Store, prototype: object, store: keyof Stores): Store {
    return new Proxy(target, {
      getPrototypeOf: () => prototype,
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || name === 'constructor') return member;
        return (...args: unknown[]) =>
          this.#answer({ store, name: String(name), args }, () => Reflect.apply(member, target, args));
      },
    });
  }

  #answer(call: StoreCall, work: () => unknown): unknown {
    const number = this.asked.push(call.name);
    const mood = this.concerns(call) ? this.mood : 'well';
    if (mood === 'silent') return new Promise(() => {});
    if (mood === 'broken') return Promise.reject(new Error('connect ECONNREFUSED 10.0.0.8:5432'));
    return mood === 'shuffled' ? this.#outOfOrder(number, work()) : work();
  }

  /** Calls of about the same time wait for each other, and for no longer than two turns of the event loop. */
  #outOfOrder(number: number, answer: unknown): Promise<unknown> {
    if (this.#waiting.length === 0) setImmediate(() => setImmediate(() => this.#release()));
    return new Promise((resolve) => {
      this.#waiting.push({ number, rank: this.#random(), give: () => resolve(answer) });
    });
  }

  #release(): void {
    let latest = 0;
    for (const { number, give } of this.#waiting.splice(0).sort((one, other) => one.rank - other.rank)) {
      if (number < latest) this.overtaken += 1;
      latest = Math.max(latest, number);
      give();
    }
  }

  /** The same row of numbers in every run, so that what fails once fails again (Lehmer's generator). */
  #random(): number {
    this.#seed = (this.#seed * 48_271) % 0x7fffffff;
    return this.#seed;
  }
}
