// Ends `npm test` by saying what was left out (see skips.ts), so that green never hides an untested server.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../coverage/left-out');

export default class LeftOutReporter {
  onRunStart() {
    rmSync(folder, { recursive: true, force: true });
  }

  onRunComplete() {
    if (!existsSync(folder)) return;
    const lines = readdirSync(folder).map((file) => `  ${readFileSync(join(folder, file), 'utf8')}`);
    process.stderr.write(`\nLEFT OUT, because this machine lacks it:\n${lines.sort().join('\n')}\n`);
    process.stderr.write(
      'Nothing was proven about these. Install them, or set LATCHKEY_NO_SKIP=1 to make this a failure.\n',
    );
  }
}
