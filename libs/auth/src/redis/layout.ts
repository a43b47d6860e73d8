// How many shards the blocklist has is said in Redis itself. Answers two processes that were told different numbers: each would write
// where the other does not look, and what one revoked would live on at the other.
import { AuthConfigurationError, readInteger } from '../core/internal.js';
import { listOf, run, type RedisClient } from './client.js';
import { Keys } from './keys.js';
import { READ, VOUCH } from './revocation-scripts.js';

/**
 * Writes down how many shards there are, or finds it written.
 * @throws {AuthConfigurationError} where the blocklist under this prefix has another number
 */
export async function claimLayout(client: RedisClient, keys: Keys): Promise<void> {
  const count = keys.shards.length;
  const there = await layoutIn(client, keys);
  if (there === count) return;
  const { prefix, layout } = keys;
  throw new AuthConfigurationError([
    `shards is ${count}, and the blocklist under '${prefix}' has ${there}: processes with different numbers would not hear of each ` +
      `other's revocations. Say the same everywhere. To change the number, stop every process, delete the keys ${layout} and ` +
      `${prefix}sentinel, and start: everybody signs in once more.`,
  ]);
}

async function layoutIn(client: RedisClient, keys: Keys): Promise<number> {
  // Before the number was written down there was one shard, and its sentinel.
  const [single] = new Keys(keys.prefix).shards;
  if (keys.shards.length > 1 && single !== undefined) {
    const [sentinel] = listOf(await run(client, READ, { keys: [single.sentinel], values: [] }), 1);
    if (sentinel !== null) return 1;
  }
  const shards = await run(client, VOUCH, { keys: [keys.layout], values: [keys.shards.length] });
  return readInteger({ shards }, 'shards');
}
