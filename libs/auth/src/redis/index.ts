export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js';
export { redisStores, type RedisStoresOptions } from './recipe.js';
export type { OnFlush } from './revocation-store.js';
