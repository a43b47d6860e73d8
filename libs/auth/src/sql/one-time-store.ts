// What was used once, in SQL. The primary key decides every race.
import type { Clock } from '../core/internal.js';
import { OneTimeStore, type CheckedStore, type ConsumeOptions, type TurnTakingStore } from '../stores.js';
import { exactId } from './column-text.js';
import { pruneInBatches } from './pruning.js';
import { checkTable, type Remedy } from './readiness.js';
import { insertUnlessThere, type SqlRunner } from './runner.js';
import { prunableAt } from './store-clock.js';

/** The used one-time tokens in one table of your database. */
export class SqlOneTimeStore extends OneTimeStore implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  /** @internal */
  constructor(
    private readonly runner: SqlRunner,
    private readonly clock: Clock,
    private readonly remedy: Remedy,
  ) {
    super();
    this.takesTurns = runner.takesTurns;
  }

  /** With `joins`, in a transaction of the application, it is used if that is committed: a second one waits until then. */
  override async consume(id: string, expiresAt: number, { joins = false }: ConsumeOptions = {}): Promise<boolean> {
    const insert = insertUnlessThere(this.runner.dialect, this.#table, { id: ':id', expires_at: ':expiresAt' });
    const values = { id: exactId(id), expiresAt: Math.ceil(expiresAt) };
    const { affected } = await (joins
      ? this.runner.executeJoined(insert, values)
      : this.runner.execute(insert, values));
    return affected > 0;
  }

  override async prune(now: number): Promise<number> {
    return pruneInBatches(this.runner, {
      table: this.#table,
      key: ['id'],
      ended: 'expires_at <= :now',
      now: await prunableAt(this.runner, this.clock, now),
    });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.runner, 'oneTime', this.remedy);
  }

  get #table(): string {
    return this.runner.tables.oneTime.quoted;
  }
}
