// A model of a deployment: what logins, requests and revocations cost in processor time, memory, calls to each store and money, and where
// each store stops. Plain Node, no package: `node bench/scale-model.js --help`. docs/scale.md explains it.

/**
 * What may be changed, with its default. Numbers may end in k, M or G; times in s, m, h or d.
 * @type {Readonly<Record<string, readonly [value: string, about: string]>>}
 */
const FLAGS = {
  logins: ['1M', 'logins that live: rows'],
  active: ['0.05', 'share of the logins that are in use at one time, and refresh each time an access token ends'],
  requests: ['2k', 'guarded requests a second'],
  revocations: ['0.1', 'revocations a second: sign-outs, ended devices, passwords changed'],
  machines: ['8', 'machines that run the application'],
  processes: ['2', 'processes on each of them'],
  'access-ttl': ['5m', 'option access.ttl'],
  'refresh-idle': ['14d', 'option refresh.idle: how long the row of a login stays after its last use'],
  'refresh-absolute': ['30d', 'option refresh.absolute: how long an entry of the blocklist stays'],
  within: ['0s', 'option revocation.freshness { withinMs }, as a time; 0s is every-request'],
  shards: ['16', 'option shards of redisStores(), on a cluster'],
  'store-cores': ['32', 'cores of the largest database server that you would run'],
  'store-memory': ['64G', 'bytes of memory of the largest Redis that you would run'],
  busy: ['0.5', 'share of its cores that a server may use in the mean; the rest is for peaks'],
  copies: ['2', 'copies of the data: a primary and its standby'],
  'price-core': ['20', 'units for a core and month'],
  'price-memory': ['3', 'units for a gigabyte of memory and month'],
  'price-disk': ['0.2', 'units for a gigabyte of disk and month'],
};

/**
 * Processor time of one call in microseconds at the server, and bytes of a row: bench/store-costs.js, on a machine with two cores.
 * @typedef {{ open: number, rotate: number, add: number, find: number, read: number, prune: number, login: number, entry: number }} Costs
 */
/** @type {Readonly<Record<'memory' | 'SQLite' | 'PostgreSQL' | 'MariaDB' | 'Redis' | 'Redis Cluster', Costs>>} */
const COSTS = {
  memory: { open: 8, rotate: 20, add: 9, find: 3, read: 0, prune: 0, login: 1_325, entry: 155 },
  SQLite: { open: 71, rotate: 56, add: 69, find: 18, read: 88, prune: 109, login: 471, entry: 254 },
  PostgreSQL: { open: 272, rotate: 479, add: 291, find: 286, read: 200, prune: 147, login: 569, entry: 304 },
  MariaDB: { open: 207, rotate: 374, add: 185, find: 144, read: 200, prune: 419, login: 1_670, entry: 1_457 },
  Redis: { open: 72, rotate: 37, add: 49, find: 30, read: 50, prune: 0, login: 884, entry: 549 },
  // A question goes to up to three shards, each a script of its own.
  'Redis Cluster': { open: 72, rotate: 37, add: 49, find: 90, read: 50, prune: 0, login: 884, entry: 549 },
};
/** Processor time of the application itself in microseconds: a token seen for the first time, a request, a refresh over HTTP. */
const OWN = { firstSight: 290, request: 10, refresh: 750 };
/** What memory stores refuse to grow beyond, and a process that keeps the blocklist in memory (`freshness`) gives up at. */
const MOST = { memoryLogins: 100_000, entries: 1_000_000 };
/** Bytes of an entry that a process keeps in memory. */
const REPLICA_ENTRY = 200;
const POOL = 10;
const MOST_CONNECTIONS = 500;

/** @type {Readonly<Record<string, number>>} */
const UNITS = { k: 1e3, M: 1e6, G: 1e9, s: 1, m: 60, h: 3_600, d: 86_400 };

