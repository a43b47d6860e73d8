// Whether the time of a refused sign-in tells why it was refused: `npm run build && node bench/refusal-times.js`. Two hundred of each kind,
// in a random order, one at a time, over HTTP. What counts is the difference of the means; the medians and the time of the processor are for
// machines with much else to do.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsString } from 'class-validator';
import { AuthModule, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { Passwords } from 'nestjs-latchkey/passwords';

const TRIES = 200;
const TARGET = 0.05;
const PASSWORD = 'correct horse battery staple';
const CODE = '314159';

const passwords = new Passwords();
const passwordHash = await passwords.hash(PASSWORD);
/** @type {ReadonlyMap<string, { id: string, active: boolean, passwordHash: string }>} */
const people = new Map([
  ['ada', { id: 'ada', active: true, passwordHash }],
  ['lin', { id: 'lin', active: false, passwordHash }],
]);

/** A password and a code in one body. Decorators by hand: this file runs as it is written. */
class SignIn {}
for (const member of ['username', 'password', 'code']) IsString()(SignIn.prototype, member);

class People extends UserSource {
  /** @override @param {{ id: string }} subject */
  async findBySubject({ id }) {
    return /** @type {any} */ (people.get(id));
  }

  /** @override @param {any} person */
  describe({ id, active }) {
    return { id, active };
  }

  /** @override @param {any} credentials */
  async verifyCredentials({ username, password, code }) {
    const person = people.get(username);
    const { matches } = await passwords.verify(person?.passwordHash, password);
    return matches && code === CODE ? /** @type {any} */ (person) : undefined;
  }
}

/** @type {Readonly<Record<string, object>>} */
const kinds = {
  'unknown user': { username: 'eve', password: PASSWORD, code: CODE },
  'wrong password': { username: 'ada', password: 'incorrect horse battery staple', code: CODE },
  'inactive user': { username: 'lin', password: PASSWORD, code: CODE },
  'wrong second factor': { username: 'ada', password: PASSWORD, code: '271828' },
};

class BenchModule {}
Module({
  providers: [People],
  imports: [
    AuthModule.forRoot({
      issuer: 'http://localhost',
      audience: 'bench',
      users: /** @type {any} */ (People),
      controllers: [tokenController({ body: SignIn })],
    }),
  ],
})(BenchModule);

const app = await NestFactory.create(BenchModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/auth/token`;

/** @param {object} body */
async function timeOf(body) {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  if (answer.status !== 401) throw new Error(`A refusal was answered with ${answer.status}.`);
  const { user, system } = process.cpuUsage(cpu);
  return { taken: performance.now() - startedMs, worked: (user + system) / 1_000 };
}

/** @type {Record<string, { taken: number, worked: number }[]>} */
const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
for (let warm = 0; warm < 20; warm += 1) for (const body of Object.values(kinds)) await timeOf(body);
for (let tries = 0; tries < TRIES; tries += 1) {
  const order = Object.entries(kinds)
    .map((entry) => ({ entry, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ entry }) => entry);
  for (const [kind, body] of order) times[kind]?.push(await timeOf(body));
}
await app.close();

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @param {readonly number[]} values */
const median = (values) => values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;

/** @type {readonly (readonly [string, (of: readonly { taken: number, worked: number }[]) => number])[]} */
const columns = [
  ['mean', (of) => mean(of.map(({ taken }) => taken))],
  ['median', (of) => median(of.map(({ taken }) => taken))],
  ['processor, mean', (of) => mean(of.map(({ worked }) => worked))],
  ['processor, median', (of) => median(of.map(({ worked }) => worked))],
];
process.stdout.write(`| refused for (ms) | ${columns.map(([name]) => name).join(' | ')} |\n|---|---|---|---|---|\n`);
for (const [kind, of] of Object.entries(times))
  process.stdout.write(`| ${kind} | ${columns.map(([, average]) => average(of).toFixed(2)).join(' | ')} |\n`);
const differences = columns.map(([, average]) => {
  const averages = Object.values(times).map(average);
  return (Math.max(...averages) - Math.min(...averages)) / Math.min(...averages);
});
process.stdout.write(
  `| largest difference | ${differences.map((each) => `${(each * 100).toFixed(1)} %`).join(' | ')} |\n`,
);
process.stdout.write(
  `\nThe means differ by less than ${TARGET * 100} %: ${(differences[0] ?? 1) < TARGET ? 'met' : 'MISSED'}\n`,
);
