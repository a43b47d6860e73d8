// Measures guarded requests against the open route of the same application. Both are sent in turns, in short rounds, so that whatever
// else the host does affects both; the median of the rounds counts.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { applyLoad, pinServer } from './load.js';

const server = fileURLToPath(new URL('./server.js', import.meta.url));

/** @typedef {{ requestsPerSecond: number, cpuMicroseconds: number }} Load */
/** @typedef {{ kind: string, adapter: string, throughput: number, cpu: number, open: Load, guarded: Load }} Figures */

/**
 * @param {import('./applications.js').Kind} kind
 * @param {import('./applications.js').Adapter} adapter
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<Figures>} the guarded route as a share of the open one
 */
export async function measureRequests(kind, adapter, { rounds, seconds }) {
  const child = fork(server, [kind, adapter], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const [{ url, tokens }] = await once(child, 'message');
  pinServer(child.pid);
  await assertGuarded(url, tokens[0]);
  const load = (/** @type {string} */ path) => measureLoad(child, { url: url + path, tokens, seconds });
  for (const path of ['/open', '/guarded', '/open', '/guarded']) await load(path);
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    // Which one goes first changes from round to round.
    const first = round % 2 === 0 ? '/open' : '/guarded';
    const one = await load(first);
    const other = await load(first === '/open' ? '/guarded' : '/open');
    samples.push(first === '/open' ? { open: one, guarded: other } : { open: other, guarded: one });
  }
  child.send('stop');
  await once(child, 'exit');
  return {
    kind,
    adapter,
    throughput: median(samples.map(({ open, guarded }) => guarded.requestsPerSecond / open.requestsPerSecond)),
    cpu: median(samples.map(({ open, guarded }) => open.cpuMicroseconds / guarded.cpuMicroseconds)),
    open: middle(samples.map(({ open }) => open)),
    guarded: middle(samples.map(({ guarded }) => guarded)),
  };
}

/** A benchmark of answers 401 would look splendid. @param {string} url @param {string} token */
async function assertGuarded(url, token) {
  const withToken = await fetch(`${url}/guarded`, { headers: { authorization: `Bearer ${token}` } });
  const without = await fetch(`${url}/guarded`);
  if (withToken.status !== 200 || without.status !== 401) {
    throw new Error(`/guarded answers ${withToken.status} with a token and ${without.status} without one.`);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {import('./load.js').Load} load
 * @returns {Promise<Load>}
 */
async function measureLoad(child, load) {
  const before = await cpuOf(child);
  const { total, seconds, refused } = await applyLoad(load);
  const used = (await cpuOf(child)) - before;
  if (refused > 0) throw new Error(`${load.url} refused ${refused} requests.`);
  return { requestsPerSecond: total / seconds, cpuMicroseconds: used / total };
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number>} */
export async function cpuOf(child) {
  child.send('cpu');
  const [{ microseconds }] = await once(child, 'message');
  return microseconds;
}

/** @param {readonly Load[]} loads @returns {Load} */
function middle(loads) {
  return {
    requestsPerSecond: median(loads.map(({ requestsPerSecond }) => requestsPerSecond)),
    cpuMicroseconds: median(loads.map(({ cpuMicroseconds }) => cpuMicroseconds)),
  };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
