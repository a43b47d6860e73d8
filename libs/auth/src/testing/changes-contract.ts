// The cases of the change feed. A store without one passes them: it is asked at every request instead.
import assert from 'node:assert/strict';
import type { RevocationEntry, BlocklistStore } from '../stores.js';
import { ContractClock, plain, type WrittenCase } from './contract-bench.js';
import { entry } from './revocation-contract.js';

const T = ContractClock.start;
const PAGE = 10;

interface Received {
  readonly entries: readonly RevocationEntry[];
  readonly cursor: string | undefined;
}

/** Reads to the end of what is there. */
async function follow(store: BlocklistStore, cursor?: string): Promise<Received> {
  const entries: RevocationEntry[] = [];
  let at = cursor;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const changes = await store.changesSince?.(at, PAGE);
    if (changes === undefined) return { entries: [], cursor: undefined };
    entries.push(...changes.entries);
    at = changes.cursor;
    if (!changes.more) return { entries, cursor: at };
  }
  throw new assert.AssertionError({ message: 'changesSince never came to an end' });
}

const idsOf = ({ entries }: Received): string[] => [...new Set(Array.from(entries, ({ id }) => id))].sort();
const isMute = ({ changesSince }: BlocklistStore): boolean => changesSince === undefined;
const names = (count: number, prefix = 'jti'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`).sort();

/** What a blocklist that can tell what changed must tell. */
export const changesContract: readonly WrittenCase[] = [
  {
    name: 'a change feed tells all there is at first, as it was added',
    async test({ revocations }) {
      if (isMute(revocations)) return;
      assert.deepEqual(plain((await follow(revocations)).entries), []);
      const full = entry({ kind: 'subject', id: 'user-1', exceptSid: 'sid-9', reason: 'sign-out · 🔑' });
      await revocations.add(full);
      assert.deepEqual(plain((await follow(revocations)).entries), [full]);
    },
  },
  {
    name: 'a change feed goes on from its cursor, page by page, and leaves nothing out',
    async test({ revocations }) {
      if (isMute(revocations)) return;
      for (const id of names(25)) await revocations.add(entry({ id }));
      const first = await follow(revocations);
      assert.deepEqual(idsOf(first), names(25));
      for (const id of names(25, 'later')) await revocations.add(entry({ id }));
      const later = idsOf(await follow(revocations, first.cursor)).filter((id) => id.startsWith('later'));
      assert.deepEqual(later, names(25, 'later'));
    },
  },
  {
    name: 'a change feed tells again of what became stricter or lives longer',
    async test({ revocations }) {
      if (isMute(revocations)) return;
      const subject = entry({ kind: 'subject', id: 'user-1' });
      await revocations.add(subject);
      await revocations.add(entry({ id: 'jti-1', expiresAt: T + 10 }));
      const { cursor } = await follow(revocations);
      await revocations.add({ ...subject, revokedAt: T + 5, exceptSid: 'sid-2' });
      await revocations.add(entry({ id: 'jti-1', expiresAt: T + 900 }));
      const { entries } = await follow(revocations, cursor);
      assert.equal(entries.findLast(({ id }) => id === 'user-1')?.revokedAt, T + 5);
      assert.equal(entries.findLast(({ id }) => id === 'user-1')?.exceptSid, 'sid-2');
      assert.equal(entries.findLast(({ id }) => id === 'jti-1')?.expiresAt, T + 900);
    },
  },
  {
    name: 'a change feed tells of an entry that took the place of one that had ended',
    async test({ revocations, clock }) {
      if (isMute(revocations)) return;
      await revocations.add(entry({ expiresAt: T + 10 }));
      const { cursor } = await follow(revocations);
      clock.advance(10);
      await revocations.add(entry({ expiresAt: T + 100 }));
      const { entries } = await follow(revocations, cursor);
      assert.equal(entries.findLast(({ id }) => id === 'jti-1')?.expiresAt, T + 100);
    },
  },
  {
    name: 'a change feed misses nothing of what many add while it is read',
    async test({ revocations }) {
      if (isMute(revocations)) return;
      const received = new Set<string>();
      let cursor: string | undefined;
      const read = async (): Promise<void> => {
        const page = await follow(revocations, cursor);
        cursor = page.cursor;
        for (const { id } of page.entries) received.add(id);
      };
      for (let round = 0; round < 5; round += 1) {
        const added = names(12, `round-${round}`);
        await Promise.all([...added.map((id) => revocations.add(entry({ id }))), read(), read()]);
        await read();
        assert.deepEqual(
          added.filter((id) => !received.has(id)),
          [],
        );
      }
    },
  },
];
