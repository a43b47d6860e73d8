// Starts a built sample app as a process, as `npm start` does, with a database and keys of its own, and kills it at the end.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';
import { freePort, temporaryFolder } from './database-server.js';

export interface AppProcess {
  readonly url: string;
  readonly folder: string;
  /** Everything it wrote so far. */
  readonly log: () => string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Ends it as an operator would, and resolves its exit code. Its folder stays. */
  stop(): Promise<number | null>;
  /** Kills it if it runs, and removes its folder. */
  remove(): Promise<void>;
}

export interface AppProcessOptions {
  readonly app?: 'accounts' | 'courses';
  readonly environment?: Readonly<Record<string, string>>;
  /** The folder of its database and keys, to start a second process on them. @defaultValue a new one */
  readonly folder?: string;
  readonly port?: number;
}

// No test run leaves a process behind, however it ends.
const alive = new Set<ChildProcess>();
process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

const START_MS = 60_000;
const STOP_MS = 10_000;

/** Resolves when it answers; rejects with what it wrote if it ends before. */
export async function startApp(options: AppProcessOptions = {}): Promise<AppProcess> {
  const { app = 'accounts', environment = {}, folder = temporaryFolder(app), port = await freePort() } = options;
  const main = join(root, `apps/${app}/dist/main.js`);
  if (!existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first`);
  const written: string[] = [];
  const child = spawn(process.execPath, [main], { cwd: folder, env: environmentOf(port, folder, environment) });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => written.push(String(chunk)));
  const log = (): string => written.join('');
  alive.add(child);
  await listening(child, log).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  const send: AppProcess['fetch'] = (path, init) => fetch(url + path, { redirect: 'manual', ...init });
  return {
    url,
    folder,
    log,
    fetch: send,
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    stop: () => ended(child, 'SIGTERM'),
    async remove() {
      await ended(child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf(port: number, folder: string, own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NO_COLOR: '1',
    PORT: String(port),
    DATABASE_URL: `sqlite:${join(folder, 'accounts.sqlite')}`,
    KEYS_DIR: join(folder, 'keys'),
    ...own,
  };
}

function listening(child: ChildProcess, log: () => string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void => reject(new Error(`The app ${reason}:\n${log()}`));
    const patience = setTimeout(fail, START_MS, 'did not start');
    child.once('exit', (code) => {
      clearTimeout(patience);
      fail(`ended with ${code}`);
    });
    child.stdout?.on('data', () => {
      if (!log().includes('listens on')) return;
      clearTimeout(patience);
      resolve();
    });
  });
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    child.kill(signal);
    await exit;
  }
  return child.exitCode;
}
