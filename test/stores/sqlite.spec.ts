import { describe } from '@jest/globals';
import { testTypeOrmStores } from '../support/type-orm-suite.js';

describe('TypeORM stores on SQLite', () => {
  testTypeOrmStores(() => ({ type: 'better-sqlite3', database: ':memory:' }), 200);
});
