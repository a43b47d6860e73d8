// An application in a cluster of Node: two workers on one port, each with the module as the first argument says. Prints what the workers
// warned of, and how often a token of one of them was accepted, as one line of JSON.
import cluster from 'node:cluster';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import 'reflect-metadata';

/** @type {import('nestjs-latchkey').AuthModuleOptions} */
const options = JSON.parse(process.argv[2] ?? '{}');

async function work() {
  class MeController {
    me() {
      return {};
    }
  }
  Get()(
    MeController.prototype,
    'me',
    /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(MeController.prototype, 'me')),
  );
  Controller('me')(MeController);
  class App {}
  Module({ imports: [AuthModule.forRoot(options)], controllers: [MeController] })(App);
  /** @type {string[]} */
  const warnings = [];
  const quiet = () => {};
  const logger = { log: quiet, error: quiet, warn: (/** @type {unknown} */ text) => void warnings.push(String(text)) };
  const app = await NestFactory.create(App, { logger });
  await app.listen(0, '127.0.0.1');
  const { accessToken } = await app.get(TokenService).issue('ada');
  process.send?.({ warnings, accessToken, url: await app.getUrl() });
}

async function lead() {
  const workers = [cluster.fork(), cluster.fork()];
  const said = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  const { accessToken, url } = said[0];
  const headers = { authorization: `Bearer ${accessToken}`, connection: 'close' };
  // Connections are handed to the workers in turn.
  const answers = [];
  for (let request = 0; request < 8; request += 1) answers.push((await fetch(`${url}/me`, { headers })).status);
  console.log(JSON.stringify({ warnings: said.map(({ warnings }) => warnings), answers }));
  for (const worker of workers) worker.kill('SIGKILL');
  process.exit(0);
}

await (cluster.isPrimary ? lead() : work());
