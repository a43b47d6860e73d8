import { describe } from '@jest/globals';

import { betterSqlite3Database } from 'nestjs-latchkey/sql';
import { openSqlite } from '../support/better-sqlite3.js';
import { testSqlStores } from '../support/sql-suite.js';

describe('SQL stores on better-sqlite3', () => {
  testSqlStores(
    async () => {
      const sqlite = openSqlite(':memory:');
      return { database: betterSqlite3Database(sqlite), close: () => sqlite.close() };
    },
    { histories: 200 },
  );
});
