// An application that composes guards with the real @nest-lab/or-guard, which Jest cannot load. It writes its address and a
// good token as one line of JSON, and ends when its input does.
import 'reflect-metadata';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AndGuard, OrGuard } from '@nest-lab/or-guard';
import { AuthModule, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';

const { ADAPTER = 'express', DEFAULT_GUARD = 'false' } = process.env;

class KeyGuard {
  /** @param {import('@nestjs/common').ExecutionContext} context */
  canActivate(context) {
    if (context.switchToHttp().getRequest().headers['x-key'] === 'k-1') return true;
    throw new UnauthorizedException('The key is missing.');
  }
}
Injectable()(KeyGuard);

/**
 * @typedef {MethodDecorator & ClassDecorator} Decorate
 * @param {string} path
 * @param {Record<string, Decorate[]>} handlers decorators by method
 * @param {Decorate[]} onClass
 */
function controller(path, handlers, onClass = []) {
  class ComposedController {}
  for (const [name, decorators] of Object.entries(handlers)) {
    Object.defineProperty(ComposedController.prototype, name, { value: () => ({ path }), writable: true });
    const descriptor = Object.getOwnPropertyDescriptor(ComposedController.prototype, name) ?? {};
    for (const decorate of [Get(name), ...decorators]) decorate(ComposedController.prototype, name, descriptor);
  }
  for (const decorate of [Controller(path), ...onClass]) decorate(ComposedController);
  return ComposedController;
}

const either = UseGuards(OrGuard([JwtAuthGuard, KeyGuard], { throwLastError: true }));
const quietly = UseGuards(OrGuard([KeyGuard, JwtAuthGuard]));
const both = UseGuards(AndGuard([JwtAuthGuard, KeyGuard], { throwOnFirstError: true }));

class AppModule {}
Module({
  imports: [
    AuthModule.forRoot({
      errors: { format: 'problem' },
      ...(DEFAULT_GUARD === 'false' ? { defaultGuard: false } : {}),
    }),
  ],
  controllers: [
    controller('plain', { either: [either], quietly: [quietly], both: [both] }),
    controller('public', { either: [either, Public()], quietly: [quietly, Public()], both: [both, Public()] }),
    controller('listed', { either: [either, Public()], both: [both, Public()] }, [UseGuards(JwtAuthGuard)]),
  ],
  providers: [JwtAuthGuard, KeyGuard],
})(AppModule);

const app =
  ADAPTER === 'fastify'
    ? await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
    : await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
const { accessToken } = await app.get(TokenService).issue('ada');
process.stdout.write(`${JSON.stringify({ url: await app.getUrl(), token: accessToken })}\n`);
process.stdin.resume().once('end', () => void app.close().then(() => process.exit(0)));
