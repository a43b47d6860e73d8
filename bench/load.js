// The load generator: `wrk` where it is installed, because a generator in Node shares the cost of what it measures; else autocannon.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';

/** @typedef {{ url: string, tokens: readonly string[], seconds: number }} Load */
/** @typedef {{ total: number, seconds: number, refused: number }} Outcome */

const CONNECTIONS = 32;

/** @param {string} command @param {readonly string[]} args */
function works(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    // `wrk --version` ends with 1, so what counts is that there was something to start.
    return /** @type {{ code?: string }} */ (error).code !== 'ENOENT';
  }
}

const hasWrk = works('wrk', ['--version']);
const canPin = process.platform === 'linux' && availableParallelism() > 1 && works('taskset', ['--version']);

/** What sends the requests, and whether server and generator have a core each. */
export const generator = `${hasWrk ? 'wrk' : 'autocannon'}, ${canPin ? 'server and generator pinned to one core each' : 'nothing pinned'}`;

/** Pins a process to the first core. @param {number | undefined} pid */
export function pinServer(pid) {
  if (canPin && pid !== undefined)
    execFileSync('taskset', ['--all-tasks', '-cp', '0', String(pid)], { stdio: 'ignore' });
}

/** Sends requests for so many seconds, with the tokens in turn. @param {Load} load @returns {Promise<Outcome>} */
export function applyLoad(load) {
  return hasWrk ? withWrk(load) : withAutocannon(load);
}

/** Each thread of wrk runs this: the requests are made before the first is sent, and the outcome is one line. */
const script = (/** @type {string} */ path, /** @type {readonly string[]} */ tokens) => `
local tokens = { ${tokens.map((token) => JSON.stringify(token)).join(', ')} }
local requests, at = {}, 0
init = function()
  for index, token in ipairs(tokens) do
    requests[index] = wrk.format("GET", ${JSON.stringify(path)}, { ["Authorization"] = "Bearer " .. token })
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary)
  local errors = summary.errors
  io.write(string.format("OUTCOME %d %d %d\\n", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
`;

/** @param {Load} load @returns {Promise<Outcome>} */
async function withWrk({ url, tokens, seconds }) {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  try {
    const file = join(directory, 'load.lua');
    writeFileSync(file, script(new URL(url).pathname, tokens));
    const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', file, url];
    const output = await outputOf(canPin ? ['taskset', '-c', '1', ...wrk] : wrk);
    const [, total, microseconds, refused] = /OUTCOME (\d+) (\d+) (\d+)/.exec(output) ?? [];
    if (total === undefined) throw new Error(`wrk did not finish: ${output}`);
    return { total: Number(total), seconds: Number(microseconds) / 1e6, refused: Number(refused) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param {readonly string[]} command @returns {Promise<string>} */
function outputOf([file = '', ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part) => (output += part));
    child.on('error', reject).on('close', () => resolve(output));
  });
}

/** @param {Load} load @returns {Promise<Outcome>} */
async function withAutocannon({ url, tokens, seconds }) {
  const requests = tokens.map((token) => ({ headers: { authorization: `Bearer ${token}` } }));
  const result = await autocannon({ url, requests, connections: CONNECTIONS, duration: seconds });
  return { total: result.requests.total, seconds: result.duration, refused: result.non2xx + result.errors };
}
