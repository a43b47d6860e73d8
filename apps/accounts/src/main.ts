import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { documentation } from './documentation.js';
import { behindProxy, inProduction, onFastify } from './environment.js';
import { SampleLogger } from './sample-logger.js';
import { registerSessions } from './sessions/register-sessions.js';

/** With https there is a proxy on this host, which states the protocol of the browser. Only this proxy is trusted. */
function adapter(): ExpressAdapter | FastifyAdapter {
  if (onFastify) return new FastifyAdapter(behindProxy ? { trustProxy: 'loopback' } : {});
  const express = new ExpressAdapter();
  if (behindProxy) express.set('trust proxy', 'loopback');
  return express;
}

const tokenRequest = (url: string): string =>
  `  curl -s ${url}/auth/token -H 'content-type: application/json' -d '{"username":"ada","password":"correct horse battery staple"}'`;

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, adapter(), { logger: new SampleLogger() });
  app.enableShutdownHooks();
  await registerSessions(app);
  documentation(app);
  const port = app.get(ConfigService).getOrThrow<number>('PORT');
  await app.listen(port, '0.0.0.0');
  const url = `http://localhost:${port}`;
  Logger.log(`Accounts listens on ${url}, its documentation is at ${url}/docs`, 'Accounts');
  if (!inProduction)
    Logger.log(`Open ${url} to sign in and try each refusal, or ask for a token:\n${tokenRequest(url)}`, 'Accounts');
}

await bootstrap();
