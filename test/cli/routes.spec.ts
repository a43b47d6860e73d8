import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from '../support/repository.js';

const COURSES = 'apps/courses/dist/app.module.js';
const TROUBLE = 'test/support/contradicting-decorators-app.js';

function latchkey(...args: readonly string[]) {
  const program = join(root, 'libs/auth/bin/latchkey.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('latchkey routes', () => {
  it('prints a table of what each route requires', () => {
    const { status, stdout, stderr } = latchkey('routes', COURSES);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^METHOD +PATH +ACCESS/);
    expect(stdout).toMatch(
      /POST +\/courses\/:id\/grades +guarded .*scopes\(grades:write\) +clients, restricted clients/,
    );
  });

  it('prints JSON for scripts', () => {
    const { stdout } = latchkey('routes', COURSES, '--json');
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        name: 'CoursesController.findAll',
        method: 'GET',
        paths: ['/courses'],
        access: 'public',
      }),
    );
  });

  it('fails and lists every contradiction, without creating a provider', () => {
    const { status, stdout, stderr } = latchkey('routes', TROUBLE);
    expect(status).toBe(1);
    expect(stdout).toContain('/trouble/path');
    expect(stderr).toContain('TroubleController.trouble: it has a policy, but @Public()');
    expect(stderr).toContain('without a reason');
    expect(stderr).not.toContain('a provider was made');
  });

  it.each([
    [['routes'], 'needs the path of a compiled module'],
    [['routes', 'dist/nothing.js'], 'there is no file dist/nothing.js'],
    [['routes', COURSES, '--export', 'Nothing'], '--export may be AppModule'],
    [['routes', COURSES, '--jsno'], 'did you mean --json?'],
  ])('explains the mistake in %j', (args, sentence) => {
    const { status, stderr } = latchkey(...args);
    expect(stderr).toContain(sentence);
    expect(status).toBe(2);
  });

  it('reports that no route is guarded', () => {
    const { status, stderr } = latchkey('routes', TROUBLE, '--export', 'BareModule');
    expect([status, stderr]).toEqual([1, expect.stringContaining('does not import AuthModule')]);
  });
});
