export { FamilyEntity, latchkeyEntities, RevocationEntity, type FamilyRow, type RevocationRow } from './entities.js';
export { CreateLatchkeyTables1763880000000, latchkeyMigrations } from './migrations.js';
export { typeOrmStores, type TypeOrmStoresOptions } from './recipe.js';
export { TypeOrmRefreshStore } from './refresh-store.js';
export { TypeOrmRevocationStore } from './revocation-store.js';
