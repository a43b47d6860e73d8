// A pool of `pg` for tests whose server is stopped.
import { Pool, type PoolConfig } from 'pg';

/** Opens a pool that does not end the process when the server closes an idle connection. */
export function openPgPool(url: string | undefined, options: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...options });
  pool.on('error', () => {});
  return pool;
}
