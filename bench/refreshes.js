// Measures refreshes over HTTP on a PostgreSQL of its own. Every client chains the token that it was given, as clients do. This is an
// absolute figure: it counts on two cores that server, database and clients have to share, and that do nothing else.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { startPostgres } from './postgres.js';
import { cpuOf, median } from './requests.js';

const server = fileURLToPath(new URL('./refresh-server.js', import.meta.url));
const CLIENTS = 16;
const BOTH = /** @type {const} */ (['typeorm', 'pg']);
/** So many that none is rotated more often within one grace than the store remembers (64): see ADR 17. */
const LOGINS = 512;

/** @typedef {{ perSecond: number, cpuMicroseconds: number }} Refreshes the median round, and the server's processor time of a refresh */

/**
 * Measures the stores through TypeORM and through `pg`, a round of one and a round of the other in turn.
 *
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<{ typeorm: Refreshes, pg: Refreshes }>}
 */
export async function measureRefreshes({ rounds, seconds }) {
  const postgres = await startPostgres();
  const children = { typeorm: fork(server, [postgres.url, 'typeorm']), pg: fork(server, [postgres.url, 'pg']) };
  try {
    const urls = { typeorm: (await answerOf(children.typeorm)).url, pg: (await answerOf(children.pg)).url };
    /** @type {{ typeorm: Refreshes[], pg: Refreshes[] }} */
    const samples = { typeorm: [], pg: [] };
    for (let round = -1; round < rounds; round += 1)
      // Which one goes first changes from round to round.
      for (const through of round % 2 === 0 ? BOTH : BOTH.toReversed()) {
        const sample = await measureOnce(children[through], urls[through], seconds);
        if (round >= 0) samples[through].push(sample);
      }
    return { typeorm: medianOf(samples.typeorm), pg: medianOf(samples.pg) };
  } finally {
    for (const child of Object.values(children)) child.kill();
    await postgres.stop();
  }
}

/** @param {readonly Refreshes[]} samples */
function medianOf(samples) {
  return {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: median(samples.map(({ cpuMicroseconds }) => cpuMicroseconds)),
  };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} url
 * @param {number} seconds
 */
async function measureOnce(child, url, seconds) {
  child.send({ signIn: LOGINS });
  const { held } = await answerOf(child);
  const before = await cpuOf(child);
  const result = await refreshFor(`${url}/auth/token/refresh`, held, seconds);
  const cpuMicroseconds = ((await cpuOf(child)) - before) / result.requests.total;
  return { perSecond: result.requests.total / result.duration, cpuMicroseconds };
}

/** A server that ended would be waited for in vain. @param {import('node:child_process').ChildProcess} child */
async function answerOf(child) {
  const over = new AbortController();
  const ended = once(child, 'exit', { signal: over.signal }).then(() => Promise.reject(new Error('The server ended.')));
  ended.catch(() => {});
  try {
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  } finally {
    over.abort();
  }
}

/**
 * @param {string} url
 * @param {string[]} held each token is taken by one client, which puts back the one that it gets for it
 * @param {number} seconds
 */
async function refreshFor(url, held, seconds) {
  const result = await autocannon({
    url,
    connections: CLIENTS,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: JSON.stringify({ refresh_token: held.shift() }) }),
        onResponse: (status, body) => {
          if (status === 200) held.push(JSON.parse(body).refresh_token);
        },
      },
    ],
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} refreshes were refused, of ${result.requests.total}.`);
  return result;
}
