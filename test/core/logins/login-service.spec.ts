// Ending a login while a store fails, or while a refresh is in progress: no token may stay valid.
import { describe, expect, it } from '@jest/globals';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import type { RevocationEntry } from '../../../libs/auth/src/core/stores/stores.js';
import type { AuthUser, Subject } from '../../../libs/auth/src/core/base/principal.js';
import { codeOf, ISSUER, rig } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const ADA: Subject = { issuer: ISSUER, id: 'ada' };

/** A store that cannot delete logins while `fails`, and that waits for `beforeEndAll` before it ends all of them. */
class Logins extends MemoryLoginStore {
  fails = false;
  beforeEndAll = (): Promise<unknown> => Promise.resolve();

  override end(issuer: string, sid: string): Promise<boolean> {
    return this.fails ? Promise.reject(new Error('connection lost')) : super.end(issuer, sid);
  }

  override async endAll(subject: Subject, exceptSid?: string): Promise<number> {
    if (this.fails) throw new Error('connection lost');
    await this.beforeEndAll();
    return super.endAll(subject, exceptSid);
  }
}

/** A blocklist that takes no entry while `fails`. */
class Blocklist extends MemoryBlocklistStore {
  fails = false;

  override add(entry: RevocationEntry): Promise<boolean> {
    return this.fails ? Promise.reject(new Error('connection lost')) : super.add(entry);
  }
}

async function signedIn() {
  const clock = new ManualClock();
  const stores = { logins: new Logins(clock), revocations: new Blocklist(clock) };
  const parts = await rig({ clock, stores: () => stores });
  // The rig's users are not the registered user type of any application.
  const pair = await parts.tokens.issue(parts.people.add({ id: ADA.id }) as unknown as AuthUser);
  return { ...parts, pair, stores };
}

type SignedIn = Awaited<ReturnType<typeof signedIn>>;

const ends: readonly (readonly [string, (signedIn: SignedIn) => Promise<unknown>])[] = [
  ['an end', ({ logins, pair }) => logins.end(ADA, pair.sid)],
  ['the end of a device', ({ logins, pair }) => logins.endOwn(ADA, pair.sid)],
  ['the end of all', ({ logins }) => logins.endAll(ADA)],
  ['a revocation', ({ tokens, pair }) => tokens.revoke(pair.refreshToken)],
];

describe('ending logins while a store fails', () => {
  it.each(ends)('%s that cannot delete the login has revoked its tokens nevertheless', async (_, end) => {
    const parts = await signedIn();
    const { tokens, pair, stores } = parts;
    stores.logins.fails = true;
    expect(await codeOf(end(parts))).toBe('store_unavailable');
    expect(await codeOf(tokens.verify(pair.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(pair.refreshToken))).toBe('token_revoked');
  });

  it.each(ends)('%s that cannot be written to the blocklist leaves the login to be ended again', async (_, end) => {
    const parts = await signedIn();
    const { logins, stores } = parts;
    stores.revocations.fails = true;
    expect(await codeOf(end(parts))).toBe('store_unavailable');
    expect(await logins.list(ADA)).toHaveLength(1);
    stores.revocations.fails = false;
    await end(parts);
    expect(await logins.list(ADA)).toEqual([]);
  });
});

/** How many seconds the clock of another node is ahead; less than the tolerance. */
const AHEAD = 3;

describe('ending all logins while a process whose clock is ahead refreshes one of them', () => {
  it('revokes the tokens that the refresh returns, although they are younger than the cut-off', async () => {
    const { tokens, logins, pair, people, stores, clock } = await signedIn();
    const person = people.rows.get(ADA.id);
    let ended: Promise<void> | undefined;
    // AccountResolver are asked after the blocklist. The end begins then, and waits with its last step until the refresh is through.
    people.findBySubject = () =>
      new Promise((answer) => {
        clock.advance(-AHEAD);
        stores.logins.beforeEndAll = () => {
          answer(person);
          return refreshed;
        };
        ended = logins.endAll(ADA);
      });
    clock.advance(AHEAD);
    const refreshed = tokens.refresh(pair.refreshToken);
    const next = await refreshed;
    await ended;
    people.findBySubject = () => Promise.resolve(person);
    clock.advance(AHEAD);
    expect(await codeOf(tokens.verify(next.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.refresh(next.refreshToken))).toBe('token_revoked');
  });
});
