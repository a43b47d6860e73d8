// The process in which a README snippet runs: it is imported, and each Nest module that it exports is booted and closed.
// A server it starts gets a free port, and ends the run once it listens.
import { Server } from 'node:net';
import { pathToFileURL } from 'node:url';
import { NestFactory } from '@nestjs/core';

const listen = Server.prototype.listen;
Server.prototype.listen = /** @type {typeof listen} */ (
  /**
   * @this {Server}
   * @param {unknown[]} args
   */
  function listenOnFreePort(...args) {
    this.once('listening', () => setImmediate(() => process.exit(0)));
    const callback = args.find((argument) => typeof argument === 'function');
    return listen.call(this, 0, /** @type {(() => void) | undefined} */ (callback));
  }
);

const exported = Object.entries(await import(pathToFileURL(process.argv[2] ?? '').href));
for (const [name, value] of exported) {
  if (!name.endsWith('Module')) continue;
  const application = await NestFactory.createApplicationContext(value, { logger: ['error'], abortOnError: false });
  await application.close();
}
