// The settings of the process, read and checked once at start-up.

export interface Environment {
  readonly PORT: number;
  readonly PUBLIC_URL: string;
  readonly DATABASE_URL: string;
  readonly KEYS_DIR: string;
}

/** Which HTTP framework to stand on. Asked before there is an application. */
export const onFastify = process.env['HTTP_ADAPTER'] === 'fastify';

/** Where the stores move from the database, if it is set. Asked while modules are being put together. */
export const redisUrl = process.env['REDIS_URL'];

/** Where the service is reached by https, a proxy speaks it. Asked before there is an application. */
export const behindProxy = process.env['PUBLIC_URL']?.startsWith('https:') === true;

/** Where mails are put, one file each, for whatever sends them. Without it they are lines of the log in development. */
export const mailFolder = process.env['MAIL_DIR'];

/** An identity provider of OpenID Connect, where users may sign in too: off unless it is named. Asked while modules are being put together. */
export const externalProvider = readExternalProvider(process.env);

export const inProduction = process.env['NODE_ENV'] === 'production';

/** @throws {Error} naming the variable that is missing */
function readExternalProvider({ EXTERNAL_ISSUER, EXTERNAL_CLIENT_ID, EXTERNAL_CLIENT_SECRET }: NodeJS.ProcessEnv) {
  if (EXTERNAL_ISSUER === undefined) return undefined;
  if (!URL.canParse(EXTERNAL_ISSUER)) throw new Error('EXTERNAL_ISSUER must be the URL of an issuer.');
  if (EXTERNAL_CLIENT_ID === undefined) throw new Error('EXTERNAL_ISSUER needs EXTERNAL_CLIENT_ID.');
  return { issuer: EXTERNAL_ISSUER, clientId: EXTERNAL_CLIENT_ID, clientSecret: EXTERNAL_CLIENT_SECRET };
}

/** @throws {Error} naming the variable that makes no sense */
export function readEnvironment(variables: Record<string, unknown>): Environment {
  const text = (name: string, otherwise: string): string => String(variables[name] ?? otherwise);
  const PORT = Number(text('PORT', '3000'));
  if (!Number.isInteger(PORT) || PORT < 0 || PORT > 65_535) throw new Error('PORT must be a port number.');
  if (!['express', 'fastify'].includes(text('HTTP_ADAPTER', 'express'))) {
    throw new Error('HTTP_ADAPTER must be express or fastify.');
  }
  return {
    PORT,
    PUBLIC_URL: text('PUBLIC_URL', `http://localhost:${PORT}`),
    DATABASE_URL: text('DATABASE_URL', 'sqlite:.data/accounts.sqlite'),
    KEYS_DIR: text('KEYS_DIR', '.data/keys'),
  };
}
