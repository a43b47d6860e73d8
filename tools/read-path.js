// Lists the files and functions of the library that one warm bearer request passes, by V8's own count: `npm run build && node
// tools/read-path.js`. With `--json` for a program. A test holds the number of files.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuthModule, BlocklistService, TokenService } from 'nestjs-latchkey';

/** @typedef {{ file: string, functions: string[] }} Passed */

const ISSUER = 'http://localhost';
const root = new URL('../libs/auth/dist/', import.meta.url).href;

/** An application as the documentation begins: one guarded route, everything in memory. */
function application() {
  class RouteController {
    answer() {
      return { ok: true };
    }
  }
  const handler = Object.getOwnPropertyDescriptor(RouteController.prototype, 'answer');
  Get()(RouteController.prototype, 'answer', /** @type {PropertyDescriptor} */ (handler));
  Controller()(RouteController);
  class Application {}
  const auth = AuthModule.forRoot({ issuer: ISSUER, audience: 'read-path' });
  Module({ imports: [auth], controllers: [RouteController] })(Application);
  return Application;
}

/** A port that is free, so that the address is known before the application is. */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  return port;
}

/** @returns {Promise<Passed[]>} what one request passes, after others of the same token */
export async function passedByWarmRequest() {
  const app = await NestFactory.create(application(), new FastifyAdapter(), { logger: false });
  await app.listen(await freePort(), '127.0.0.1');
  const url = await app.getUrl();
  const { accessToken } = await app.get(TokenService).issue('reader');
  // A blocklist in use.
  const blocklist = app.get(BlocklistService);
  for (const id of ['another', 'one more']) {
    await blocklist.revokeToken({ subject: { issuer: ISSUER, id }, jti: id });
    await blocklist.revokeLogin({ issuer: ISSUER, sid: id });
    await blocklist.revokeSubject({ issuer: ISSUER, id });
  }
  const send = async () => {
    const { status } = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
    if (status !== 200) throw new Error(`The request was answered with ${status}.`);
  };
  for (let count = 0; count < 3; count += 1) await send();
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await session.post('Profiler.takePreciseCoverage');
    await send();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url: script }) => script.startsWith(root))
      .map(({ url: script, functions }) => ({
        file: script.slice(root.length),
        functions: functions
          .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
          .map(({ functionName }) => functionName || '(anonymous)'),
      }))
      .filter(({ functions }) => functions.length > 0)
      .sort((one, other) => one.file.localeCompare(other.file));
  } finally {
    session.disconnect();
    await app.close();
  }
}

const passed = await passedByWarmRequest();
if (process.argv.includes('--json')) process.stdout.write(JSON.stringify(passed));
else {
  for (const { file, functions } of passed) process.stdout.write(`${file}: ${functions.join(', ')}\n`);
  const functions = passed.flatMap((each) => each.functions);
  process.stdout.write(`${passed.length} files, ${functions.length} functions\n`);
}
