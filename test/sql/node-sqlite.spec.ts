import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nodeSqliteDatabase } from 'nestjs-latchkey/sql';
import { nodeOf } from '../support/other-nodes.js';
import { root } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';

const node = nodeOf('24');
const program = join(root, 'test/support/node-sqlite-contract.js');

requireOrSkip('Node 24', node !== undefined)('SQL stores on node:sqlite', () => {
  it('keep all contracts', () => {
    const { stdout, stderr } = spawnSync(node ?? '', [program], { cwd: root, encoding: 'utf8', timeout: 100_000 });
    const [, passed, of] = /^passed (\d+) of (\d+)$/m.exec(stdout) ?? [stdout + stderr];
    expect(stdout.replace(/^passed.*$/m, '').trim()).toBe('');
    expect(Number(passed)).toBeGreaterThan(50);
    expect(passed).toBe(of);
  }, 120_000);
});

if (process.getBuiltinModule('node:sqlite') === undefined) {
  describe('a Node without node:sqlite', () => {
    it('is told which Node has it, and what works instead', () => {
      expect(() => nodeSqliteDatabase('x.sqlite')).toThrow(
        /needs node:sqlite, which Node has since 22\.5, and this is v20\.\d+\.\d+\. Use better-sqlite3/,
      );
    });
  });
}
