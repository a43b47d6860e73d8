import { latchkeyEntities, latchkeyMigrations } from 'nestjs-latchkey/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { ExternalAccount } from '../elsewhere/external-account.entity.js';
import { KnownAddress } from '../throttling/known-address.entity.js';
import { SessionRow } from '../sessions/session-row.entity.js';
import { User } from '../users/user.entity.js';
import { AddEmail1764504000004 } from './add-email.migration.js';
import { AddTotp1764504000002 } from './add-totp.migration.js';
import { CreateExternalAccounts1764504000003 } from './create-external-accounts.migration.js';
import { CreateHttpSessions1763900000001 } from './create-http-sessions.migration.js';
import { CreateKnownAddresses1764504000001 } from './create-known-addresses.migration.js';
import { CreateUsers1763900000000 } from './create-users.migration.js';

/** The schema is made by migrations alone, those of the library and our own. */
const schema = {
  entities: [User, SessionRow, KnownAddress, ExternalAccount, ...latchkeyEntities],
  migrations: [
    ...latchkeyMigrations,
    CreateUsers1763900000000,
    CreateHttpSessions1763900000001,
    CreateKnownAddresses1764504000001,
    AddTotp1764504000002,
    CreateExternalAccounts1764504000003,
    AddEmail1764504000004,
  ],
  synchronize: false,
};

/** How long a process waits for another one that has the SQLite file. */
const SQLITE_BUSY_MS = 10_000;

/**
 * `sqlite:<path>`, `postgres://...` or `mariadb://...`.
 * @throws {Error} for any other address; its text is not repeated, because it may hold a password
 */
export function databaseOptions(url: string): DataSourceOptions {
  if (url.startsWith('sqlite:')) {
    return { type: 'better-sqlite3', database: url.slice('sqlite:'.length), timeout: SQLITE_BUSY_MS, ...schema };
  }
  if (/^postgres(ql)?:\/\//.test(url)) return { type: 'postgres', url, ...schema };
  if (/^(mariadb|mysql):\/\//.test(url)) return { type: 'mariadb', url, ...schema };
  throw new Error('DATABASE_URL must begin with sqlite:, postgres:// or mariadb://.');
}
