import { createPool } from 'mysql2/promise';
import { mysql2Database } from 'nestjs-latchkey/sql';
import { testOnMariaDb } from '../support/sql-servers.js';

testOnMariaDb(
  'SQL stores on mysql2',
  (url) => {
    const pool = createPool({ uri: url });
    return { database: mysql2Database(pool), close: () => pool.end() };
  },
  { oneUse: true },
);
