// What was used once, in SQL. The primary key decides every race.
import { behindLock, type Clock } from '../core/internal.js';
import { OneTimeStore, type CheckedStore, type ConsumeOptions, type TurnTakingStore } from '../stores.js';
import { exactId } from './column-text.js';
import { pruneInBatches } from './pruning.js';
import { checkTable, type Remedy } from './readiness.js';
import { insertUnlessThere, type SqlRunner } from './runner.js';
import { prunableAt } from './store-clock.js';

/** The used one-time tokens in one table of your database. */
export class SqlOneTimeStore extends OneTimeStore implements CheckedStore, TurnTakingStore {
  /** Whether a call may have to wait: for a connection of the pool, or until a transaction that uses the same id has ended. */
  readonly takesTurns: boolean;

  /** @internal */
  constructor(
    private readonly runner: SqlRunner,
    private readonly clock: Clock,
    private readonly remedy: Remedy,
  ) {
    super();
    // Also for the lock of another transaction, whatever the adapter says of its pool.
    this.takesTurns = runner.dialect !== 'sqlite';
  }

  /** With `joins`, in a transaction of the application, it is used if that is committed: a second one waits until then. */
  override async consume(id: string, expiresAt: number, { joins = false }: ConsumeOptions = {}): Promise<boolean> {
    const insert = insertUnlessThere(this.runner.dialect, this.#table, { id: ':id', expires_at: ':expiresAt' });
    const values = { id: exactId(id), expiresAt: Math.ceil(expiresAt) };
    const used = joins ? this.runner.executeJoined(insert, values) : this.runner.execute(insert, values);
    const { affected } = await (this.takesTurns
      ? behindLock(used, () => this.runner.execute('SELECT 1 AS one', {}))
      : used);
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
