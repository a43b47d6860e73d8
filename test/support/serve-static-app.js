// An application with files of @nestjs/serve-static, on the adapter of the first argument and with the folder of the second. Prints what
// it answers and logs, as one line of JSON. A process of its own, because the package requires @fastify/static, which Jest cannot.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ServeStaticModule } from '@nestjs/serve-static';
import { AuthModule, TokenService } from 'nestjs-latchkey';

const [adapter, folder = '.'] = process.argv.slice(2);

class OrdersController {
  orders() {
    return [];
  }
}
const orders = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'orders');
if (orders !== undefined) Get()(OrdersController.prototype, 'orders', orders);
Controller('api/orders')(OrdersController);

class ShopModule {}
Module({
  imports: [AuthModule.forRoot(), ServeStaticModule.forRoot({ rootPath: folder, exclude: ['/api/{*rest}'] })],
  controllers: [OrdersController],
})(ShopModule);

/** @type {string[]} */
const lines = [];
const quiet = () => {};
const logger = { log: (/** @type {unknown} */ text) => void lines.push(String(text)), error: quiet, warn: quiet };
const app =
  adapter === 'fastify'
    ? await NestFactory.create(ShopModule, new FastifyAdapter(), { logger })
    : await NestFactory.create(ShopModule, { logger });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
const { accessToken } = await app.get(TokenService).issue('ada');
const file = await fetch(`${url}/price-list.txt`);
const answers = [
  file.status,
  await file.text(),
  (await fetch(url)).status,
  (await fetch(`${url}/api/orders`)).status,
  (await fetch(`${url}/api/orders`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
];
console.log(JSON.stringify({ answers, lines }));
await app.close();
