export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { acknowledgeFlush, type AcceptFlushOptions } from './flush.js';
export { RedisKeySetCache, type RedisKeySetCacheOptions } from './key-set-cache.js';
export { redisStores, type RedisStoresOptions } from './stores-factory.js';
export type { OnFlush } from './blocklist-store.js';
