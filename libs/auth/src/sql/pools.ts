// What is known of a connection pool that the application uses too.
import { memberIn } from '../core/internal.js';
import { takeTurn } from '../stores.js';

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
  // tarn, which Knex uses
  [['used', 'length'], ['max'], ['free', 'length'], ['pendingAcquires', 'length']],
];

/**
 * True if every connection is there and in use or promised to others, so that a statement has to wait for its turn. False also if that is
 * unknown: then waiting counts as the database not answering.
 */
export function isUsedUp(pool: unknown): boolean {
  return LAYOUTS.some((layout) => {
    const [all, most, free, waiting] = layout.map((path) => numberAt(pool, path));
    if (all === undefined || most === undefined || free === undefined || waiting === undefined) return false;
    return all >= most && free <= waiting;
  });
}

/** Takes a connection from a pool; while the pool is used up, waiting for it is waiting for a turn. */
export async function connectionOf<T>(
  pool: unknown,
  connect: () => Promise<T>,
  giveBack: (connection: T) => void,
): Promise<T> {
  if (!isUsedUp(pool)) return connect();
  let connection: T | undefined;
  try {
    await takeTurn(async () => void (connection = await connect()));
  } catch (error) {
    if (connection !== undefined) giveBack(connection);
    throw error;
  }
  return connection as T;
}

function numberAt(value: unknown, path: Path): number | undefined {
  const found = path.reduce<unknown>((at, name) => memberIn(at, name), value);
  return typeof found === 'number' ? found : undefined;
}
