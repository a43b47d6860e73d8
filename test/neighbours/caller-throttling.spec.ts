// The guard of @nestjs/throttler before the guards of the library: it counts by caller, whom an early look shows, be they of the
// application or of an LMS.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { ISSUING } from '../support/issuing.js';
import { startLms, type Lms } from '../support/lms.js';
import { root } from '../support/repository.js';

interface Throttled {
  readonly child: ChildProcess;
  readonly url: string;
  /** Tokens of the application itself. */
  readonly ada: string;
  readonly bob: string;
}

/** The package is CommonJS and needs Nest, which Jest cannot load for it: the application is a process of its own. */
async function start(adapter: AdapterName, early: boolean, lms: Lms | undefined): Promise<Throttled> {
  const child = spawn(process.execPath, [join(root, 'test/support/throttled-app.js')], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      ADAPTER: adapter,
      EARLY: String(early),
      LMS: lms === undefined ? '' : JSON.stringify(lms.trust),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const written: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => written.push(String(chunk)));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The application did not start:\n${written.join('')}`);
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  ended.catch(() => {});
  return { child, ...(JSON.parse(line) as Omit<Throttled, 'child'>) };
}

describe.each(ADAPTERS.flatMap((adapter) => ISSUING.map(({ name, source }) => [adapter, name, source] as const)))(
  'a throttler before our guard on %s with %s',
  (adapter, _, source) => {
    let lms: Lms | undefined;
    let app: Throttled | undefined;
    beforeEach(async () => {
      lms = source === undefined ? undefined : await startLms();
    });
    afterEach(async () => {
      if (app !== undefined) {
        app.child.stdin?.end();
        await once(app.child, 'exit');
      }
      app = undefined;
      await lms?.close();
    });

    const ask = (headers: Record<string, string>): Promise<Response> => fetch(`${app?.url}/me`, { headers });
    const statuses = async (times: number, headers: Record<string, string> = {}): Promise<readonly number[]> => {
      const seen = [];
      for (let time = 0; time < times; time += 1) seen.push((await ask(headers)).status);
      return seen;
    };
    const as = (name: 'ada' | 'bob') => ({ authorization: `Bearer ${lms?.token(name) ?? app?.[name]}` });

    it('counts each caller alone, and who shows no good credential by address', async () => {
      app = await start(adapter, true, lms);
      expect(await statuses(4, as('ada'))).toEqual([200, 200, 200, 429]);
      expect(await statuses(1, as('bob'))).toEqual([200]);
      const bad = lms?.token('bob', { expiresIn: -60 }) ?? app.bob.replace(/.{4}$/, 'AAAA');
      const named = { authorization: `Bearer ${bad}` };
      // Three of one address, whatever they claim: none of them counts against bob.
      expect(await statuses(2, named)).toEqual([401, 401]);
      expect(await statuses(2)).toEqual([401, 429]);
      expect(await statuses(1, named)).toEqual([429]);
      expect(await statuses(2, as('bob'))).toEqual([200, 200]);
      const refused = await ask(as('ada'));
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }, 60_000);

    it('finds no caller without the early look, and counts all of one address together', async () => {
      app = await start(adapter, false, lms);
      expect(await statuses(3, as('ada'))).toEqual([200, 200, 200]);
      expect(await statuses(1, as('bob'))).toEqual([429]);
    }, 60_000);
  },
);
