// A database server for one test file: started on a free port with a folder of its own, and killed at the end.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Server {
  readonly port: number;
  /** Stops it as a crash would (SIGKILL) and removes its folder. */
  stop(): Promise<void>;
  /** Freezes it: it accepts connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

const START_MS = 60_000;

export function hasCommand(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The probe has no port.');
  return address.port;
}

/** A folder that every user may enter, because some servers refuse to run as root. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
}

/**
 * Copies an empty data folder into `folder`: making one takes a server seconds, so it is made once on a machine and kept.
 * `make` fills the folder that it is given. `name` changes with everything that decides what an empty folder looks like.
 */
export async function copyDataFolder(
  name: string,
  folder: string,
  make: (template: string) => Promise<void>,
): Promise<void> {
  const template = join(tmpdir(), `latchkey-empty-${name}`);
  if (!existsSync(template)) {
    const made = temporaryFolder('template');
    await make(made);
    // Test files run side by side. The first to finish is kept.
    if (existsSync(template)) rmSync(made, { recursive: true, force: true });
    else renameSync(made, template);
  }
  // `cp` keeps the owner, which Node does not.
  const copied = spawnSync('cp', ['-a', `${template}/.`, folder], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`${template} was not copied: ${copied.stderr}`);
}

/** Starts a command and waits until its port accepts connections. */
export async function startServer(options: {
  command: string;
  args: readonly string[];
  port: number;
  folder: string;
  /** The user and group that it runs as. */
  uid?: number | undefined;
}): Promise<Server> {
  const { command, args, port, folder, uid } = options;
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...user });
  const said = collect(child);
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  try {
    await accepting(port, child);
  } catch (error) {
    killNow();
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${command} did not start: ${said()}`, { cause: error });
  }
  return {
    port,
    async stop() {
      process.removeListener('exit', killNow);
      if (child.exitCode === null && child.signalCode === null) {
        killNow();
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4_000);
  });
  return () => text;
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}.`);
    if (await accepts(port)) return;
    await wait(50);
  }
  throw new Error(`Nothing listens after ${START_MS} ms.`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
