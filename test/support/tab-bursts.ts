// Bursts of tabs: one cookie jar, up to eight tabs that refresh when the browser starts, some of them slow. Requests reach the server
// late and answers reach the jar out of order, so that the jar may hold a token that was already replaced.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AuthError, type TokenPair } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import type { MakeStores } from 'nestjs-latchkey/testing';
import { startInstance } from './login-model-harness.js';
import { ManualClock } from './clocks.js';

const GRACE_MS = 10_000;
const TABS = 8;
/** How long the slowest requests and answers are on their way. */
const SLOW_MS = 4;

/** How a server answers a refresh. Rejects with the code of a refusal. */
export type Refresh = (token: string) => Promise<Answer>;

type Answer = Pick<TokenPair, 'refreshToken'>;

const payloadOf = (token: string): { readonly jti: string; readonly sid: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

export const jtiIn = (token: string): string => payloadOf(token).jti;

export const jtiOf = ({ refreshToken }: Answer): string => jtiIn(refreshToken);

/** What became of a burst. */
export interface Burst {
  /** Every token that the server returned, the first one included. */
  readonly seen: ReadonlyMap<string, string>;
  /** What the jar holds in the end. */
  readonly jar: string;
}

/**
 * Lets so many tabs refresh twice each. A tab takes its token from the jar when it sends, and the jar takes what arrives. `onTurn` is
 * called now and then, so that time may pass.
 */
export async function burst(first: Answer, refresh: Refresh, onTurn: () => void = () => {}): Promise<Burst> {
  let jar = first.refreshToken;
  const seen = new Map([[jtiOf(first), jar]]);
  const tab = async (): Promise<void> => {
    for (let turn = 0; turn < 2; turn += 1) {
      await wait(randomInt(SLOW_MS));
      const sent = jar;
      onTurn();
      if (randomInt(3) === 0) await wait(randomInt(SLOW_MS));
      const answer = await refresh(sent);
      seen.set(jtiOf(answer), answer.refreshToken);
      if (randomInt(3) === 0) await wait(randomInt(SLOW_MS));
      jar = answer.refreshToken;
    }
  };
  await Promise.all(Array.from({ length: randomInt(2, TABS + 1) }, tab));
  return { seen, jar };
}

/** Goes through bursts on two instances of one pair of stores, and holds each to what must be true. */
export async function goThroughBursts(makeStores: MakeStores, bursts: number): Promise<void> {
  const clock = new ManualClock();
  const stores = await makeStores(clock);
  const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const instances = [
    await startInstance({ stores, clock, keys }),
    await startInstance({ stores, clock, keys }),
  ] as const;
  const { tokens } = instances[0].instance;
  const refresh: Refresh = (token) =>
    patiently(() => instances[randomInt(2) === 0 ? 0 : 1].instance.tokens.refresh(token));
  const issue = (subject: string): Promise<TokenPair> => patiently(() => tokens.issue(subject));
  try {
    for (let at = 0; at < bursts; at += 1) await checkBurst({ tokens: { issue }, refresh, stores, clock });
  } finally {
    for (const { close } of instances) await close();
  }
}

const MOST_ATTEMPTS = 20;

/** Retries after a 503, as clients do: on a busy computer a database may not answer in time. */
async function patiently<T>(work: () => Promise<T>, attempt = 1): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError) || !error.isUnavailable || attempt === MOST_ATTEMPTS) throw error;
    await wait(50 * attempt);
    return patiently(work, attempt + 1);
  }
}

async function checkBurst(at: {
  readonly tokens: { issue(subject: string): Promise<TokenPair> };
  readonly refresh: Refresh;
  readonly stores: Stores;
  readonly clock: ManualClock;
}): Promise<void> {
  const { tokens, refresh, stores, clock } = at;
  const first = await tokens.issue('ada');
  const leaf = async (): Promise<string | undefined> =>
    (await patiently(() => stores.logins.find('https://accounts.test', first.sid)))?.currentJti;
  // Less than the grace in all: sixteen turns of half a second.
  const { seen, jar } = await burst(first, refresh, () => void (clock.ms += randomInt(500)));
  const live = await leaf();
  assert.ok(live !== undefined && seen.has(live), 'the live token was given to a tab');
  // What the jar holds may have been replaced; inside the grace it leads to the live one, and so does every other.
  for (const token of [jar, ...seen.values()].slice(0, 4)) {
    if (payloadOf(token).jti === live) continue;
    assert.equal(jtiOf(await refresh(token)), live, 'not an older generation, and no fork');
  }
  assert.equal(await leaf(), live);
  clock.ms += GRACE_MS;
  const next = await refresh(seen.get(live) ?? '');
  assert.ok(!seen.has(jtiOf(next)), 'after the grace the live token is replaced as ever');
  const old = [...seen.values()].at(randomInt(seen.size)) ?? first.refreshToken;
  if (payloadOf(old).jti === live) return;
  await assert.rejects(refresh(old), (error: AuthError) => error.code === 'refresh_reused');
  await assert.rejects(refresh(next.refreshToken), (error: AuthError) => error.code === 'token_revoked');
}
