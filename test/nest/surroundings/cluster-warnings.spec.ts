// Several processes of one application, as `node:cluster` and pm2 start them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from '@jest/globals';
import { AuthModule, type AuthModuleOptions } from 'nestjs-latchkey';
import { SILENT, startApplication } from '../../support/applications.js';
import { root } from '../../support/repository.js';

interface Said {
  readonly warnings: readonly (readonly string[])[];
  readonly answers: readonly number[];
}

function runCluster(options: AuthModuleOptions): Said {
  const script = join(root, 'test/support/cluster-app.js');
  const { stdout, stderr } = spawnSync(process.execPath, [script, JSON.stringify(options)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE_ENV: 'development' },
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`The cluster said: ${stdout}${stderr}`);
  return JSON.parse(line) as Said;
}

const ofCluster = ({ warnings }: Said) => warnings.map((each) => each.filter((text) => text.includes('cluster')));

describe('a cluster in development', () => {
  it('without keys refuses in one worker the tokens of another, and every worker says what to set', () => {
    const said = runCluster({});
    expect(new Set(said.answers)).toEqual(new Set([200, 401]));
    const warning = expect.stringMatching(/one worker of a cluster.*`keys`.* and `stores`/);
    expect(ofCluster(said)).toEqual([[warning], [warning]]);
  });

  it('with keys accepts them in every worker, and warns of the stores alone', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'own' };
    const said = runCluster({ keys: jwk as NonNullable<AuthModuleOptions['keys']> });
    expect(new Set(said.answers)).toEqual(new Set([200]));
    const warning = expect.stringMatching(/one worker of a cluster.*Set `stores`/);
    expect(ofCluster(said)).toEqual([[warning], [warning]]);
  });

  it('causes no log line in a single process', async () => {
    const warnings: string[] = [];
    const log = { ...SILENT, warn: (text: unknown) => void warnings.push(String(text)) };
    const { close } = await startApplication('express', { imports: [AuthModule.forRoot()], log });
    await close();
    expect(warnings.join('\n')).not.toContain('cluster');
  });
});
