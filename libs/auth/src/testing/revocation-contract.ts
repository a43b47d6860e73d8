// The cases of the blocklist.
import assert from 'node:assert/strict';
import type { RevocationEntry, RevocationQuery } from '../stores.js';
import { ContractClock, plain, pruned, type WrittenCase } from './contract-bench.js';

const T = ContractClock.start;
const ISSUER = 'https://issuer.example';

/** Ids that a store may well mistake for one another, or choke on. */
const LOOKALIKES = [
  'abc',
  'ABC',
  'abc ',
  ' abc',
  'äbc',
  'a\u0308bc',
  'abc\0',
  'a\'b"c\\',
  'a%_c',
  '*',
  ':abc',
  '~abc',
  '🔑',
  '\ud83d',
  '\udd11',
  '\ufffd',
  `${'x'.repeat(254)}a`,
  `${'x'.repeat(254)}b`,
];

/** An entry that ends jti-1 for an hour unless stated otherwise. */
export const entry = (fields: Partial<RevocationEntry> = {}): RevocationEntry => ({
  kind: 'token',
  issuer: ISSUER,
  id: 'jti-1',
  revokedAt: T,
  expiresAt: T + 3_600,
  ...fields,
});

const query = (fields: Partial<RevocationQuery> = {}): RevocationQuery => ({
  issuer: ISSUER,
  jti: 'jti-1',
  sid: 'sid-1',
  subject: 'user-1',
  issuedAt: T,
  ...fields,
});

const subjectEntry = (fields: Partial<RevocationEntry> = {}): RevocationEntry =>
  entry({ kind: 'subject', id: 'user-1', ...fields });

const isEven = (at: number): boolean => at % 2 === 0;

