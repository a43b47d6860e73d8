// Counts what fetching keys costs a provider, and what an outage costs callers: `npm run build && node bench/key-sets.js`. Time is
// a clock that the bench moves, the provider a server on this host. Tests hold the same counts.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { NestFactory } from '@nestjs/core';
import { AuthModule, Clock, TokenService } from 'nestjs-latchkey';
import { MemoryKeySetCache } from 'nestjs-latchkey/issuers';

const ISSUER = 'https://accounts.example';
const START = 1_800_000_000;

class MovedClock extends Clock {
  ms = START * 1_000;

  /** @override */
  nowMs() {
    return this.ms;
  }
}

const { publicKey, privateKey } = await generateKeyPair('ES256');
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] });
const provider = { fetches: 0, isDown: false };
const server = createServer((_, response) => {
  provider.fetches += 1;
  response.writeHead(provider.isDown ? 503 : 200, { connection: 'close' }).end(provider.isDown ? '' : jwks);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const address = server.address();
const jwksUri = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks`;

/** @param {string} kid */
const tokenWith = (kid) =>
  new SignJWT({ iss: ISSUER, sub: 'ada', aud: 'courses', iat: START, exp: START + 80_000 })
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
    .sign(privateKey);

/** @param {Clock} clock @param {MemoryKeySetCache} [sharedCache] */
async function start(clock, sharedCache) {
  const keys = { jwksUri, allowLoopbackHttp: true, ...(sharedCache && { sharedCache }) };
  const module = AuthModule.forRoot({ clock, trust: [{ issuer: ISSUER, audience: 'courses', keys }] });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const tokens = app.get(TokenService);
  /** @param {string} token */
  const verify = (token) =>
    tokens.verify(token, { kind: 'access' }).then(
      () => 'good',
      (error) => String(error.code),
    );
  return { verify, close: () => app.close() };
}

/** @param {string} what @param {unknown} found @param {string} target */
const print = (what, found, target) => process.stdout.write(`| ${what} | ${String(found)} | ${target} |\n`);

/** @template T @param {() => Promise<T>} work */
async function counting(work) {
  provider.fetches = 0;
  await work();
  return provider.fetches;
}

const good = await tokenWith('one');
const clock = new MovedClock();
const app = await start(clock);
print(
  'fetches for 100 first tokens at once',
  await counting(() => Promise.all(Array.from({ length: 100 }, () => app.verify(good)))),
  '1',
);

const cache = new MemoryKeySetCache();
const eight = await Promise.all(Array.from({ length: 8 }, () => start(clock, cache)));
print(
  'fetches of 8 that start cold with a shared cache',
  await counting(() => Promise.all(eight.map(({ verify }) => verify(good)))),
  '1',
);

clock.ms += 120_000;
const unknown = await tokenWith('nobody');
let refusedGood = 0;
const flood = await counting(async () => {
  for (let count = 0; count < 10_000; count += 1) {
    await app.verify(unknown);
    if (count % 100 === 0 && (await app.verify(good)) !== 'good') refusedGood += 1;
    clock.ms += 6;
  }
});
print('fetches for 10,000 tokens with an unknown key in 60 s', flood, 'at most 2');
print('good tokens refused meanwhile', refusedGood, '0');

provider.isDown = true;
let refused = 0;
for (let second = 0; second < 3_600; second += 1) {
  if ((await app.verify(good)) !== 'good') refused += 1;
  clock.ms += 1_000;
}
print('good tokens refused in an hour without the provider', refused, '0');

provider.isDown = false;
let seconds = 0;
const recovery = await counting(async () => {
  while (provider.fetches === 0 && seconds <= 60) {
    await app.verify(good);
    await new Promise((resolve) => setTimeout(resolve, 5));
    clock.ms += 1_000;
    seconds += 1;
  }
});
print('seconds until it is asked again', recovery === 0 ? 'never' : seconds, 'at most 30');

await Promise.all([app, ...eight].map(({ close }) => close()));
server.close();
