// Measures the library against what a user would pick instead, in one run on one host: `npm run bench`. What counts are ratios, and for
// refreshes the rate; all other absolute figures are for the curious. `--quick` takes a fifth of the time and is worth as much less.
import { cpus } from 'node:os';
import { measureFirstSight, measureRevocation } from './calls.js';
import { generator } from './load.js';
import { measureRefreshes } from './refreshes.js';
import { startPostgres } from './postgres.js';
import { measureRequests } from './requests.js';

const isQuick = process.argv.includes('--quick');
const load = isQuick ? { rounds: 5, seconds: 1 } : { rounds: 21, seconds: 1 };
const calls = isQuick ? { rounds: 7 } : { rounds: 41 };

const TARGETS = {
  fastify: 0.9,
  express: 0.95,
  emptyGuard: 0.94,
  es256: 0.6,
  firstSight: 1,
  revocation: 1.2,
  refreshes: 600,
};

/** @param {number} value */
const two = (value) => value.toFixed(2);
/** @param {number} value */
const three = (value) => value.toFixed(3);

/** @param {boolean} isMet */
const verdict = (isMet) => (isMet ? 'met' : 'MISSED');

/** @param {readonly (readonly string[])[]} rows */
function print(rows) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    process.stdout.write(`| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`);
  process.stdout.write('\n');
}

/** @param {string} text */
const say = (text) => process.stderr.write(`${text}\n`);

say(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}; load by ${generator}`);
/** @type {string[][]} */
const requests = [
  ['guarded over open route', 'throughput', 'processor time', 'target', '', 'guarded/s', 'open/s'],
  ['---', '---', '---', '---', '---', '---', '---'],
];
for (const adapter of /** @type {const} */ (['fastify', 'express'])) {
  /** @type {Record<string, import('./requests.js').Figures>} */
  const figures = {};
  for (const kind of /** @type {const} */ (['latchkey', 'empty guard', 'jose', 'passport-jwt'])) {
    say(`${kind} on ${adapter} ...`);
    const { throughput, cpu, open, guarded } = (figures[kind] = await measureRequests(kind, adapter, load));
    const target = kind === 'latchkey' ? TARGETS[adapter] : undefined;
    requests.push([
      `${kind}, ${adapter}`,
      three(throughput),
      three(cpu),
      target === undefined ? '' : `at least ${two(target)}`,
      target === undefined ? '' : verdict(throughput >= target),
      guarded.requestsPerSecond.toFixed(0),
      open.requestsPerSecond.toFixed(0),
    ]);
  }
  const { latchkey, 'empty guard': empty } = figures;
  if (latchkey === undefined || empty === undefined) continue;
  const share = latchkey.throughput / empty.throughput;
  requests.push([
    `latchkey over an empty guard, ${adapter}`,
    three(share),
    three(latchkey.cpu / empty.cpu),
    `at least ${two(TARGETS.emptyGuard)}`,
    verdict(share >= TARGETS.emptyGuard),
    '',
    '',
  ]);
}
say('users on PostgreSQL ...');
const postgres = await startPostgres();
process.env['BENCH_POSTGRES'] = postgres.url;
for (const kind of /** @type {const} */ ([
  'latchkey, users on PostgreSQL',
  'latchkey, users within 1 s',
  'passport-jwt, users on PostgreSQL',
])) {
  const { throughput, cpu, open, guarded } = await measureRequests(kind, 'fastify', load);
  const rates = [guarded, open].map(({ requestsPerSecond }) => requestsPerSecond.toFixed(0));
  requests.push([`${kind}, fastify`, three(throughput), three(cpu), '', '', ...rates]);
}
await postgres.stop();
/** @type {(import('./calls.js').Comparison & { alg: import('./calls.js').Algorithm })[]} */
const firstSights = [];
for (const alg of /** @type {const} */ (['ES256', 'RS256', 'PS256', 'EdDSA', 'HS256'])) {
  say(`first sight of a token, ${alg} ...`);
  firstSights.push({ alg, ...(await measureFirstSight(alg, calls)) });
}
say('revocation ...');
const revocation = await measureRevocation(calls);
say('refreshes on PostgreSQL ...');
const refreshes = await measureRefreshes(load);
print(requests);
/** @param {string} name @param {import('./calls.js').Comparison} comparison @param {number} target */
const callRow = (name, { ratio, cpu, ours, theirs }, target) => [
  name,
  two(ratio),
  two(cpu),
  `at most ${two(target)}`,
  verdict(ratio <= target),
  ours.toFixed(2),
  theirs.toFixed(2),
];
print([
  ['calls', 'time', 'processor time', 'target', '', 'microseconds', 'over'],
  ['---', '---', '---', '---', '---', '---', '---'],
  ...firstSights.map(({ alg, ...comparison }) =>
    callRow(
      `first sight over jose.jwtVerify, ${alg}`,
      comparison,
      alg === 'ES256' ? TARGETS.es256 : TARGETS.firstSight,
    ),
  ),
  callRow('blocklist of 1,000,000 over one of 1,000', revocation, TARGETS.revocation),
]);
print([
  ['over HTTP', 'per second', 'target', '', 'processor time of the server, microseconds'],
  ['---', '---', '---', '---', '---'],
  [
    'refresh on PostgreSQL through TypeORM, two cores for all',
    refreshes.typeorm.perSecond.toFixed(0),
    `at least ${TARGETS.refreshes}`,
    verdict(refreshes.typeorm.perSecond >= TARGETS.refreshes),
    refreshes.typeorm.cpuMicroseconds.toFixed(0),
  ],
  [
    'the same through pg',
    refreshes.pg.perSecond.toFixed(0),
    'at least as many',
    verdict(refreshes.pg.perSecond >= refreshes.typeorm.perSecond),
    refreshes.pg.cpuMicroseconds.toFixed(0),
  ],
]);
