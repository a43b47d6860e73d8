// @nestjs/serve-static answers before routing: its files are public, and nothing else is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule } from 'nestjs-latchkey';
import { ADAPTERS, SILENT, startApplication } from '../support/applications.js';
import { root } from '../support/repository.js';

interface Said {
  readonly answers: readonly unknown[];
  readonly lines: readonly string[];
}

describe.each(ADAPTERS)('files of @nestjs/serve-static on %s', (adapter) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-static-'));
    writeFileSync(join(folder, 'index.html'), '<title>shop</title>');
    writeFileSync(join(folder, 'price-list.txt'), 'secret prices');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are served to every caller, which the log says; routes stay guarded', () => {
    const script = join(root, 'test/support/serve-static-app.js');
    const { stdout, stderr } = spawnSync(process.execPath, [script, adapter, folder], { cwd: root, encoding: 'utf8' });
    const line = stdout.trim().split('\n').at(-1) ?? '';
    if (!line.startsWith('{')) throw new Error(`The application said: ${stdout}${stderr}`);
    const { answers, lines } = JSON.parse(line) as Said;
    expect(answers).toEqual([200, 'secret prices', 200, 401, 200]);
    expect(lines).toContainEqual(expect.stringMatching(/^Files of ServeStaticModule are public: /));
  });

  it('cause no log line if there are none', async () => {
    const lines: string[] = [];
    const log = { ...SILENT, log: (text: unknown) => void lines.push(String(text)) };
    const { close } = await startApplication(adapter, { imports: [AuthModule.forRoot()], log });
    await close();
    expect(lines.join('\n')).not.toContain('ServeStaticModule');
  });
});
