// How a script is run by whichever client the application has. No Redis package is imported: a client is passed in, ready.
import { createHash } from 'node:crypto';
import { type Clock, readInteger } from '../core/internal.js';

/** The part of a node-redis client (5 or 6; single or cluster) that is used. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** The part of an ioredis client (5; single or cluster) that is used. */
export interface IoRedisClient {
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A client of the application, connected by it and closed by it. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** A Lua script and the digest that Redis knows it by. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** What a script is about. All keys share one slot if the prefix holds a hash tag. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/** Makes a script. Redis runs each as one step that nothing comes between. */
export function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/**
 * Lua: the current time of Redis in epoch milliseconds. It is the one clock of all processes; a value that is not empty was moved by
 * hand in a test, see {@link storeMoment}.
 */
export const STORE_NOW_MS = `
local function storeNowMs(moved)
  if moved ~= '' then return tonumber(moved) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end`;

/** What to pass for `moved`. */
export function storeMoment(clock: Clock): string {
  return clock.storeNowMs()?.toFixed(0) ?? '';
}

/** Runs a script by its digest, and sends its text only if the server has not seen it since it started. */
export async function run(client: RedisClient, { text, sha1 }: Script, call: ScriptCall): Promise<unknown> {
  try {
    return await evaluate(client, { sha1 }, call);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return evaluate(client, { text }, call);
  }
}

/**
 * The list that a script answered.
 * @param length how many members it has, if that is known
 * @throws {Error} for anything else: an unknown reply is never accepted
 */
export function listOf(reply: unknown, length?: number): readonly unknown[] {
  if (Array.isArray(reply) && (length === undefined || reply.length === length)) return reply;
  throw new Error('Redis answered something else than the list that was asked for.');
}

/** The number that a script counted. @throws {Error} for anything else */
export function countOf(reply: unknown): number {
  const count = readInteger({ reply }, 'reply');
  if (count < 0) throw new Error('Redis answered less than nothing.');
  return count;
}

/** Whether a script did it: 1 or 0. @throws {Error} for anything else */
export function yesOrNo(reply: unknown): boolean {
  const count = countOf(reply);
  if (count === 0 || count === 1) return count === 1;
  throw new Error('Redis answered something else than 1 or 0.');
}

type Source = { readonly sha1: string } | { readonly text: string };

function evaluate(client: RedisClient, source: Source, call: ScriptCall): Promise<unknown> {
  const keys = [...call.keys];
  const values = call.values.map(String);
  if ('evalSha' in client) {
    const options = { keys, arguments: values };
    return 'sha1' in source ? client.evalSha(source.sha1, options) : client.eval(source.text, options);
  }
  return 'sha1' in source
    ? client.evalsha(source.sha1, keys.length, ...keys, ...values)
    : client.eval(source.text, keys.length, ...keys, ...values);
}
