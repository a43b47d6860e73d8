// A project of its own in a temporary folder: made by the CLI, given the library as a tarball, built, tested and started.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { npmEnvironment } from '../support/npm-package.js';
import { nodeOf } from '../support/other-nodes.js';
import { COMPANIONS, NAME, PASSWORD, switchOn, withExtensions } from './features.js';
import type { Builder, Template } from './templates.js';

const STEP_MS = 300_000;
const START_MS = 60_000;
const PNPM = 'pnpm@10.21.0';

export type PackageManager = 'npm' | 'pnpm';

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a project with one version of Node after the other. */
export class FreshProject {
  private parent = '';

  constructor(
    private readonly template: Template,
    private readonly manager: PackageManager,
  ) {}

  /** As `nest new app` does. */
  make(): Ended {
    this.parent = mkdtempSync(join(tmpdir(), 'latchkey-project-'));
    const { cli, schematics, answers, nodes } = this.template;
    const command = 'schematics @nestjs/schematics:application --name=app --no-interactive';
    const packages = ['-p', `@nestjs/cli@${cli}`, '-p', `@nestjs/schematics@${schematics}`];
    const ended = this.run(nodes[0], 'npx', ['-y', ...packages, '-c', [command, ...answers].join(' ')], this.parent);
    if (ended.status === 0 && this.template.becomesModule === true) this.becomeModule();
    return ended;
  }

  /** Installs the packed library beside everything that the template asks for. */
  install(tarball: string): Ended {
    const wanted = [tarball, ...COMPANIONS];
    const [node] = this.template.nodes;
    if (this.manager === 'pnpm') return this.run(node, 'npx', ['-y', PNPM, 'add', '--prefer-offline', ...wanted]);
    return this.run(node, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...wanted]);
  }

  /** Runs a line of a shell in the project, as a user types it. */
  type(line: string): Ended {
    return this.run(this.template.nodes[0], 'sh', ['-c', line]);
  }

  /** Runs a line that goes on, waits until it answers over HTTP, and runs others meanwhile. `log` is what it printed. */
  async typeBeside(
    line: string,
    others: (url: string) => readonly string[],
  ): Promise<{ readonly ended: readonly Ended[]; readonly log: string }> {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const url = `http://localhost:${port}`;
    const env = { ...this.environmentOf(this.template.nodes[0]), PORT: String(port) };
    const file = join(this.parent, 'beside.log');
    const output = openSync(file, 'w');
    // A group of its own, so that what it started ends with it.
    const child = spawn('sh', ['-c', line], {
      cwd: this.folder,
      env,
      stdio: ['ignore', output, output],
      detached: true,
    });
    try {
      await untilAnswered(url);
      const ended = others(url).map((other) => this.type(other));
      return { ended, log: readFileSync(file, 'utf8') };
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      closeSync(output);
    }
  }

  /** All that is not committed, as text; everything is added. */
  uncommitted(): string {
    return this.type('git add -A && git diff --cached -- . ":(exclude)*lock*" && git reset -q').output;
  }

  switchOn(): void {
    switchOn(this.folder, this.template.isModule);
  }

  /** @param builder as `nest build --builder` names it; the template's own where there is none */
  build(builder?: Builder): Ended {
    const [node] = this.template.nodes;
    if (builder === undefined) return this.run(node, 'npm', ['run', 'build']);
    return this.run(node, 'npx', ['nest', 'build', '--builder', builder]);
  }

  /** Installs what a builder needs beside the CLI. */
  add(...packages: readonly string[]): Ended {
    const [node] = this.template.nodes;
    const args =
      this.manager === 'pnpm' ? ['-y', PNPM, 'add', '-D'] : ['--prefer-offline', '--no-audit', 'install', '-D'];
    return this.run(node, this.manager === 'pnpm' ? 'npx' : 'npm', [...args, ...packages]);
  }

  test(node: string, script: 'test' | 'test:e2e'): Ended {
    return this.run(node, 'npm', ['run', script]);
  }

  /** Starts what was built, signs in over HTTP, and says how each request was answered and what the process had to say. */
  async signIn(node: string): Promise<{ readonly answers: readonly number[]; readonly errors: string }> {
    const port = await freePort();
    const child = spawn(pathOf(node), ['dist/main.js'], {
      cwd: this.folder,
      env: { ...npmEnvironment, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    try {
      const answers = await Promise.race([signInAt(`http://localhost:${port}`), once(child, 'exit').then(() => [])]);
      return { answers, errors };
    } finally {
      child.kill();
    }
  }

  remove(): void {
    if (this.parent !== '') rmSync(this.parent, { recursive: true, force: true });
  }

  private get folder(): string {
    return join(this.parent, 'app');
  }

  private becomeModule(): void {
    const file = join(this.folder, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...manifest, type: 'module' }, null, 2));
    for (const name of ['main.ts', 'app.module.ts', 'app.controller.ts', 'app.controller.spec.ts']) {
      const path = join(this.folder, 'src', name);
      writeFileSync(path, withExtensions(readFileSync(path, 'utf8')));
    }
  }

  private run(node: string, command: string, args: readonly string[], cwd = this.folder): Ended {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd,
      env: this.environmentOf(node),
      encoding: 'utf8',
      timeout: STEP_MS,
    });
    return { status, output: stripVTControlCharacters(stdout + stderr) };
  }

  private environmentOf(node: string): Record<string, string | undefined> {
    const path = `${this.binOf(node)}${delimiter}${npmEnvironment['PATH'] ?? ''}`;
    return { ...npmEnvironment, PATH: path, CI: 'true' };
  }

  /** A folder for the PATH in which `node` is that version, and `pnpm` the one that is pinned here. */
  private binOf(node: string): string {
    const bin = join(this.parent, `node-${node}`);
    if (mkdirSync(bin, { recursive: true }) !== undefined) {
      symlinkSync(pathOf(node), join(bin, 'node'));
      writeFileSync(join(bin, 'pnpm'), `#!/bin/sh\nexec npx -y ${PNPM} "$@"\n`, { mode: 0o755 });
    }
    return bin;
  }
}

const paths = new Map<string, string>();

function pathOf(major: string): string {
  const isThis = process.versions.node.startsWith(`${major}.`);
  const path = paths.get(major) ?? (isThis ? process.execPath : nodeOf(major));
  if (path === undefined) throw new Error(`Node ${major} cannot be had from npm`);
  paths.set(major, path);
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The statuses without a token, of signing in, with the token, and with it once it was revoked. */
async function signInAt(url: string): Promise<readonly number[]> {
  const anonymous = await untilAnswered(url);
  const post = (path: string, body: object, token?: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
  const signedIn = await post('/auth/token', { username: NAME, password: PASSWORD });
  const { access_token: token, refresh_token: refresh } = (await signedIn.json()) as Record<string, string>;
  const get = async () => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
  const before = await get();
  await post('/auth/token/revoke', { token: refresh });
  return [anonymous, signedIn.status, before, await get()];
}

async function untilAnswered(url: string): Promise<number> {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      return (await fetch(url)).status;
    } catch (error) {
      if (Date.now() > end) throw error;
      await wait(100);
    }
  }
}
