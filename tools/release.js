// Releases the package: `npm run release -- 0.2.0` prepares a commit and a tag; `-- --publish` publishes the tagged commit (CI does that).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const manifestPath = join(root, 'libs/auth/package.json');
const changelogPath = join(root, 'CHANGELOG.md');
const UNRELEASED = '## [Unreleased]';

/**
 * @param {string} command
 * @param {...string} args
 */
const run = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim();

/** @param {string} reason */
const stop = (reason) => {
  process.stderr.write(`Not released: ${reason}\n`);
  process.exit(1);
};

const requireCleanTree = () => {
  if (run('git', 'status', '--porcelain') !== '') stop('commit or stash your changes first.');
};

/** Writes version and changelog, commits and tags. Pushing the tag starts the release workflow. @param {string} version */
const prepare = (version) => {
  requireCleanTree();
  const changelog = readFileSync(changelogPath, 'utf8');
  const notes = changelog
    .split(UNRELEASED)[1]
    ?.split(/^## \[/m)[0]
    ?.trim();
  if (!notes) stop('CHANGELOG.md has nothing under [Unreleased].');
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(changelogPath, changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${today}`));
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
  writeFileSync(manifestPath, `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
  writeVersion(version);
  run('git', 'commit', '--all', '--message', `build: release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '--message', `nestjs-latchkey ${version}`);
  process.stdout.write(`Prepared ${version}. Publish it with: git push --follow-tags\n`);
};

/** The version that the library reports at run time. @param {string} version */
const writeVersion = (version) => {
  const path = run('git', 'ls-files', 'libs/auth/src/core/*version.ts');
  writeFileSync(join(root, path), readFileSync(join(root, path), 'utf8').replace(/'\d[^']*'/, `'${version}'`));
};

/** Publishes what is tagged. npm packs it by `prepack`, and attaches a provenance statement in CI. */
const publish = () => {
  requireCleanTree();
  const { version } = JSON.parse(readFileSync(manifestPath, 'utf8'));
  if (!run('git', 'tag', '--points-at', 'HEAD').split('\n').includes(`v${version}`)) {
    stop(`HEAD is not tagged v${version}.`);
  }
  execFileSync('npm', ['publish', '--workspace', 'nestjs-latchkey', '--access', 'public', '--provenance'], {
    cwd: root,
    stdio: 'inherit',
  });
};

const [argument = ''] = process.argv.slice(2);
if (argument === '--publish') publish();
else if (/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(argument)) prepare(argument);
else stop('give a version like 0.2.0, or --publish.');
