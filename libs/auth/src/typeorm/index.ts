export { CreateLatchkeyAudit1763887200000 } from './audit.migration.js';
export { AuditEntity, TypeOrmAuditSink, typeOrmAuditSink, type AuditRow } from './audit-sink.js';
export { FamilyEntity, latchkeyEntities, RevocationEntity, type FamilyRow, type RevocationRow } from './entities.js';
export { KeySetEntity, TypeOrmKeySetCache, type KeySetRow } from './key-set-cache.js';
export { CreateLatchkeyKeySets1763883600000 } from './key-sets.migration.js';
export { CreateLatchkeyTables1763880000000, latchkeyMigrations } from './migrations.js';
export { typeOrmStores, type TypeOrmStoresOptions } from './recipe.js';
export { TypeOrmRefreshStore } from './refresh-store.js';
export { TypeOrmRevocationStore } from './revocation-store.js';
