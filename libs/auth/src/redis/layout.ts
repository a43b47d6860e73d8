// The number of shards is stored in Redis itself. This detects processes that are configured with different numbers: each would write
// where the other does not look, and would accept what the other revoked.
import { AuthConfigurationError, readInteger } from '../core/internal.js';
import { listOf, run, type RedisClient } from './client.js';
import { Keys } from './keys.js';
import { READ, NOTE_ONCE } from './revocation-scripts.js';

/**
 * Writes down how many shards there are, or finds it written.
 * @throws {AuthConfigurationError} if the blocklist under this prefix has another number
 */
export async function claimLayout(client: RedisClient, keys: Keys): Promise<void> {
  const count = keys.shards.length;
  const there = await layoutIn(client, keys);
  if (there === count) return;
  const { prefix, layout } = keys;
  throw new AuthConfigurationError([
    `shards is ${count}, and the blocklist under '${prefix}' has ${there}: processes with different numbers would not see each ` +
      `other's revocations. Say the same everywhere. To change the number, stop every process, delete the keys ${layout} and ` +
      `${prefix}sentinel, and start: every user signs in again.`,
  ]);
}

async function layoutIn(client: RedisClient, keys: Keys): Promise<number> {
  // Before the number was written down there was one shard, and its sentinel.
  const [single] = new Keys(keys.prefix).shards;
  if (keys.shards.length > 1 && single !== undefined) {
    const [sentinel] = listOf(await run(client, READ, { keys: [single.sentinel], values: [] }), 1);
    if (sentinel !== null) return 1;
  }
  const shards = await run(client, NOTE_ONCE, { keys: [keys.layout], values: [keys.shards.length] });
  return readInteger({ shards }, 'shards');
}
