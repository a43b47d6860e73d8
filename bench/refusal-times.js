// Whether the time of a refused sign-in tells why it was refused: `npm run build && node bench/refusal-times.js`. Two hundred of each kind,
// one at a time, over HTTP, in rounds of one of each kind in a random order, so that what else the machine does hits all kinds alike.
// Compared are refusals that a stranger could tell apart: those of one request, and those of a further step among themselves.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsString } from 'class-validator';
import { AuthModule, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { Passwords } from 'nestjs-latchkey/passwords';
import { challenge, proven } from 'nestjs-latchkey/sign-in';

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

/** Users with a further step: a new one for each try, because the tries of one user are limited. @param {string} name */
const withStep = (name) => (/^step-\d+$/.test(name) ? { id: name, active: true, passwordHash } : undefined);
/** Codes that were used, as a database remembers them. */
const usedCodes = new Set([CODE]);

/** A password and a code in one body. Decorators by hand: this file runs as it is written. */
class SignIn {}
for (const member of ['username', 'password', 'code']) IsString()(SignIn.prototype, member);

class People extends UserSource {
  /** @override @param {{ id: string }} subject */
  async findBySubject({ id }) {
    return /** @type {any} */ (people.get(id) ?? withStep(id));
  }

  /** @override @param {any} person */
  describe({ id, active }) {
    return { id, active };
  }

  /** @override @param {any} credentials */
  async verifyCredentials({ username, password, code }) {
    const person = people.get(username) ?? withStep(username);
    const { matches } = await passwords.verify(person?.passwordHash, password);
    if (!matches || person === undefined) return undefined;
    const user = /** @type {any} */ (person);
    if (withStep(username) !== undefined) return challenge({ kind: 'totp', user, amr: ['pwd'] });
    return code === CODE ? user : undefined;
  }

  /** @override @param {any} step @param {any} sent */
  async completeChallenge({ user }, { code }) {
    return code === CODE && !usedCodes.has(code) ? proven({ user, amr: ['otp'] }) : undefined;
  }
}

/** @type {Readonly<Record<string, object>>} */
const inOneRequest = {
  'unknown user': { username: 'eve', password: PASSWORD, code: CODE },
  'wrong password': { username: 'ada', password: 'incorrect horse battery staple', code: CODE },
  'inactive user': { username: 'lin', password: PASSWORD, code: CODE },
  'wrong second factor': { username: 'ada', password: PASSWORD, code: '271828' },
};
/** @type {Readonly<Record<string, object>>} */
const inAStep = {
  'wrong code': { code: '271828' },
  'right code, used before': { code: CODE },
};

class BenchModule {}
Module({
  providers: [People],
  imports: [
    AuthModule.forRoot({
      issuer: 'http://localhost',
      audience: 'bench',
      users: /** @type {any} */ (People),
      controllers: [tokenController({ body: SignIn, steps: true })],
    }),
  ],
})(BenchModule);

const app = await NestFactory.create(BenchModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/auth/token`;

/** @param {string} address @param {object} body */
function post(address, body) {
  const headers = { 'content-type': 'application/json' };
  return fetch(address, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** @param {string} address @param {object} body */
async function timeOf(address, body) {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const answer = await post(address, body);
  const { errorCode } = /** @type {any} */ (await answer.json());
  const takenMs = performance.now() - startedMs;
  if (errorCode !== 'invalid_credentials') throw new Error(`A refusal was answered with ${errorCode}.`);
  const { user, system } = process.cpuUsage(cpu);
  return { taken: takenMs, worked: (user + system) / 1_000 };
}

let begun = 0;

/** A step that was begun just now, whose answer is not timed. */
async function continuation() {
  begun += 1;
  const answer = await post(url, { username: `step-${begun}`, password: PASSWORD, code: CODE });
  return /** @type {any} */ (await answer.json()).step.continuation;
}

/** @typedef {{ readonly taken: number, readonly worked: number }} Sample */
/**
 * @param {Readonly<Record<string, object>>} kinds
 * @param {(body: object) => Promise<Sample>} tryOne
 */
async function sampled(kinds, tryOne) {
  /** @type {Record<string, Sample[]>} */
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let warm = 0; warm < 20; warm += 1) for (const body of Object.values(kinds)) await tryOne(body);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const order = Object.entries(kinds)
      .map((entry) => ({ entry, rank: Math.random() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ entry }) => entry);
    for (const [kind, body] of order) times[kind]?.push(await tryOne(body));
  }
  return times;
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @param {readonly number[]} values */
const sorted = (values) => values.toSorted((one, other) => one - other);
/** @param {readonly number[]} values */
const median = (values) => sorted(values)[values.length >> 1] ?? 0;
/** Without the slowest fifth, which is what other programs of the machine did. @param {readonly number[]} values */
const trimmed = (values) => mean(sorted(values).slice(0, Math.ceil(values.length * 0.8)));

/** @type {readonly (readonly [string, (of: readonly Sample[]) => number])[]} */
const columns = [
  ['mean', (of) => mean(of.map(({ taken }) => taken))],
  ['mean without the slowest fifth', (of) => trimmed(of.map(({ taken }) => taken))],
  ['median', (of) => median(of.map(({ taken }) => taken))],
  ['processor, mean without the slowest fifth', (of) => trimmed(of.map(({ worked }) => worked))],
  ['processor, median', (of) => median(of.map(({ worked }) => worked))],
];

/** @param {string} title @param {Readonly<Record<string, readonly Sample[]>>} times */
function print(title, times) {
  const lines = [`| ${title} (ms) | ${columns.map(([name]) => name).join(' | ')} |`, `|---${'|---'.repeat(5)}|`];
  for (const [kind, of] of Object.entries(times))
    lines.push(`| ${kind} | ${columns.map(([, average]) => average(of).toFixed(2)).join(' | ')} |`);
  const differences = columns.map(([, average]) => {
    const averages = Object.values(times).map(average);
    return (Math.max(...averages) - Math.min(...averages)) / Math.min(...averages);
  });
  lines.push(`| largest difference | ${differences.map((each) => `${(each * 100).toFixed(1)} %`).join(' | ')} |`);
  const verdict = differences.slice(0, 2).map((each) => (each < TARGET ? 'met' : 'MISSED'));
  process.stdout.write(`${lines.join('\n')}\n\n`);
  process.stdout.write(`Below ${TARGET * 100} %: the means ${verdict[0]}, without the slowest fifth ${verdict[1]}\n\n`);
}

print('refused in one request for', await sampled(inOneRequest, (body) => timeOf(url, body)));
print(
  'refused at `continue` for',
  await sampled(inAStep, async (body) => {
    const sent = { ...body, continuation: await continuation() };
    return timeOf(`${url}/continue`, sent);
  }),
);
await app.close();
