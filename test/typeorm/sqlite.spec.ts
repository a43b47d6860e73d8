import { describe } from '@jest/globals';
import { testTypeOrmStores } from '../support/typeorm-suite.js';

describe('TypeORM stores on SQLite', () => {
  testTypeOrmStores(() => ({ type: 'better-sqlite3', database: ':memory:' }), 200);
});
