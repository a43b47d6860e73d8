// Finds the code that a database gave to an error, however many layers a driver or an ORM wrapped around it.

/** Where the layers keep what they wrap: the standard, TypeORM, and Prisma with its driver adapters. */
const LAYERS = ['cause', 'driverError', 'meta', 'driverAdapterError'] as const;
const CODES = ['code', 'originalCode'] as const;
/** Deep enough for every ORM, and an end for errors that wrap themselves. */
const DEEPEST = 5;

/** True if the error, or one that it wraps, has one of these codes. */
export function hasCode(error: unknown, codes: ReadonlySet<unknown>, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return false;
  if (CODES.some((name) => codes.has(Reflect.get(error, name)))) return true;
  return LAYERS.some((layer) => hasCode(Reflect.get(error, layer), codes, depth + 1));
}
