// The logins in Redis. The script that rotates is the one write that decides every race.
import { randomUUID } from 'node:crypto';
import {
  type Clock,
  type Subject,
  replacedText,
  storedReplaced,
  readString,
  readOptionalString,
  readInteger,
  readOptionalInteger,
  isLive,
  classifyPresentedToken,
} from '../core/internal.js';
import {
  type StoredRow,
  MOST_REPLACED,
  LoginStore,
  type CheckedStore,
  type Login,
  type Rotation,
  type RotationOutcome,
} from '../stores.js';
import { countOf, listOf, run, storeMoment, yesOrNo, type RedisClient, type Script } from './client.js';
import { END, EXISTS, FIND, NAME, NAMES, OPEN, ROTATE, TOUCH, UNNAME } from './login-scripts.js';
import type { Keys } from './keys.js';
import { checkRedis, probe } from './readiness.js';

/** How a store of logins in Redis is made. */
export interface RedisRefreshStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly clock: Clock;
}

// So many keys are asked for at once, and so many names taken out of a list in one step.
const AT_ONCE = 100;

/** The logins in Redis, one hash each, which expire by themselves. */
export class RedisLoginStore extends LoginStore implements CheckedStore {
  constructor(private readonly options: RedisRefreshStoreOptions) {
    super();
  }

  /**
   * The login first, and then its name in the list of its subject: a list that is read in between lacks a login that was not returned
   * yet, and never takes a name out whose login is still to come.
   */
  override async open(login: Login): Promise<void> {
    const { keys, clock } = this.options;
    const key = keys.login(login.issuer, login.sid);
    const endsAt = Math.min(login.currentExpiresAt, login.absoluteExpiresAt);
    const moments = [storeMoment(clock), clock.nowMs()];
    const opened = await this.#run(OPEN, key, [...moments, endsAt * 1_000, ...fieldsOf(writtenOf(login))]);
    if (!yesOrNo(opened)) throw new Error('A login with this sid was opened before.');
    const list = keys.loginsOf(login.issuer, login.subject);
    const oldest = await this.#run(NAME, list, [...moments, login.absoluteExpiresAt * 1_000, login.createdAt, key]);
    await this.#deleteEnded(list, namesOf(oldest));
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const { keys, clock } = this.options;
    const { issuer, sid, from, to, nowMs, graceMs } = rotation;
    const fields = {
      currentIssuedAt: to.issuedAt,
      currentExpiresAt: to.expiresAt,
      lastUsedAt: Math.floor(nowMs / 1_000),
    };
    const reply = await this.#run(ROTATE, keys.login(issuer, sid), [
      from,
      to.jti,
      graceMs,
      MOST_REPLACED,
      storeMoment(clock),
      nowMs,
      to.expiresAt * 1_000,
      ...fieldsOf(fields),
    ]);
    const [rotated, time, record] = listOf(reply, 3);
    const isRotated = yesOrNo(rotated);
    const login = loginOf(record);
    if (!login) return { outcome: 'unknown' };
    if (isRotated) return { outcome: 'rotated', login };
    const outcome = classifyPresentedToken(login, rotation, readInteger({ time }, 'time'));
    if (outcome === 'live') throw new Error('The live refresh token could not be replaced.');
    return { outcome, login };
  }

  override async find(issuer: string, sid: string): Promise<Login | undefined> {
    return this.#read(this.options.keys.login(issuer, sid));
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    yesOrNo(await this.#run(TOUCH, this.options.keys.login(issuer, sid), [now]));
  }

  override async list({ issuer, id }: Subject, now: number): Promise<readonly Login[]> {
    const list = this.options.keys.loginsOf(issuer, id);
    const names = await this.#namesIn(list);
    const logins = await this.#each(names, (key) => this.#read(key));
    await this.#unname(
      list,
      names.filter((_, at) => logins[at] === undefined),
    );
    return logins.filter((login): login is Login => login !== undefined && isLive(login, now));
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    const { keys } = this.options;
    const key = keys.login(issuer, sid);
    const subject = await this.#end(key);
    if (subject === undefined) return false;
    await this.#unname(keys.loginsOf(issuer, subject), [key]);
    return true;
  }

  override async endAll({ issuer, id }: Subject, exceptSid?: string): Promise<number> {
    const { keys } = this.options;
    const list = keys.loginsOf(issuer, id);
    const spared = exceptSid === undefined ? undefined : keys.login(issuer, exceptSid);
    const names = (await this.#namesIn(list)).filter((name) => keys.loginByName(name) !== spared);
    const ended = await this.#each(names, (key) => this.#end(key));
    await this.#unname(list, names);
    return ended.filter((subject) => subject !== undefined).length;
  }

  /** Redis expires logins by itself. Resolves 0. */
  override async prune(): Promise<number> {
    return 0;
  }

  async checkReady(): Promise<void> {
    const { client, keys } = this.options;
    await checkRedis(() => probe(client, keys.probes(randomUUID())));
    await checkRedis(() => this.find('', ''));
  }

  async #read(key: string): Promise<Login | undefined> {
    return loginOf(await this.#run(FIND, key));
  }

  /** Deletes a login, and resolves its subject if it was there. */
  async #end(key: string): Promise<string | undefined> {
    const subjects = namesOf(await this.#run(END, key));
    if (subjects.length > 1) throw new Error('Redis answered with the subjects of several logins.');
    return subjects[0];
  }

  async #namesIn(list: string): Promise<readonly string[]> {
    return namesOf(await this.#run(NAMES, list));
  }

  /** Does the same to the logins of all these names, and resolves the results in their order. */
  async #each<Result>(names: readonly string[], work: (key: string) => Promise<Result>): Promise<readonly Result[]> {
    const { keys } = this.options;
    const results: Result[] = [];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const some = names.slice(from, from + AT_ONCE);
      results.push(...(await Promise.all(some.map((name) => work(keys.loginByName(name))))));
    }
    return results;
  }

  /** Takes out of the list what has expired of these names. */
  async #deleteEnded(list: string, names: readonly string[]): Promise<void> {
    const isThere = await this.#each(names, async (key) => yesOrNo(await this.#run(EXISTS, key)));
    await this.#unname(
      list,
      names.filter((_, at) => isThere[at] === false),
    );
  }

  async #unname(list: string, names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += AT_ONCE)
      countOf(await this.#run(UNNAME, list, names.slice(from, from + AT_ONCE)));
  }

  #run(script: Script, key: string, values: readonly (string | number)[] = []): Promise<unknown> {
    return run(this.options.client, script, { keys: [key], values });
  }
}

function namesOf(reply: unknown): readonly string[] {
  return listOf(reply).map((name) => readString({ name }, 'name'));
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
