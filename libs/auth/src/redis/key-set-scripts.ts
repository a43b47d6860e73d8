// What happens to shared key sets inside Redis, where a script is one step. Each touches one key, so that a cluster may keep
// sets and leases wherever it likes.
import { script } from './client.js';

/** Reads a set. Keys: the set. Answers body, fetchedAtMs and freshUntilMs, or nothing for each. */
export const GET_SET = script(`return redis.call('HMGET', KEYS[1], 'body', 'fetchedAtMs', 'freshUntilMs')`);

/** Stores a set unless a later one is there. Keys: the set. Values: fetchedAtMs, life in ms, then fields and values. */
export const PUT_SET = script(`
local stored = redis.call('HGET', KEYS[1], 'fetchedAtMs')
if stored and tonumber(stored) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);

/**
 * Takes a lease. Keys: the lease. Values: holder, nowMs, leaseMs. The end is kept beside the expiry, so that the clock of the process that
 * asks can end a lease too: both are upper bounds.
 */
export const TAKE_LEASE = script(`
local endsAtMs = redis.call('HGET', KEYS[1], 'endsAtMs')
if endsAtMs and tonumber(endsAtMs) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'endsAtMs', string.format('%.0f', ARGV[2] + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`);

/** Gives a lease back. Keys: the lease. Values: holder. */
export const RELEASE_LEASE = script(`
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);
