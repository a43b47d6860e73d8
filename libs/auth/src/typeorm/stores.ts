// The blocklist, the logins and used one-time tokens on a DataSource.
import type { DataSource } from 'typeorm';
import { SystemClock, type Clock } from '../core/internal.js';
import { SqlBlocklistStore } from '../sql/blocklist-store.js';
import type { OpenPgListener } from '../sql/listener.js';
import { SqlLoginStore } from '../sql/login-store.js';
import { SqlOneTimeStore } from '../sql/one-time-store.js';
import { runnerOn } from './database.js';
import { LoginEntity, RevocationEntity } from './entities.js';
import { OneTimeEntity } from './one-time-entity.js';
import { checkEntity, runMigrations } from './readiness.js';

/** The blocklist in one table of your database. */
export class TypeOrmBlocklistStore extends SqlBlocklistStore {
  constructor(
    private readonly dataSource: DataSource,
    clock: Clock,
    openListener?: OpenPgListener,
  ) {
    super(runnerOn(dataSource), clock, { remedy: runMigrations(dataSource), openListener });
  }

  override async checkReady(): Promise<void> {
    checkEntity(this.dataSource, RevocationEntity);
    await super.checkReady();
  }
}

/** The logins in one table of your database, one row each. */
export class TypeOrmLoginStore extends SqlLoginStore {
  constructor(
    private readonly dataSource: DataSource,
    clock: Clock = new SystemClock(),
  ) {
    super(runnerOn(dataSource), clock, runMigrations(dataSource));
  }

  override async checkReady(): Promise<void> {
    checkEntity(this.dataSource, LoginEntity);
    await super.checkReady();
  }
}

/** The used one-time tokens in one table of your database. */
export class TypeOrmOneTimeStore extends SqlOneTimeStore {
  constructor(
    private readonly dataSource: DataSource,
    clock: Clock = new SystemClock(),
  ) {
    super(runnerOn(dataSource), clock, runMigrations(dataSource));
  }

  override async checkReady(): Promise<void> {
    checkEntity(this.dataSource, OneTimeEntity);
    await super.checkReady();
  }
}