/** @param {string} name @param {string} text */
function numberOf(name, text) {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([kMGsmhd]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--${name} is '${text}'; accepted is a number, as 2500, 2.5k or 5m`);
  return Number(digits) * (UNITS[unit ?? ''] ?? 1);
}

/** @param {readonly string[]} args @returns {Record<string, number>} */
function readFlags(args) {
  /** @type {Record<string, number>} */
  const values = Object.fromEntries(Object.entries(FLAGS).map(([name, [value]]) => [name, numberOf(name, value)]));
  for (let at = 0; at < args.length; at += 2) {
    const name = String(args[at]).replace(/^--/, '');
    if (!Object.hasOwn(FLAGS, name))
      throw new Error(`--${name} is not a flag; accepted: ${Object.keys(FLAGS).join(', ')}`);
    values[name] = numberOf(name, args[at + 1] ?? '');
  }
  return values;
}

/**
 * What happens each second, and how much is kept.
 * @param {Record<string, number>} flags
 */
export function loadOf(flags) {
  const {
    logins = 0,
    active = 0,
    requests = 0,
    revocations = 0,
    machines = 0,
    processes: each = 0,
    within = 0,
    'access-ttl': accessSeconds = 0,
    'refresh-idle': idleSeconds = 0,
    'refresh-absolute': absoluteSeconds = 0,
  } = flags;
  const processes = machines * each;
  const refreshes = (logins * active) / accessSeconds;
  const entries = revocations * absoluteSeconds;
  const isKept = within > 0 && entries <= MOST.entries;
  // A token is seen for the first time by each process that gets a request with it.
  const requestsOfToken = refreshes === 0 ? 0 : requests / refreshes;
  const firstSights = refreshes * Math.min(processes, requestsOfToken);
  return {
    processes,
    refreshes,
    signIns: logins / idleSeconds,
    entries,
    isKept,
    ownCores: (firstSights * OWN.firstSight + requests * OWN.request + refreshes * OWN.refresh) / 1e6,
    replicaBytes: isKept ? entries * REPLICA_ENTRY : 0,
    calls: {
      find: refreshes + (isKept ? 0 : requests),
      rotate: refreshes,
      // A sign-in asks when its user was signed out everywhere, which costs what a question costs.
      open: logins / idleSeconds,
      add: revocations,
      // Twice within the bound.
      read: within > 0 ? (2 * processes) / within : 0,
      prune: logins / idleSeconds + revocations,
    },
  };
}

/**
 * What one kind of store has to do, how large it must be, and why it stops.
 * @param {keyof typeof COSTS} store
 * @param {ReturnType<typeof loadOf>} load
 * @param {Record<string, number>} flags
 */
export function storeOf(store, { calls, entries, processes }, flags) {
  const costs = COSTS[store];
  const isSql = store === 'PostgreSQL' || store === 'MariaDB' || store === 'SQLite';
  const expires = store === 'Redis' || store === 'Redis Cluster';
  const reads = calls.read * (store === 'Redis Cluster' ? (flags['shards'] ?? 1) : 1);
  const made = {
    ...calls,
    find: calls.find + calls.open,
    read: store === 'memory' ? 0 : reads,
    prune: isSql ? calls.prune : 0,
  };
  const cores =
    Object.entries(made).reduce((sum, [call, count]) => sum + count * costs[/** @type {keyof Costs} */ (call)], 0) /
    1e6;
  const bytes = (flags['logins'] ?? 0) * costs.login + entries * costs.entry;
  const perSecond = Object.values(made).reduce((sum, count) => sum + count, 0);
  const needed = cores / (flags['busy'] ?? 1);
  const servers =
    store === 'Redis Cluster' ? Math.max(3, Math.ceil(needed), Math.ceil(bytes / (flags['store-memory'] ?? 1))) : 1;
  const gigabytes = bytes / 1e9;
  const price = expires ? (flags['price-memory'] ?? 0) : (flags['price-disk'] ?? 0);
  // One core at least for each server: it runs alone on it.
  const paidCores = store === 'SQLite' || store === 'memory' ? 0 : Math.max(servers, Math.ceil(needed));
  const units = (flags['copies'] ?? 1) * (paidCores * (flags['price-core'] ?? 0) + gigabytes * price);
  const stops = stopsOf(store, { flags, needed, bytes, entries, servers, processes });
  return { perSecond, cores, bytes, servers, units: store === 'memory' ? 0 : units, stops };
}

/**
 * @param {keyof typeof COSTS} store
 * @param {{ flags: Record<string, number>, needed: number, bytes: number, entries: number, servers: number, processes: number }} about
 */
function stopsOf(store, { flags, needed, bytes, entries, servers, processes }) {
  const { machines = 0, logins = 0, shards = 0, 'store-cores': storeCores = 0, 'store-memory': memory = 0 } = flags;
  switch (store) {
    case 'memory':
      if (processes > 1) return 'stops: each process has its own';
      if (logins > MOST.memoryLogins || entries > MOST.entries) return 'stops: refuses to grow further';
      return 'goes';
    case 'SQLite':
      if (machines > 1) return 'stops: one machine has the file';
      return needed > 1 ? 'stops: one writer at a time' : 'goes';
    case 'Redis':
      if (needed > 1) return 'stops: one thread';
      return bytes > memory ? 'stops: memory' : 'goes';
    case 'Redis Cluster':
      return servers > shards ? `stops: more masters than shards (${servers})` : `goes: ${servers} masters`;
    default:
      if (needed > storeCores) return `stops: ${Math.ceil(needed)} cores for one primary`;
      return processes * POOL > MOST_CONNECTIONS ? 'goes: behind a pooler' : 'goes';
  }
}

/** @param {number} value */
function short(value) {
  const [unit, size] = value >= 1e9 ? ['G', 1e9] : value >= 1e6 ? ['M', 1e6] : value >= 1e4 ? ['k', 1e3] : ['', 1];
  const scaled = value / Number(size);
  return `${scaled >= 100 || Number.isInteger(scaled) ? scaled.toFixed(0) : scaled.toPrecision(2)}${unit}`;
}

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The whole answer as text. @param {readonly string[]} args */
export function answerTo(args) {
  if (args.includes('--help'))
    return table(Object.entries(FLAGS).map(([name, [value, about]]) => [`--${name}`, value, about])).join('\n');
  const flags = readFlags(args);
  const load = loadOf(flags);
  const each = load.ownCores / load.processes;
  const blocklist = load.isKept
    ? `${short(load.replicaBytes)} bytes of blocklist in each`
    : (flags['within'] ?? 0) > 0
      ? 'more than a process keeps: the store is asked at each request'
      : 'the store is asked at each request';
  const stores = /** @type {(keyof typeof COSTS)[]} */ (Object.keys(COSTS)).map((name) => {
    const { perSecond, cores, bytes, units, stops } = storeOf(name, load, flags);
    const shown = stops.startsWith('stops') ? '-' : short(units);
    return [name, short(perSecond), cores.toFixed(2), short(bytes), shown, stops];
  });
  return [
    `refreshes/s ${short(load.refreshes)}, sign-ins/s ${short(load.signIns)}, entries of the blocklist ${short(load.entries)}`,
    `processes ${load.processes}, cores of each ${each.toFixed(2)}, ${blocklist}`,
    '',
    ...table([['store', 'calls/s', 'cores', 'bytes', 'units/month', 'verdict'], ...stores]),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.stdout.write(`${answerTo(process.argv.slice(2))}\n`);
  } catch (error) {
    process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
    process.exitCode = 1;
  }
}
