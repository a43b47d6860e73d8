// What holds for every refusal (nothing ran, nothing leaked, nothing was granted): one check, used by all tests of attacks.
import { expect } from '@jest/globals';
import type { RecordingApp } from './recording-app.js';
import { readAnswer, sendLines, type RawAnswer } from './raw-http.js';

export interface RefusalExpectations {
  /** What the request carried and what must therefore never come back: tokens, passwords. Their long parts are looked for too. */
  readonly secrets?: readonly string[];
  /** True if the request never reaches the application: Node or the adapter refuse it. */
  readonly beforeUs?: boolean;
  /** True if a ready-made controller refuses: interceptors have run then, as around every handler. */
  readonly byController?: boolean;
  /** True if the user source may run: the credential itself was valid. */
  readonly mayLookUp?: boolean;
}

// Strings that would reveal to an attacker how the service is built.
const INSIDES = /\bat .+:\d+:\d+|node_modules|\.(js|ts)\b|\bjose\b|latchkey|SELECT |ECONNREFUSED|"stack"/;

/** Sends a request that must be refused and checks everything that holds for all refusals. Resolves the answer. */
export async function expectRefusal(
  app: RecordingApp,
  send: () => Promise<RawAnswer | Response>,
  expected: RefusalExpectations = {},
): Promise<RawAnswer> {
  const before = reached(app);
  const linesBefore = app.logged.length;
  const sent = await send();
  const answer = sent instanceof Response ? await readAnswer(sent) : sent;
  const after = reached(app);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(after.handled - before.handled).toBe(0);
  if (expected.byController !== true) expect(after.intercepted - before.intercepted).toBe(0);
  if (expected.mayLookUp !== true) expect(after.lookups - before.lookups).toBe(0);
  expectNothingSet(answer);
  expectNothingTold(answer, app.logged.slice(linesBefore), expected.secrets ?? []);
  if (expected.beforeUs !== true) expectShape(answer);
  await expectStillGood(app);
  return answer;
}

/** The challenge of the response, without its realm; `undefined` if it has none. */
export function challengeOf({ headers }: RawAnswer): string | undefined {
  return headers
    .get('www-authenticate')?.[0]
    ?.replace(/realm="[^"]*",? ?/, '')
    .trim();
}

/** The code in the body. */
export function codeOf({ body }: RawAnswer): unknown {
  return (JSON.parse(body) as { errorCode?: unknown }).errorCode;
}

function reached({ probe, people }: RecordingApp) {
  return { handled: probe.handled, intercepted: probe.intercepted, lookups: people.lookups };
}

/** Cookies may be cleared, never set. */
function expectNothingSet({ headers }: RawAnswer): void {
  const set = (headers.get('set-cookie') ?? []).filter((line) => !/max-age=0|expires=thu, 01 jan 1970/i.test(line));
  expect(set).toEqual([]);
}

function expectNothingTold(answer: RawAnswer, logged: readonly string[], secrets: readonly string[]): void {
  const told = [answer.body, ...[...answer.headers.values()].flat()].join('\n');
  expect(told).not.toMatch(INSIDES);
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(/[.\s]/)]).filter((part) => part.length >= 8);
  for (const part of parts) {
    expect(told).not.toContain(part);
    expect(logged.join('\n')).not.toContain(part);
  }
  // A raw line break in a log line would let a client write lines of its own.
  expect(logged.filter((line) => /\r/.test(line))).toEqual([]);
}

function expectShape(answer: RawAnswer): void {
  expect(answer.headers.get('cache-control')).toEqual(['no-store']);
  const body = JSON.parse(answer.body) as object;
  expect(Object.keys(body).sort()).toEqual(['error', 'errorCode', 'message', 'statusCode']);
  expect(answer.headers.has('retry-after')).toBe(answer.status === 503);
}

/** An attack must not spoil what comes after it. */
async function expectStillGood(app: RecordingApp): Promise<void> {
  const { down } = app.people;
  app.people.down = false;
  const { accessToken } = await app.signIn();
  const answer = await sendLines(app.url, ['GET /me HTTP/1.1', `Authorization: Bearer ${accessToken}`]);
  app.people.down = down;
  expect(answer.status).toBe(200);
}
