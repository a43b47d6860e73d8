// Owns the look at Redis before the first request: that it answers, and that it keeps what it is given.
import { AuthConfigurationError } from '../core/errors.js';
import { storedText } from '../core/stores/stored.js';
import { within } from '../core/stores/time-limit.js';
import { run, script, type RedisClient } from './client.js';

const PATIENCE_MS = 5_000;

/**
 * Does one small thing in Redis. Clients queue commands while they are not connected, so that it is given a limit.
 * @throws {AuthConfigurationError} where it does not succeed
 */
export async function checkRedis(work: () => Promise<unknown>): Promise<void> {
  try {
    await within(PATIENCE_MS, work);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    throw new AuthConfigurationError([
      `Redis is not ready (${reason}). Start it, and connect the client before it is handed over.`,
    ]);
  }
}

// A user of the server that may not read this is not told of it.
const MEMORY = script(`
local memory = redis.pcall('INFO', 'memory')
return type(memory) == 'string' and memory or ''`);

/**
 * Looks whether Redis throws keys away when it is full: a revoked token would come alive.
 * @throws {AuthConfigurationError} where it does
 */
export async function checkKeepsKeys(client: RedisClient): Promise<void> {
  const memory = storedText({ memory: await run(client, MEMORY, { keys: [], values: [] }) }, 'memory');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  const isLimited = /^maxmemory:[1-9]/m.test(memory);
  if (isLimited && policy !== 'noeviction')
    throw new AuthConfigurationError([
      `Redis throws keys away when it is full (maxmemory-policy ${policy}): a revoked token would come alive. Set it to ` +
        'noeviction, or say `allowEviction: true` to redisStores().',
    ]);
}
