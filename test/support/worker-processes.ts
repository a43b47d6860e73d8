// Several processes of the built package on one database, each of which can be killed at any time.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';
import { temporaryFolder } from './database-server.js';

export interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sid: string;
}

/** The result of a call: `accepted`, the code of the refusal, or `died` if the process did before it answered. */
export interface CallResult {
  readonly code: string;
  readonly value?: unknown;
}

export interface WorkerOptions {
  readonly database: string;
  readonly size?: number;
  readonly freshness?: 'every-request' | { readonly withinMs: number };
  readonly push?: boolean;
}

const WORKER = join(import.meta.dirname, 'worker-process.js');

class WorkerProcess {
  readonly #waiting = new Map<number, (told: CallResult) => void>();
  #calls = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      const { id, ...told } = message as CallResult & { readonly id: number };
      this.#waiting.get(id)?.(told);
      this.#waiting.delete(id);
    });
    child.once('exit', () => {
      for (const answer of this.#waiting.values()) answer({ code: 'died' });
      this.#waiting.clear();
    });
  }

  static async start(options: object): Promise<WorkerProcess> {
    const child = fork(WORKER, [JSON.stringify(options)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
    if (message !== 'ready') throw new Error('A machine did not start.');
    return new WorkerProcess(child);
  }

  call(does: string, values: readonly string[]): Promise<CallResult> {
    if (!this.isAlive) return Promise.resolve({ code: 'died' });
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.child.send({ id, does, values }, (error) => error && resolve({ code: 'died' }));
    });
  }

  get isAlive(): boolean {
    return this.child.connected && this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

export class WorkerProcesses {
  #turn = 0;
  /** How often each code was returned, for the report. */
  readonly told = new Map<string, number>();

  private constructor(
    private readonly machines: WorkerProcess[],
    private readonly options: { readonly keys: string },
  ) {}

  static async start({
    database,
    size = 3,
    freshness = 'every-request',
    push = false,
  }: WorkerOptions): Promise<WorkerProcesses> {
    if (!existsSync(join(root, 'libs/auth/dist/index.js'))) throw new Error('Run "npm run build" first.');
    const options = { database, freshness, push, keys: join(temporaryFolder('workers'), 'keys') };
    return new WorkerProcesses(
      await Promise.all(Array.from({ length: size }, () => WorkerProcess.start(options))),
      options,
    );
  }

  /** Calls one process: the next one in turn that runs, or the one with this number. */
  async call(does: string, values: readonly string[], at?: number): Promise<CallResult> {
    const machine = at === undefined ? this.#next : this.machines[at % this.machines.length];
    const told = (await machine?.call(does, values)) ?? { code: 'died' };
    this.told.set(told.code, (this.told.get(told.code) ?? 0) + 1);
    return told;
  }

  async issue(subject: string): Promise<Pair> {
    const { code, value } = await this.persist('issue', [subject]);
    if (code !== 'accepted') throw new Error(`The sign-in failed: ${code}`);
    return value as Pair;
  }

  /** Retries until there is a definite answer, as an honest client does after a lost response or a 503. */
  async persist(does: string, values: readonly string[]): Promise<CallResult> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const told = await this.call(does, values);
      if (told.code !== 'died' && told.code !== 'store_unavailable') return told;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { code: 'no answer' };
  }

  get size(): number {
    return this.machines.length;
  }

  /** Kills one process at once (SIGKILL) and starts another in its place. */
  async replace(at: number): Promise<void> {
    await this.machines[at]?.kill();
    this.machines[at] = await WorkerProcess.start(this.options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.kill()));
    rmSync(join(this.options.keys, '..'), { recursive: true, force: true });
  }

  get #next(): WorkerProcess | undefined {
    this.#turn += 1;
    const alive = this.machines.filter((machine) => machine.isAlive);
    return alive[this.#turn % Math.max(1, alive.length)];
  }
}
