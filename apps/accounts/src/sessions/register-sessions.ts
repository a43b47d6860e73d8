import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionOptions } from '@fastify/session';
import type { INestApplication } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisStore } from 'connect-redis';
import expressSession, { type Store } from 'express-session';
import { OwnKeys } from 'nestjs-latchkey/keys';
import { DataSource } from 'typeorm';
import { onFastify } from '../environment.js';
import { REDIS, type Redis } from '../redis/redis.module.js';
import { AnsweringStore } from './answering-store.js';
import { DatabaseSessionStore } from './database-session-store.js';

/** As long as a sign-in can last; each one ends by itself within. */
const LIFE_SECONDS = 30 * 24 * 60 * 60;

/** Gives every request a session of the framework in use, before the application listens. */
export async function registerSessions(app: INestApplication): Promise<void> {
  const secure = isSecure(app);
  const name = sessionCookieName(app);
  const cookie = { secure, httpOnly: true, sameSite: 'lax', path: '/' } as const;
  const common = {
    secret: secretsOf(app),
    saveUninitialized: false,
    rolling: false,
    cookie,
    store: new AnsweringStore(storeOf(app)),
  };
  if (!onFastify) {
    app.use(expressSession({ ...common, name, resave: false }));
    return;
  }
  const fastify = app as NestFastifyApplication;
  await fastify.register(fastifyCookie);
  // The store asks for less than the types of the plugin say: sessions as JSON makes them.
  const store = common.store as unknown as NonNullable<FastifySessionOptions['store']>;
  await fastify.register(fastifySession, { ...common, store, cookieName: name });
}

/** What the cookie of the session is called: over https browsers hold its prefix to what it promises. */
export function sessionCookieName(app: INestApplication): string {
  return isSecure(app) ? '__Host-session' : 'session';
}

function isSecure(app: INestApplication): boolean {
  return app.get(ConfigService).getOrThrow<string>('PUBLIC_URL').startsWith('https:');
}

/** Derived from the signing keys, so that all processes agree and there is nothing more to keep. */
function secretsOf(app: INestApplication): string[] {
  const secrets = app.get(OwnKeys).secretsFor('accounts session cookies v1');
  return secrets.map((secret) => Buffer.from(secret).toString('base64url'));
}

function storeOf(app: INestApplication): Store {
  const client = app.get<Redis | undefined>(REDIS);
  return client === undefined
    ? new DatabaseSessionStore(app.get(DataSource), LIFE_SECONDS)
    : new RedisStore({ client, prefix: 'accounts:session:', ttl: LIFE_SECONDS });
}
