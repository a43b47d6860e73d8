// A process that trusts one issuer by the address of its keys, shares fetched sets through SQLite, and verifies one token whose
// signature is bad. It prints the code of the refusal: with the key it is token_invalid, without keys_unavailable.
import { AuthModule, TokenService } from 'nestjs-latchkey';
import { latchkeyEntities, TypeOrmKeySetCache } from 'nestjs-latchkey/typeorm';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';

const [, , jwksUri = '', database = ''] = process.argv;
const issuer = 'https://accounts.example';

const dataSource = await new DataSource({
  type: 'better-sqlite3',
  database,
  entities: [...latchkeyEntities],
}).initialize();
const trust = [
  {
    issuer,
    audience: 'courses',
    keys: { jwksUri, allowLoopbackHttp: true, sharedCache: new TypeOrmKeySetCache(dataSource) },
  },
];

class AppModule {}
const application = await NestFactory.createApplicationContext(
  { module: AppModule, imports: [AuthModule.forRoot({ trust })] },
  { logger: false, abortOnError: false },
);

/** @param {object} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const claims = { iss: issuer, sub: 'ada', aud: 'courses', iat: 1_700_000_000, exp: 4_000_000_000 };
const token = `${encode({ alg: 'ES256', kid: 'one', typ: 'at+jwt' })}.${encode(claims)}.${'A'.repeat(86)}`;

const outcome = await application
  .get(TokenService)
  .verify(token, { kind: 'access' })
  .then(
    () => 'verified',
    (/** @type {{ code?: string }} */ error) => error.code ?? String(error),
  );
process.stdout.write(`${outcome}\n`);
await application.close();
await dataSource.destroy();
