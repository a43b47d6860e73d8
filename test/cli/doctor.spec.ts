import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/database-server.js';
import { root } from '../support/repository.js';

const PROGRAM = join(root, 'test/support/doctor-programs.js');
const TROUBLE = join(root, 'test/support/contradicting-decorators-app.js');
const ACCOUNTS = join(root, 'apps/accounts/dist/main.js');
const STEP_MS = 60_000;

let folder: string;
beforeAll(() => void (folder = temporaryFolder('doctor')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function doctor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const program = join(root, 'libs/auth/bin/latchkey.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'doctor', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: `sqlite:${join(folder, 'accounts.sqlite')}`,
      KEYS_DIR: join(folder, 'keys'),
      ...environment,
    },
  });
  return { status, stdout, stderr };
}

describe('latchkey doctor', () => {
  it(
    'prints keys, stores, cookies, proxies and routes of a program that production would start',
    () => {
      const { status, stdout } = doctor([ACCOUNTS], {
        PUBLIC_URL: 'https://accounts.example',
        HTTP_ADAPTER: 'fastify',
      });
      expect(stdout).toMatch(
        /^Framework +fastify\nProxies +trusts loopback\nIssuer +https:\/\/accounts\.example, for /m,
      );
      expect(stdout).toMatch(/^Keys +current ES256 {2}[\w-]{43}, made 20.* ago\)\n +next /m);
      expect(stdout).toMatch(
        /^Stores +revocations: TypeOrmBlocklistStore answers in \d+ ms\n +logins: .*\n +oneTime: /m,
      );
      expect(stdout).toMatch(/^ +__Host-access; Path=\/; SameSite=Lax; Secure; HttpOnly$/m);
      expect(stdout).toMatch(/^GET +\/users\/:id +guarded by default +bearer, cookie +selfOrStaff\(:id\)/m);
      expect(stdout).toContain('Production would start.\nProduction would not warn.');
      expect(status).toBe(0);
    },
    STEP_MS,
  );

  it(
    'fails where production would refuse to start, without listening, and prints nothing but JSON',
    () => {
      const { status, stdout, stderr } = doctor([PROGRAM, '--json']);
      const report = JSON.parse(stdout) as {
        found: { configurations: readonly object[]; proxies: object };
        refuses: readonly string[];
        warns: readonly string[];
      };
      expect(status).toBe(1);
      expect(report.refuses).toEqual([
        expect.stringMatching(/^keys is required with NODE_ENV=production/),
        expect.stringMatching(/^stores is required with NODE_ENV=production/),
        'users is MemoryUsers, which is refused with NODE_ENV=production: accounts are in memory',
      ]);
      expect(report.warns).toEqual(['audience is false: tokens meant for other services are accepted here.']);
      expect(report.found.proxies).toEqual({ framework: 'express', trusts: 'no proxy' });
      expect(report.found.configurations).toEqual([
        expect.objectContaining({
          users: 'MemoryUsers',
          keys: [expect.objectContaining({ state: 'current', algorithms: ['ES256'] })],
          trusts: [
            {
              issuer: 'https://id.example',
              audience: ['shop'],
              keys: ['RS256, ES256: fetched from https://id.example/keys'],
            },
          ],
        }),
      ]);
      expect(stderr).toContain('noise');
      expect(stderr).toContain('noise at the end');
      expect(stdout + stderr).not.toMatch(/LISTENING|hidden|"d":/);
    },
    STEP_MS,
  );

  it('names what production refuses as production itself does', () => {
    const { status, stdout } = doctor([PROGRAM], { NODE_ENV: 'production' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/Production would refuse to start:\n {2}- keys is required with NODE_ENV=production/);
  });

  it('reports why an application cannot be created, and its routes all the same', () => {
    const { status, stdout } = doctor([TROUBLE]);
    expect(status).toBe(1);
    expect(stdout).toContain('/trouble/path');
    expect(stdout).toContain('  - the application does not start: a provider was made');
    expect(stdout).toContain('  - TroubleController.trouble: it has a policy, but @Public()');
  });

  it('fails if the application ends the process, whatever its exit code is', () => {
    const { status, stderr } = doctor([PROGRAM], { ENDS: 'early' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('ended the process before it would listen')]);
  });

  it('reports an application without the module', () => {
    const { status, stdout } = doctor([TROUBLE, '--export', 'BareModule']);
    expect([status, stdout]).toEqual([1, expect.stringContaining('  - the application does not import AuthModule')]);
  });

  it.each([
    [[], 'needs the path of a compiled program'],
    [['dist/nothing.js'], 'there is no file dist/nothing.js'],
    [[PROGRAM, '--timeout', '60'], '--timeout is 60; accepted is a time like 15m'],
  ])('explains the mistake in %j', (args, sentence) => {
    const { status, stderr } = doctor(args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
