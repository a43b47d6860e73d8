// Owns stores in memory with a switch: they answer, break, or never answer, and they count what they are asked.
import { Clock, memoryStores, RefreshStore, RevocationStore, type Stores, type StoresRecipe } from 'nestjs-latchkey';

export type Mood = 'well' | 'broken' | 'silent';

/** Both stores at once, as one database would fail. */
export class SwitchedStores {
  mood: Mood = 'well';
  /** The names of all calls so far. */
  readonly asked: string[] = [];
  /** The stores without the switch, for looking at what was kept. */
  kept: Stores | undefined;

  /** What a module is given. */
  recipe(make: StoresRecipe = memoryStores()): StoresRecipe {
    return {
      inject: [Clock],
      useFactory: async (clock: Clock): Promise<Stores> => {
        this.kept = await make.useFactory(clock);
        return this.around(this.kept);
      },
    };
  }

  /** The same stores behind the switch. */
  around({ revocations, families }: Stores): Stores {
    return {
      revocations: this.#behind(revocations, RevocationStore.prototype),
      families: this.#behind(families, RefreshStore.prototype),
    };
  }

  /** The prototype is that of the port: the library must not take these for stores of its own. */
  #behind<Store extends object>(store: Store, prototype: object): Store {
    return new Proxy(store, {
      getPrototypeOf: () => prototype,
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || name === 'constructor') return member;
        return (...args: unknown[]) => {
          this.asked.push(String(name));
          if (this.mood === 'silent') return new Promise(() => {});
          if (this.mood === 'broken') return Promise.reject(new Error('connect ECONNREFUSED 10.0.0.8:5432'));
          return Reflect.apply(member, target, args);
        };
      },
    });
  }
}
