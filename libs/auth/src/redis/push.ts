// Receives changes of the blocklist by publish and subscribe. It takes a connection of its own, made like that of the application, and only
// brings a reading forward: if the connection is down or a message is lost, the change is read a little later.
import { EventEmitter, once } from 'node:events';
import { AuthConfigurationError, keepListening } from '../core/internal.js';
import { run, script, type RedisClient } from './client.js';
import type { Keys } from './keys.js';
import { checkRedis } from './readiness.js';

/** The part of a duplicate of a node-redis client that is used. */
interface NodeSubscriber extends EventEmitter {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  destroy(): void;
}

/** The part of a duplicate of an ioredis client that is used. */
interface IoSubscriber extends EventEmitter {
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** A connection that listens to one channel, until it is closed. */
interface Subscription {
  /** Resolves once it listens. A client that connects again by itself subscribes again by itself too. */
  open(channel: string, onMessage: () => void): Promise<unknown>;
  /** Calls back whenever the client is connected, also after a reconnect: messages in between are lost. */
  onReady(listener: () => void): void;
  /** Resolves once the client has given up to connect. */
  readonly ended: Promise<unknown>;
  close(): void;
}

/** What to listen to. */
interface Listener {
  readonly client: RedisClient;
  readonly channel: string;
  readonly onMessage: () => void;
}

/**
 * Calls back whenever something is published on a channel, from now on until it is stopped, however often the connection is lost.
 * @returns how to stop
 */
export function listen(listener: Listener): () => void {
  return keepListening(async (over) => listenOnce(over, listener));
}

async function listenOnce(over: AbortSignal, { client, channel, onMessage }: Listener): Promise<void> {
  const { open, onReady, ended, close } = subscriptionOf(client);
  const receive = (): void => void (over.aborted || onMessage());
  over.addEventListener('abort', close, { once: true });
  try {
    await open(channel, receive);
    onReady(receive);
    receive();
    await ended;
  } finally {
    over.removeEventListener('abort', close);
    close();
  }
}

function subscriptionOf(client: RedisClient): Subscription {
  return 'evalSha' in client ? nodeSubscription(client) : ioSubscription(client);
}

function nodeSubscription(client: RedisClient): Subscription {
  const connection = duplicateOf<NodeSubscriber>(client);
  return {
    open: async (channel, onMessage) => {
      await connection.connect();
      await connection.subscribe(channel, onMessage);
    },
    onReady: (listener) => void connection.on('ready', listener),
    ended: new Promise((resolve) => connection.once('end', resolve)),
    close: () => connection.destroy(),
  };
}

function ioSubscription(client: RedisClient): Subscription {
  // What is asked of it waits until it is connected, whatever the client of the application does with commands. One that is lost is
  // not connected again but made again: if it may no longer subscribe, ioredis would leave a rejection that ends the process.
  const patient = { enableOfflineQueue: true, lazyConnect: false };
  const single = { maxRetriesPerRequest: null, retryStrategy: null, sentinelRetryStrategy: null };
  const overrides = 'nodes' in client ? [[], patient] : [{ ...patient, ...single }];
  const connection = duplicateOf<IoSubscriber>(client, ...overrides);
  return {
    open: (channel, onMessage) => {
      connection.on('message', onMessage);
      return connection.subscribe(channel);
    },
    onReady: (listener) => void connection.on('ready', listener),
    ended: new Promise((resolve) => connection.once('end', resolve)),
    close: () => connection.disconnect(),
  };
}

function duplicateOf<Connection extends EventEmitter>(
  client: RedisClient,
  ...overrides: readonly object[]
): Connection {
  if (!('duplicate' in client) || typeof client.duplicate !== 'function')
    throw new AuthConfigurationError([
      'push is true, and the client has no duplicate() to make a connection for it. Pass a client, not a pool.',
    ]);
  const connection = client.duplicate(...overrides) as Connection;
  // Both clients tell here of each attempt to connect that failed, and end the process if nothing listens.
  connection.on('error', () => {});
  return connection;
}

const PUBLISH = script(`return redis.call('PUBLISH', ARGV[1], 'probe')`);

/**
 * Publishes a message and waits until it is received.
 * @throws {AuthConfigurationError} if it is not
 */
export async function checkPush(client: RedisClient, { channel, layout }: Keys): Promise<void> {
  const { open, close } = subscriptionOf(client);
  const received = new EventEmitter();
  try {
    await checkRedis(async () => {
      await open(channel, () => received.emit('message'));
      await Promise.all([once(received, 'message'), run(client, PUBLISH, { keys: [layout], values: [channel] })]);
    });
  } finally {
    close();
  }
}
