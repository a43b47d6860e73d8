// A reader of the change feed, like every other process: it knows only its cursor and what it has read.
import type { BlocklistStore } from 'nestjs-latchkey/stores';

/** The result of one reading. */
export interface Told {
  readonly ids: readonly string[];
  readonly restarted: boolean;
}

const PAGE = 100;

/** Follows the feed of a store. */
export class FeedReader {
  #cursor: string | undefined;

  constructor(private readonly store: BlocklistStore) {}

  /** Reads to the end of what is there. */
  async read(): Promise<Told> {
    const ids: string[] = [];
    let restarted = false;
    for (let more = true; more;) {
      const changes = await this.store.changesSince?.(this.#cursor, PAGE);
      if (changes === undefined) throw new Error('The store has no feed.');
      ids.push(...Array.from(changes.entries, ({ id }) => id));
      restarted ||= changes.restarted;
      this.#cursor = changes.cursor;
      more = changes.more;
    }
    return { ids, restarted };
  }
}