/** What a blocklist must do. */
export const revocationContract: readonly WrittenCase[] = [
  {
    name: 'a blocklist ends nothing that is not on it',
    async test({ revocations }) {
      assert.equal(await revocations.find(query()), undefined);
      await revocations.add(entry());
      assert.equal(await revocations.find(query({ jti: 'jti-2' })), undefined);
      assert.equal(await revocations.find(query({ jti: undefined, sid: undefined })), undefined);
      assert.equal(await revocations.find(query({ issuer: 'https://other.example' })), undefined);
    },
  },
  {
    name: 'a blocklist ends a token, a sign-in and a subject by their ids',
    async test({ revocations }) {
      await revocations.add(entry({ id: 'jti-a' }));
      await revocations.add(entry({ kind: 'login', id: 'sid-b' }));
      await revocations.add(subjectEntry({ id: 'user-c' }));
      assert.equal(await revocations.find(query({ jti: 'jti-a' })), 'token');
      assert.equal(await revocations.find(query({ sid: 'sid-b' })), 'login');
      assert.equal(await revocations.find(query({ subject: 'user-c' })), 'subject');
      assert.equal(await revocations.find(query({ jti: undefined, sid: undefined, subject: 'user-c' })), 'subject');
    },
  },
  {
    name: 'a blocklist does not take an id of one kind for the same id of another',
    async test({ revocations }) {
      await revocations.add(entry({ kind: 'login', id: 'same' }));
      assert.equal(await revocations.find(query({ jti: 'same', subject: 'same' })), undefined);
      await revocations.add(subjectEntry({ id: 'other' }));
      assert.equal(await revocations.find(query({ jti: 'other', sid: 'other' })), undefined);
    },
  },
  {
    name: 'a blocklist compares ids and issuers exactly, whatever they hold',
    async test({ revocations }) {
      for (const id of LOOKALIKES) {
        assert.equal(await revocations.find(query({ jti: id })), undefined, `${JSON.stringify(id)} is not there yet`);
        assert.equal(await revocations.add(entry({ id })), true, `${JSON.stringify(id)} is new`);
        assert.equal(await revocations.find(query({ jti: id })), 'token');
      }
      assert.equal(await revocations.find(query({ jti: 'abc', issuer: ISSUER.toUpperCase() })), undefined);
      assert.equal(await revocations.find(query({ jti: 'abc', issuer: `${ISSUER} ` })), undefined);
    },
  },
  {
    name: 'a blocklist tells exactly one of many concurrent calls with one key that its entry is new',
    async test({ revocations }) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => revocations.add(entry())));
      assert.equal(answers.filter((isNew) => isNew).length, 1);
      assert.equal(await revocations.add(entry()), false);
      assert.equal(await revocations.find(query()), 'token');
    },
  },
  {
    name: 'a blocklist answers every one of many concurrent calls with its own answer',
    async test({ revocations }) {
      const ids = Array.from({ length: 40 }, (_, at) => `jti-${at}`);
      await Promise.all(ids.filter((_, at) => isEven(at)).map((id) => revocations.add(entry({ id }))));
      const found = await Promise.all(ids.map((jti) => revocations.find(query({ jti }))));
      assert.deepEqual(
        found,
        ids.map((_, at) => (isEven(at) ? 'token' : undefined)),
      );
    },
  },
  {
    name: 'a blocklist keeps the longer life of two entries, in whatever order they come',
    async test({ revocations, clock }) {
      await revocations.add(entry({ id: 'a', expiresAt: T + 10 }));
      await revocations.add(entry({ id: 'a', expiresAt: T + 100 }));
      await revocations.add(entry({ id: 'b', expiresAt: T + 100 }));
      await revocations.add(entry({ id: 'b', expiresAt: T + 10 }));
      clock.advance(99);
      assert.equal(await revocations.find(query({ jti: 'a' })), 'token');
      assert.equal(await revocations.find(query({ jti: 'b' })), 'token');
    },
  },
  {
    name: 'a blocklist keeps the longest life of many entries added at once',
    async test({ revocations, clock }) {
      const lives = [10, 40, 20, 80, 30, 70, 60, 50];
      await Promise.all(lives.map((life) => revocations.add(entry({ expiresAt: T + life }))));
      clock.advance(79);
      assert.equal(await revocations.find(query()), 'token');
      clock.advance(1);
      assert.equal(await revocations.find(query()), undefined);
    },
  },
  {
    name: 'a subject entry ends what was issued up to its time and nothing later',
    async test({ revocations }) {
      await revocations.add(subjectEntry({ revokedAt: T + 10 }));
      assert.equal(await revocations.find(query({ issuedAt: T + 9 })), 'subject');
      assert.equal(await revocations.find(query({ issuedAt: T + 10 })), 'subject');
      assert.equal(await revocations.find(query({ issuedAt: T + 11 })), undefined);
      assert.equal(await revocations.find(query({ issuedAt: undefined })), 'subject');
    },
  },
  {
    name: 'a subject entry spares one sign-in and no other',
    async test({ revocations }) {
      await revocations.add(subjectEntry({ exceptSid: 'sid-1' }));
      assert.equal(await revocations.find(query({ sid: 'sid-1' })), undefined);
      assert.equal(await revocations.find(query({ sid: 'SID-1' })), 'subject');
      assert.equal(await revocations.find(query({ sid: 'sid-2' })), 'subject');
      assert.equal(await revocations.find(query({ sid: undefined })), 'subject');
    },
  },
  {
    name: 'of two subject entries the later time wins, together with the sign-in that it keeps',
    async test({ revocations }) {
      for (const first of [5, 20]) {
        const id = `user-${first}`;
        await revocations.add(subjectEntry({ id, revokedAt: T + first, exceptSid: 'spared' }));
        assert.equal(await revocations.add(subjectEntry({ id, revokedAt: T + 10, exceptSid: 'other' })), false);
        const winner = first < 10 ? 'other' : 'spared';
        assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id }), T + Math.max(first, 10));
        assert.equal(await revocations.find(query({ subject: id, sid: winner })), undefined);
        const loser = winner === 'other' ? 'spared' : 'other';
        assert.equal(await revocations.find(query({ subject: id, sid: loser })), 'subject');
      }
    },
  },
  {
    name: 'of two subject entries of the same time the one without an exception wins',
    async test({ revocations }) {
      await revocations.add(subjectEntry({ id: 'a', exceptSid: 'sid-1' }));
      await revocations.add(subjectEntry({ id: 'a' }));
      await revocations.add(subjectEntry({ id: 'b' }));
      await revocations.add(subjectEntry({ id: 'b', exceptSid: 'sid-1' }));
      assert.equal(await revocations.find(query({ subject: 'a' })), 'subject');
      assert.equal(await revocations.find(query({ subject: 'b' })), 'subject');
    },
  },
  {
    name: 'the latest of many subject entries added at once wins',
    async test({ revocations }) {
      const moments = [3, 1, 7, 5, 2, 6, 4, 0];
      await Promise.all(
        moments.map((at) => revocations.add(subjectEntry({ revokedAt: T + at, exceptSid: `sid-${at}` }))),
      );
      assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-1' }), T + 7);
      assert.equal(await revocations.find(query({ sid: 'sid-7' })), undefined);
      assert.equal(await revocations.find(query({ sid: 'sid-6' })), 'subject');
    },
  },
  {
    name: 'an entry that has ended counts as absent',
    async test({ revocations, clock }) {
      await revocations.add(entry({ expiresAt: T + 10 }));
      await revocations.add(subjectEntry({ expiresAt: T + 10 }));
      clock.advance(9);
      assert.equal(await revocations.find(query()), 'token');
      clock.advance(1);
      assert.equal(await revocations.find(query()), undefined);
      assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-1' }), undefined);
      assert.deepEqual(plain(await revocations.list({ now: clock.nowSeconds(), limit: 10 })), []);
    },
  },
  {
    name: 'an entry that has ended makes room for a new one, with nothing of the old one left',
    async test({ revocations, clock }) {
      await revocations.add(subjectEntry({ revokedAt: T + 50, expiresAt: T + 10 }));
      clock.advance(10);
      const again = subjectEntry({ revokedAt: T + 10, expiresAt: T + 100, exceptSid: 'sid-2', reason: 'again' });
      const answers = await Promise.all(Array.from({ length: 8 }, () => revocations.add(again)));
      assert.equal(answers.filter((isNew) => isNew).length, 1);
      assert.deepEqual(plain(await revocations.list({ now: T + 10, limit: 10 })), [again]);
    },
  },
  {
    name: 'a blocklist says up to when a subject is revoked',
    async test({ revocations }) {
      assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-1' }), undefined);
      await revocations.add(subjectEntry({ revokedAt: T + 5 }));
      await revocations.add(entry({ kind: 'login', id: 'user-2' }));
      assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-1' }), T + 5);
      assert.equal(await revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-2' }), undefined);
      assert.equal(await revocations.subjectRevokedAt({ issuer: 'https://other.example', id: 'user-1' }), undefined);
    },
  },
  {
    name: 'a blocklist lists live entries as they were added, newest first, and no more than asked for',
    async test({ revocations }) {
      const full = subjectEntry({ revokedAt: T + 3, exceptSid: 'sid-9', reason: 'sign-out · 🔑' });
      const bare = entry({ revokedAt: T + 1 });
      await revocations.add(bare);
      await revocations.add(full);
      await revocations.add(entry({ kind: 'login', id: 'sid-1', revokedAt: T + 2, expiresAt: T + 5 }));
      assert.deepEqual(plain(await revocations.list({ now: T + 5, limit: 10 })), [full, bare]);
      assert.deepEqual(plain(await revocations.list({ now: T + 5, limit: 1 })), [full]);
      assert.deepEqual(plain(await revocations.list({ now: T + 5, limit: 0 })), []);
    },
  },
  {
    name: 'a blocklist prunes what has ended, keeps what lives, and says how many unless it expires by itself',
    async test({ revocations, clock }) {
      for (const life of [10, 20, 30, 40]) await revocations.add(entry({ id: `jti-${life}`, expiresAt: T + life }));
      await pruned(() => revocations.prune(T + 20), 2);
      await pruned(() => revocations.prune(T + 20), 0);
      clock.advance(20);
      assert.equal(await revocations.find(query({ jti: 'jti-20' })), undefined);
      assert.equal(await revocations.find(query({ jti: 'jti-30' })), 'token');
    },
  },
];
