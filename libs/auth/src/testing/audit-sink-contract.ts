// The contract of audit sinks as a list of cases: every sentence of the port, for any test runner.
import assert from 'node:assert/strict';
import type { AuditEntry, AuditSink } from '../events.js';

/** Makes an empty sink for one case. */
export type MakeAuditSink = () => AuditSink | Promise<AuditSink>;

/** One sentence of the port, as a test. */
export interface AuditSinkCase {
  readonly name: string;
  /** Rejects with an `AssertionError` of `node:assert` if the sink breaks its promise. */
  run(makeSink: MakeAuditSink): Promise<void>;
}

const AT_MS = 1_900_000_000_000;
const ADA = { issuer: 'https://accounts.example', id: 'ada' };

function entry(id: string, changes: Partial<AuditEntry> = {}): AuditEntry {
  return { id, atMs: AT_MS, type: 'sign_in', issuer: ADA.issuer, subject: ADA.id, sid: `sid-${id}`, ...changes };
}

async function ids(sink: AuditSink, subject = ADA, limit = 100): Promise<readonly string[]> {
  // A new array: under Jest those of a native driver belong to another realm.
  return Array.from(await sink.list(subject, limit), ({ id }) => id);
}

const cases: Readonly<Record<string, (sink: AuditSink) => Promise<void>>> = {
  'knows nothing of a subject that nothing happened to': async (sink) => {
    assert.deepEqual(await ids(sink), []);
  },

  'gives back an entry as it was recorded': async (sink) => {
    const recorded = entry('one', { type: 'revoked', code: 'token_revoked', detail: 'login: Gerät verloren' });
    await sink.record(recorded);
    assert.deepEqual({ ...(await sink.list(ADA, 1))[0] }, recorded);
  },

  'keeps one entry where the same one is recorded again, also at once': async (sink) => {
    await Promise.all(Array.from({ length: 8 }, () => sink.record(entry('one'))));
    await sink.record(entry('one', { atMs: AT_MS + 1 }));
    assert.deepEqual(
      Array.from(await sink.list(ADA, 100), ({ atMs }) => atMs),
      [AT_MS],
    );
  },

  'keeps every entry of many who record at once': async (sink) => {
    const names = Array.from({ length: 20 }, (_, index) => `entry-${index}`);
    await Promise.all(names.map((name) => sink.record(entry(name))));
    assert.equal((await ids(sink)).length, 20);
  },

  'lists the newest first, and no more than asked for': async (sink) => {
    for (const offset of [2, 0, 3, 1]) await sink.record(entry(`at-${offset}`, { atMs: AT_MS + offset }));
    assert.deepEqual(await ids(sink, ADA, 3), ['at-3', 'at-2', 'at-1']);
  },

  'lists entries of that subject alone, compared to the last character': async (sink) => {
    const others = ['Ada', 'ada ', 'ad', 'adaa'];
    for (const subject of others) await sink.record(entry(`of-${subject}`, { subject }));
    await sink.record(entry('elsewhere', { issuer: 'https://accounts.example/' }));
    await sink.record(entry('anonymous', { subject: undefined, sid: undefined, type: 'sign_in_refused' }));
    await sink.record(entry('own'));
    assert.deepEqual(await ids(sink), ['own']);
    assert.deepEqual(await ids(sink, { ...ADA, id: 'Ada' }), ['of-Ada']);
  },

  'prunes what is older than asked, and nothing else': async (sink) => {
    for (const offset of [0, 1, 2]) await sink.record(entry(`at-${offset}`, { atMs: AT_MS + offset }));
    assert.equal(await sink.prune(AT_MS + 1), 1);
    assert.deepEqual(await ids(sink), ['at-2', 'at-1']);
    assert.equal(await sink.prune(AT_MS + 1), 0);
  },
};

/**
 * What every `AuditSink` must do, in the words of the port. Nothing waits: time is passed.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { MemoryAuditSink } from 'nestjs-latchkey/events';
 * import { auditSinkContract } from 'nestjs-latchkey/testing';
 *
 * describe('MemoryAuditSink', () => {
 *   for (const { name, run } of auditSinkContract) it(name, () => run(async () => new MemoryAuditSink()));
 * });
 * ```
 */
export const auditSinkContract: readonly AuditSinkCase[] = Object.entries(cases).map(([name, test]) => ({
  name,
  run: async (makeSink) => test(await makeSink()),
}));
