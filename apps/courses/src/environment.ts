// The settings of the process, read and checked once at start-up.

export interface Environment {
  readonly PORT: number;
  /** The issuer that this application trusts, without a slash at its end. */
  readonly ACCOUNTS_URL: string;
}

/** Which HTTP framework to stand on. Asked before there is an application. */
export const onFastify = process.env['HTTP_ADAPTER'] === 'fastify';

/** @throws {Error} naming the variable that makes no sense */
export function readEnvironment(variables: Record<string, unknown>): Environment {
  const text = (name: string, otherwise: string): string => String(variables[name] ?? otherwise);
  const PORT = Number(text('PORT', '3001'));
  if (!Number.isInteger(PORT) || PORT < 0 || PORT > 65_535) throw new Error('PORT must be a port number.');
  if (!['express', 'fastify'].includes(text('HTTP_ADAPTER', 'express'))) {
    throw new Error('HTTP_ADAPTER must be express or fastify.');
  }
  return { PORT, ACCOUNTS_URL: text('ACCOUNTS_URL', 'http://localhost:3000') };
}
