// Owns the sign-ins in Redis. The script that rotates is the one write that decides every race (J-11).
import type { Clock } from '../core/clock.js';
import type { Subject } from '../core/principal.js';
import {
  replacedText,
  storedReplaced,
  storedText,
  storedTextOrNothing,
  storedWhole,
  storedWholeOrNothing,
  type StoredRow,
} from '../core/stores/stored.js';
import {
  MOST_REPLACED,
  RefreshStore,
  type CheckedStore,
  type Family,
  type Rotation,
  type RotationOutcome,
} from '../core/stores/stores.js';
import { isLive, standingOf } from '../core/stores/verdicts.js';
import { countOf, listOf, run, storeMoment, yesOrNo, type RedisClient, type Script } from './client.js';
import { END, END_ALL, FIND, LIST_OF_SUBJECT, OPEN, ROTATE, TOUCH } from './family-scripts.js';
import type { Keys } from './keys.js';
import { checkRedis, probe } from './readiness.js';

/** How a store of sign-ins in Redis is made. */
export interface RedisRefreshStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly clock: Clock;
}

/** The sign-ins in Redis, one hash each, which expire by themselves. */
export class RedisRefreshStore extends RefreshStore implements CheckedStore {
  constructor(private readonly options: RedisRefreshStoreOptions) {
    super();
  }

  override async open(family: Family): Promise<void> {
    const { keys, clock } = this.options;
    const endsAt = Math.min(family.currentExpiresAt, family.absoluteExpiresAt);
    const opened = await this.#run(
      OPEN,
      [keys.family(family.issuer, family.sid), keys.signInsOf(family.issuer, family.subject)],
      [
        storeMoment(clock),
        clock.nowMs(),
        endsAt * 1_000,
        family.absoluteExpiresAt * 1_000,
        family.createdAt,
        ...fieldsOf(writtenOf(family)),
      ],
    );
    if (!yesOrNo(opened)) throw new Error('A family with this sid was opened before.');
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
      [keys.family(issuer, sid)],
      [from, to.jti, graceMs, MOST_REPLACED, storeMoment(clock), nowMs, to.expiresAt * 1_000, ...fieldsOf(fields)],
    );
    const [rotated, moment, record] = listOf(reply, 3);
    const isRotated = yesOrNo(rotated);
    const family = familyOf(record);
    if (!family) return { outcome: 'unknown' };
    if (isRotated) return { outcome: 'rotated', family };
    const outcome = standingOf(family, rotation, storedWhole({ moment }, 'moment'));
    if (outcome === 'live') throw new Error('The live refresh token could not be replaced.');
    return { outcome, family };
  }

  override async find(issuer: string, sid: string): Promise<Family | undefined> {
    return familyOf(await this.#run(FIND, [this.options.keys.family(issuer, sid)]));
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    yesOrNo(await this.#run(TOUCH, [this.options.keys.family(issuer, sid)], [now]));
  }

  override async list({ issuer, id }: Subject, now: number): Promise<readonly Family[]> {
    const records = listOf(await this.#run(LIST_OF_SUBJECT, [this.options.keys.signInsOf(issuer, id)]));
    return records.map(familyOf).filter((family): family is Family => family !== undefined && isLive(family, now));
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    return yesOrNo(await this.#run(END, [this.options.keys.family(issuer, sid)]));
  }

  override async endAll({ issuer, id }: Subject, exceptSid?: string): Promise<number> {
    const { keys } = this.options;
    const spared = exceptSid === undefined ? [] : [keys.family(issuer, exceptSid)];
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

function writtenOf({ replacedEarlier, ...family }: Family) {
  return { ...family, replacedEarlier: replacedEarlier && replacedText(replacedEarlier) };
}

/** Names and values in turn, as HSET takes them; what is absent is left out. */
function fieldsOf(record: Readonly<Record<string, string | number | undefined>>): (string | number)[] {
  return Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

function familyOf(reply: unknown): Family | undefined {
  const parts = listOf(reply);
  if (parts.length === 0) return undefined;
  const row: Record<string, unknown> = {};
  for (let at = 0; at < parts.length; at += 2) row[String(parts[at])] = parts[at + 1];
  return readFamily(row);
}

function readFamily(row: StoredRow): Family {
  return {
    issuer: storedText(row, 'issuer'),
    sid: storedText(row, 'sid'),
    subject: storedText(row, 'subject'),
    currentJti: storedText(row, 'currentJti'),
    currentIssuedAt: storedWhole(row, 'currentIssuedAt'),
    currentExpiresAt: storedWhole(row, 'currentExpiresAt'),
    previousJti: storedTextOrNothing(row, 'previousJti'),
    rotatedAtMs: storedWholeOrNothing(row, 'rotatedAtMs'),
    replacedEarlier: storedReplaced(row, 'replacedEarlier'),
    createdAt: storedWhole(row, 'createdAt'),
    lastUsedAt: storedWhole(row, 'lastUsedAt'),
    absoluteExpiresAt: storedWhole(row, 'absoluteExpiresAt'),
    label: storedTextOrNothing(row, 'label'),
  };
}
