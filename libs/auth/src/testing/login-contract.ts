// The cases of the sign-ins that are not about rotation: opening, reading, listing and ending them.
import assert from 'node:assert/strict';
import type { Login } from '../stores.js';
import { ContractClock, plain, pruned, type WrittenCase } from './contract-bench.js';

const T = ContractClock.start;
const ISSUER = 'https://issuer.example';
const OTHER = 'https://other.example';

/** A sign-in of user-1 that lives for an hour unless stated otherwise. */
export const login = (fields: Partial<Login> = {}): Login => ({
  issuer: ISSUER,
  sid: 'sid-1',
  subject: 'user-1',
  currentJti: 'jti-0',
  currentIssuedAt: T,
  currentExpiresAt: T + 3_600,
  createdAt: T,
  lastUsedAt: T,
  absoluteExpiresAt: T + 7_200,
  ...fields,
});

const subject = { issuer: ISSUER, id: 'user-1' };
const sidsOf = (logins: readonly Login[]): string[] => Array.from(logins, ({ sid }) => sid);

const long = (end: string): string => 'é'.repeat(254) + end;

/** What a store of sign-ins must do besides rotating. */
export const loginContract: readonly WrittenCase[] = [
  {
    name: 'a sign-in is found as it was opened',
    async test({ logins }) {
      const replacedEarlier = [
        { jti: 'jti-"/\\é', atMs: T * 1_000 + 1 },
        { jti: 'jti-o', atMs: T * 1_000 + 122 },
      ];
      const rotated = { previousJti: 'jti-p', rotatedAtMs: T * 1_000 + 123, replacedEarlier };
      const full = login({ ...rotated, label: 'Firefox · 🦊' });
      await logins.open(full);
      await logins.open(login({ sid: 'sid-2', currentJti: '' }));
      assert.deepEqual(plain([await logins.find(ISSUER, 'sid-1')].flatMap((found) => found ?? [])), [full]);
      const bare = await logins.find(ISSUER, 'sid-2');
      assert.equal(bare?.currentJti, '');
      const { previousJti, rotatedAtMs, replacedEarlier: none, label } = bare;
      assert.deepEqual([previousJti, rotatedAtMs, none, label], [undefined, undefined, undefined, undefined]);
    },
  },
  {
    name: 'a sign-in is found by its exact issuer and sid alone',
    async test({ logins }) {
      await logins.open(login({ sid: 'abc' }));
      for (const sid of ['ABC', 'abc ', ' abc', 'äbc', 'ab', '%', '*', ''])
        assert.equal(await logins.find(ISSUER, sid), undefined, JSON.stringify(sid));
      assert.equal(await logins.find(OTHER, 'abc'), undefined);
      await logins.open(login({ sid: 'ABC', subject: 'user-2' }));
      assert.equal((await logins.find(ISSUER, 'abc'))?.subject, 'user-1');
    },
  },
  {
    name: 'a sign-in may have ids of 255 characters',
    async test({ logins }) {
      await logins.open(login({ sid: long('a'), subject: long('u'), currentJti: long('j'), label: long('l') }));
      const found = await logins.find(ISSUER, long('a'));
      assert.deepEqual([found?.subject, found?.currentJti, found?.label], [long('u'), long('j'), long('l')]);
      assert.equal(await logins.find(ISSUER, long('b')), undefined);
      assert.equal((await logins.list({ issuer: ISSUER, id: long('u') }, T)).length, 1);
    },
  },
  {
    name: 'a sign-in is opened once, and a second one of its name changes nothing',
    async test({ logins }) {
      await logins.open(login());
      await assert.rejects(logins.open(login({ subject: 'user-2' })));
      assert.equal((await logins.find(ISSUER, 'sid-1'))?.subject, 'user-1');
      await logins.open(login({ issuer: OTHER }));
    },
  },
  {
    name: 'of many concurrent calls that open one sign-in exactly one succeeds',
    async test({ logins }) {
      const subjects = Array.from({ length: 8 }, (_, at) => `user-${at}`);
      const opened = await Promise.allSettled(subjects.map((id) => logins.open(login({ subject: id }))));
      const winners = subjects.filter((_, at) => opened[at]?.status === 'fulfilled');
      assert.equal(winners.length, 1);
      assert.equal((await logins.find(ISSUER, 'sid-1'))?.subject, winners[0]);
    },
  },
  {
    name: 'a use is noted, never backwards, and of an unknown sign-in not at all',
    async test({ logins }) {
      await logins.open(login({ currentJti: '' }));
      await logins.touch(ISSUER, 'sid-1', T + 20);
      await logins.touch(ISSUER, 'sid-1', T + 10);
      await logins.touch(ISSUER, 'unknown', T + 10);
      assert.equal((await logins.find(ISSUER, 'sid-1'))?.lastUsedAt, T + 20);
      assert.equal(await logins.find(ISSUER, 'unknown'), undefined);
    },
  },
  {
    name: 'the latest of many uses noted at once stays',
    async test({ logins }) {
      await logins.open(login());
      await Promise.all([3, 8, 1, 5, 7, 2, 6, 4].map((at) => logins.touch(ISSUER, 'sid-1', T + at)));
      assert.equal((await logins.find(ISSUER, 'sid-1'))?.lastUsedAt, T + 8);
    },
  },
  {
    name: 'the live sign-ins of a subject are listed newest first, and not those of other subjects',
    async test({ logins }) {
      await logins.open(login({ sid: 'old', createdAt: T - 20 }));
      await logins.open(login({ sid: 'new', createdAt: T - 5 }));
      await logins.open(login({ sid: 'middle', createdAt: T - 10 }));
      await logins.open(login({ sid: 'other', issuer: OTHER }));
      for (const id of ['USER-1', 'user-1 ', 'user-10']) await logins.open(login({ sid: `of ${id}`, subject: id }));
      assert.deepEqual(sidsOf(await logins.list(subject, T)), ['new', 'middle', 'old']);
      assert.deepEqual(sidsOf(await logins.list({ issuer: ISSUER, id: 'unknown' }, T)), []);
    },
  },
  {
    name: 'a sign-in that reached either of its ends is not listed',
    async test({ logins, clock }) {
      await logins.open(login({ sid: 'idle', currentExpiresAt: T + 10 }));
      await logins.open(login({ sid: 'absolute', absoluteExpiresAt: T + 10 }));
      clock.advance(9);
      assert.deepEqual(sidsOf(await logins.list(subject, T + 9)).sort(), ['absolute', 'idle']);
      clock.advance(1);
      assert.deepEqual(sidsOf(await logins.list(subject, T + 10)), []);
    },
  },
  {
    name: 'ending a sign-in says whether it was there, to one caller only',
    async test({ logins }) {
      await logins.open(login());
      await logins.open(login({ sid: 'sid-2' }));
      const answers = await Promise.all(Array.from({ length: 8 }, () => logins.end(ISSUER, 'sid-1')));
      assert.equal(answers.filter((wasThere) => wasThere).length, 1);
      assert.equal(await logins.end(ISSUER, 'sid-1'), false);
      assert.equal(await logins.find(ISSUER, 'sid-1'), undefined);
      assert.deepEqual(sidsOf(await logins.list(subject, T)), ['sid-2']);
    },
  },
  {
    name: 'ending all sign-ins of a subject leaves those of other subjects',
    async test({ logins }) {
      for (const sid of ['a', 'b', 'c']) await logins.open(login({ sid }));
      await logins.open(login({ sid: 'd', subject: 'user-2' }));
      await logins.open(login({ sid: 'e', issuer: OTHER }));
      assert.equal(await logins.endAll(subject), 3);
      assert.equal(await logins.endAll(subject), 0);
      assert.deepEqual(sidsOf(await logins.list(subject, T)), []);
      assert.ok(await logins.find(ISSUER, 'd'));
      assert.ok(await logins.find(OTHER, 'e'));
    },
  },
  {
    name: 'ending all sign-ins but one leaves exactly that one',
    async test({ logins }) {
      for (const sid of ['a', 'b', 'B']) await logins.open(login({ sid }));
      assert.equal(await logins.endAll(subject, 'b'), 2);
      assert.deepEqual(sidsOf(await logins.list(subject, T)), ['b']);
      assert.equal(await logins.endAll(subject, 'unknown'), 1);
      assert.deepEqual(sidsOf(await logins.list(subject, T)), []);
    },
  },
  {
    name: 'sign-ins are pruned at either of their ends, and counted unless the store expires by itself',
    async test({ logins, clock }) {
      await logins.open(login({ sid: 'idle', currentExpiresAt: T + 10 }));
      await logins.open(login({ sid: 'absolute', absoluteExpiresAt: T + 10 }));
      await logins.open(login({ sid: 'live', currentExpiresAt: T + 11 }));
      await pruned(() => logins.prune(T + 9), 0);
      clock.advance(10);
      await pruned(() => logins.prune(T + 10), 2);
      assert.deepEqual(sidsOf(await logins.list(subject, T + 10)), ['live']);
      assert.equal((await logins.find(ISSUER, 'live'))?.sid, 'live');
    },
  },
];
