import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { documentation } from './documentation.js';
import { onFastify } from './environment.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, onFastify ? new FastifyAdapter() : new ExpressAdapter());
  app.enableShutdownHooks();
  documentation(app);
  await app.listen(app.get(ConfigService).getOrThrow<number>('PORT'));
  // Node names the address that it listens on, `[::1]` or `0.0.0.0`; users need the name.
  const url = `http://localhost:${new URL(await app.getUrl()).port}`;
  Logger.log(`Courses listens on ${url}, its documentation is at ${url}/docs`, 'Courses');
}

await bootstrap();
