import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from 'redis';
import { redisUrl } from '../environment.js';

/** The client of this process, or `undefined` where nothing is kept in Redis. */
export const REDIS = Symbol('REDIS');

const PATIENCE_MS = 2_000;

export type Redis = Awaited<ReturnType<typeof connect>>;

async function connect(url: string) {
  // Without a queue a lost connection is an error at once, and the request is answered with 503.
  const client = createClient({ url, disableOfflineQueue: true });
  const logger = new Logger('Redis');
  client.on('error', (error: Error) => logger.error(error.message));
  return client.connect();
}

@Global()
@Module({
  providers: [{ provide: REDIS, useFactory: () => (redisUrl === undefined ? undefined : connect(redisUrl)) }],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly client: Redis | undefined) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.client === undefined) return;
    // Closing waits for what was asked before, and a Redis that says nothing would keep the process for ever.
    const client = this.client;
    const patience = setTimeout(() => client.destroy(), PATIENCE_MS);
    await client.close().finally(() => clearTimeout(patience));
  }
}
