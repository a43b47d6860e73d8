// Measures single calls in this process: what a token costs when it is seen for the first time, and what the blocklist costs as it
// grows. The two sides of each ratio take turns.
import 'reflect-metadata';
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { importJWK, jwtVerify } from 'jose';
import { AuthModule, memoryStores, SystemClock, TokenService } from 'nestjs-latchkey';
import { median } from './requests.js';

/** @typedef {{ ratio: number, cpu: number, ours: number, theirs: number }} Comparison by time and by processor time; microseconds for one call of each */

const ISSUER = 'http://localhost';
const AUDIENCE = 'bench';

/** An id like those of the library. */
const newId = () => randomBytes(32).toString('base64url');

/** @typedef {'ES256' | 'RS256' | 'PS256' | 'EdDSA' | 'HS256'} Algorithm */

const ecPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });

/** @type {Record<Exclude<Algorithm, 'HS256'>, () => import('node:crypto').KeyPairKeyObjectResult>} */
const pairs = { ES256: ecPair, RS256: rsaPair, PS256: rsaPair, EdDSA: () => generateKeyPairSync('ed25519') };

/** A key of ours, and the same as jose verifies with it fastest: imported before. @param {Algorithm} alg */
async function keysOf(alg) {
  if (alg === 'HS256') {
    const secret = createSecretKey(randomBytes(32));
    const imported = { name: 'HMAC', hash: 'SHA-256' };
    return { own: secret, theirs: await crypto.subtle.importKey('raw', secret.export(), imported, false, ['verify']) };
  }
  const { privateKey, publicKey } = pairs[alg]();
  return { own: privateKey, theirs: await importJWK(publicKey.export({ format: 'jwk' }), alg) };
}

/**
 * The whole of `TokenService.verify` (claims, blocklist, principal) over `jwtVerify` alone.
 * @param {Algorithm} alg
 * @param {{ rounds: number }} options
 */
export async function measureFirstSight(alg, { rounds }) {
  const { own, theirs } = await keysOf(alg);
  class BenchModule {}
  Module({})(BenchModule);
  const auth = AuthModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, keys: { key: own, alg } });
  const app = await NestFactory.createApplicationContext({ module: BenchModule, imports: [auth] }, { logger: false });
  const tokens = app.get(TokenService);
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: [alg], typ: 'at+jwt' };
  const fresh = async () =>
    Promise.all(
      Array.from({ length: 200 }, async () => (await tokens.issue('user-1', { scopes: ['read'] })).accessToken),
    );
  const comparison = await compare(rounds, {
    prepare: fresh,
    ours: (token) => tokens.verify(token, { kind: 'access' }),
    theirs: (token) => jwtVerify(token, theirs, options),
  });
  await app.close();
  return comparison;
}

const LIFE_SECONDS = 3600;

/** One question to a blocklist of a million over one to a blocklist of a thousand. @param {{ rounds: number }} options */
export async function measureRevocation({ rounds }) {
  const full = await blocklistOf(1_000_000);
  const small = await blocklistOf(1_000);
  const issuedAt = new SystemClock().nowSeconds();
  const query = (/** @type {string} */ jti) => ({ issuer: ISSUER, subject: 'user-1', jti, sid: jti, issuedAt });
  return compare(rounds * 5, {
    prepare: async () => Array.from({ length: 2_000 }, () => newId()),
    ours: (jti) => full.find(query(jti)),
    theirs: (jti) => small.find(query(jti)),
  });
}

/** @param {number} size */
async function blocklistOf(size) {
  const clock = new SystemClock();
  const { revocations } = await memoryStores({ maxRevocations: size + 1 }).useFactory(clock);
  const revokedAt = clock.nowSeconds();
  for (let made = 0; made < size; made += 1) {
    await revocations.add({
      kind: 'token',
      issuer: ISSUER,
      id: newId(),
      revokedAt,
      expiresAt: revokedAt + LIFE_SECONDS,
    });
  }
  return revocations;
}

/**
 * Both sides in turns, on the same values; the median round counts.
 * @param {number} rounds
 * @param {{ prepare(): Promise<string[]>, ours(value: string): unknown, theirs(value: string): unknown }} sides
 * @returns {Promise<Comparison>}
 */
async function compare(rounds, { prepare, ours, theirs }) {
  const samples = [];
  for (let round = -2; round < rounds; round += 1) {
    const values = await prepare();
    const both = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const costs = new Map();
    for (const side of both) costs.set(side, await costOf(values, side));
    if (round >= 0) samples.push({ ours: costs.get(ours), theirs: costs.get(theirs) });
  }
  return {
    ratio: median(samples.map((sample) => sample.ours.time / sample.theirs.time)),
    cpu: median(samples.map((sample) => sample.ours.cpu / sample.theirs.cpu)),
    ours: median(samples.map((sample) => sample.ours.time)),
    theirs: median(samples.map((sample) => sample.theirs.time)),
  };
}

/**
 * @param {readonly string[]} values
 * @param {(value: string) => unknown} call
 * @returns {Promise<{ time: number, cpu: number }>} microseconds for one call, by the clock and of all processors
 */
async function costOf(values, call) {
  const used = process.cpuUsage();
  const begin = performance.now();
  for (const value of values) await call(value);
  const time = ((performance.now() - begin) * 1000) / values.length;
  const { user, system } = process.cpuUsage(used);
  return { time, cpu: (user + system) / values.length };
}
