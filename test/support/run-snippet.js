// The process in which snippets of one document run, one after the other: each is imported, and each Nest module that it exports is booted and
// closed. A server that one starts gets a free port, and ends the run once it listens: such a snippet has a process of its own.
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
    this.once('listening', () =>
      setImmediate(() => {
        process.stdout.write('a server listens\n', () => process.exit(0));
      }),
    );
    const callback = args.find((argument) => typeof argument === 'function');
    return listen.call(this, 0, /** @type {(() => void) | undefined} */ (callback));
  }
);

const environment = { ...process.env };

/** @param {string} path */
async function run(path) {
  const exported = Object.entries(await import(pathToFileURL(path).href));
  for (const [name, value] of exported) {
    if (!name.endsWith('Module')) continue;
    const application = await NestFactory.createApplicationContext(value, { logger: ['error'], abortOnError: false });
    await application.close();
  }
}

for (const path of process.argv.slice(2)) {
  try {
    await run(path);
    process.stdout.write(`\nran ${path}\n`);
  } catch (error) {
    process.exitCode = 1;
    console.error(path, error);
  }
  process.env = { ...environment };
}
