// What is known of the connection pool of a DataSource, whoever else uses it.
import type { DataSource } from 'typeorm';

type Path = readonly string[];

/** Where pools say how many connections there are and may be, how many are free, and how many callers they are promised to. */
const LAYOUTS: readonly (readonly [all: Path, most: Path, free: Path, waiting: Path])[] = [
  // pg
  [['totalCount'], ['options', 'max'], ['idleCount'], ['waitingCount']],
  // mysql2 and mysql
  [
    ['_allConnections', 'length'],
    ['config', 'connectionLimit'],
    ['_freeConnections', 'length'],
    ['_connectionQueue', 'length'],
  ],
];

/**
 * True if every connection is there and in use or promised to others, so that a statement has to wait for its turn. False also if it cannot
 * be told: then waiting counts as the database not answering.
 */
export function isUsedUp({ driver }: DataSource): boolean {
  const pool = poolOf(driver);
  return LAYOUTS.some((layout) => {
    const [all, most, free, waiting] = layout.map((path) => numberAt(pool, path));
    if (all === undefined || most === undefined || free === undefined || waiting === undefined) return false;
    return all >= most && free <= waiting;
  });
}

/** TypeORM calls it `master` or `pool`. With replicas there are several, which are not looked into. */
function poolOf(driver: object): unknown {
  if ('master' in driver && driver.master !== undefined) return driver.master;
  return 'pool' in driver ? driver.pool : undefined;
}

function numberAt(value: unknown, path: Path): number | undefined {
  const found = path.reduce<unknown>((at, name) => memberOf(at, name), value);
  return typeof found === 'number' ? found : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
