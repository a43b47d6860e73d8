// The sign-ins in Redis. The script that rotates is the one write that decides every race.
import type { Clock } from '../core/base/clock.js';
import type { Subject } from '../core/base/principal.js';
import {
  replacedText,
  storedReplaced,
  readString,
  readOptionalString,
  readInteger,
  readOptionalInteger,
  type StoredRow,
} from '../core/stores/row.js';
import {
  MOST_REPLACED,
  LoginStore,
  type CheckedStore,
  type Login,
  type Rotation,
  type RotationOutcome,
} from '../core/stores/stores.js';
import { isLive, classifyPresentedToken } from '../core/stores/rules.js';
import { countOf, listOf, run, storeMoment, yesOrNo, type RedisClient, type Script } from './client.js';
import { END, END_ALL, FIND, LIST_OF_SUBJECT, OPEN, ROTATE, TOUCH } from './login-scripts.js';
import type { Keys } from './keys.js';
import { checkRedis, probe } from './readiness.js';

/** How a store of sign-ins in Redis is made. */
export interface RedisRefreshStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly clock: Clock;
}

/** The sign-ins in Redis, one hash each, which expire by themselves. */
export class RedisRefreshStore extends LoginStore implements CheckedStore {
  constructor(private readonly options: RedisRefreshStoreOptions) {
    super();
  }

  override async open(login: Login): Promise<void> {
    const { keys, clock } = this.options;
    const endsAt = Math.min(login.currentExpiresAt, login.absoluteExpiresAt);
    const opened = await this.#run(
      OPEN,
      [keys.login(login.issuer, login.sid), keys.signInsOf(login.issuer, login.subject)],
      [
        storeMoment(clock),
        clock.nowMs(),
        endsAt * 1_000,
        login.absoluteExpiresAt * 1_000,
        login.createdAt,
        ...fieldsOf(writtenOf(login)),
      ],
    );
    if (!yesOrNo(opened)) throw new Error('A login with this sid was opened before.');
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const { keys, clock } = this.options;
    const { issuer, sid, from, to, nowMs, graceMs } = rotation;
    const fields = {
      currentIssuedAt: to.issuedAt,
      currentExpiresAt: to.expiresAt,
      lastUsedAt: Math.floor(nowMs / 1_000),
    };
    const reply = await this.#run(
      ROTATE,
      [keys.login(issuer, sid)],
      [from, to.jti, graceMs, MOST_REPLACED, storeMoment(clock), nowMs, to.expiresAt * 1_000, ...fieldsOf(fields)],
    );
    const [rotated, moment, record] = listOf(reply, 3);
    const isRotated = yesOrNo(rotated);
    const login = loginOf(record);
    if (!login) return { outcome: 'unknown' };
    if (isRotated) return { outcome: 'rotated', login };
    const outcome = classifyPresentedToken(login, rotation, readInteger({ moment }, 'moment'));
    if (outcome === 'live') throw new Error('The live refresh token could not be replaced.');
    return { outcome, login };
  }

  override async find(issuer: string, sid: string): Promise<Login | undefined> {
    return loginOf(await this.#run(FIND, [this.options.keys.login(issuer, sid)]));
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    yesOrNo(await this.#run(TOUCH, [this.options.keys.login(issuer, sid)], [now]));
  }

  override async list({ issuer, id }: Subject, now: number): Promise<readonly Login[]> {
    const records = listOf(await this.#run(LIST_OF_SUBJECT, [this.options.keys.signInsOf(issuer, id)]));
    return records.map(loginOf).filter((login): login is Login => login !== undefined && isLive(login, now));
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    return yesOrNo(await this.#run(END, [this.options.keys.login(issuer, sid)]));
  }

  override async endAll({ issuer, id }: Subject, exceptSid?: string): Promise<number> {
    const { keys } = this.options;
    const spared = exceptSid === undefined ? [] : [keys.login(issuer, exceptSid)];
    return countOf(await this.#run(END_ALL, [keys.signInsOf(issuer, id), ...spared]));
  }

  /** Redis expires sign-ins by itself. Resolves 0. */
  override async prune(): Promise<number> {
    return 0;
  }

  async checkReady(): Promise<void> {
    const { client, keys } = this.options;
    await checkRedis(() => probe(client, keys));
    await checkRedis(() => this.find('', ''));
  }

  #run(script: Script, keys: readonly string[], values: readonly (string | number)[] = []): Promise<unknown> {
    return run(this.options.client, script, { keys, values });
  }
}

function writtenOf({ replacedEarlier, ...login }: Login) {
  return { ...login, replacedEarlier: replacedEarlier && replacedText(replacedEarlier) };
}

/** Names and values in turn, as HSET takes them; what is absent is left out. */
function fieldsOf(record: Readonly<Record<string, string | number | undefined>>): (string | number)[] {
  return Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

function loginOf(reply: unknown): Login | undefined {
  const parts = listOf(reply);
  if (parts.length === 0) return undefined;
  const row: Record<string, unknown> = {};
  for (let at = 0; at < parts.length; at += 2) row[String(parts[at])] = parts[at + 1];
  return readLogin(row);
}

function readLogin(row: StoredRow): Login {
  return {
    issuer: readString(row, 'issuer'),
    sid: readString(row, 'sid'),
    subject: readString(row, 'subject'),
    currentJti: readString(row, 'currentJti'),
    currentIssuedAt: readInteger(row, 'currentIssuedAt'),
    currentExpiresAt: readInteger(row, 'currentExpiresAt'),
    previousJti: readOptionalString(row, 'previousJti'),
    rotatedAtMs: readOptionalInteger(row, 'rotatedAtMs'),
    replacedEarlier: storedReplaced(row, 'replacedEarlier'),
    createdAt: readInteger(row, 'createdAt'),
    lastUsedAt: readInteger(row, 'lastUsedAt'),
    absoluteExpiresAt: readInteger(row, 'absoluteExpiresAt'),
    label: readOptionalString(row, 'label'),
  };
}
