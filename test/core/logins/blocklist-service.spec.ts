import { describe, expect, it } from '@jest/globals';
import type { RevocationEntry } from '../../../libs/auth/src/core/stores/stores.js';
import { codeOf, ISSUER, rig } from '../support/core-fixture.js';

const subject = { issuer: ISSUER, id: 'ada' };

async function blocking() {
  const parts = await rig({ withoutUsers: true });
  const entries: RevocationEntry[] = [];
  const { revocations } = parts.stores;
  const add = revocations.add.bind(revocations);
  revocations.add = (entry) => {
    entries.push(entry);
    return add(entry);
  };
  return { ...parts, entries };
}

describe('blocking a token', () => {
  it('returns the entry and whether it is new', async () => {
    const { blocklist, tokens } = await blocking();
    const { accessToken } = await tokens.issue('ada');
    const principal = await tokens.verify(accessToken, { kind: 'access' });
    const first = await blocklist.revokeToken(principal, 'lost');
    expect(first).toMatchObject({
      created: true,
      entry: { kind: 'token', issuer: ISSUER, id: principal.jti, reason: 'lost' },
    });
    expect((await blocklist.revokeToken(principal)).created).toBe(false);
  });

  it('makes one entry for many callers at once', async () => {
    const { blocklist, tokens } = await blocking();
    const principal = await tokens.verify((await tokens.issue('ada')).accessToken, { kind: 'access' });
    const all = await Promise.all(Array.from({ length: 20 }, () => blocklist.revokeToken(principal)));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
  });

  it('keeps the entry longer than the token is accepted', async () => {
    const { blocklist, tokens, entries, clock } = await blocking();
    const { accessToken } = await tokens.issue('ada');
    await blocklist.revokeToken(await tokens.verify(accessToken, { kind: 'access' }));
    const accepted = clock.nowSeconds() + 900 + 5;
    expect(entries[0]?.expiresAt).toBeGreaterThan(accepted);
    clock.ms = (accepted - 1) * 1000;
    expect(await codeOf(tokens.verify(accessToken, { kind: 'access' }))).toBe('token_revoked');
  });

  it('refuses a token without an id', async () => {
    const { blocklist } = await blocking();
    expect(await codeOf(blocklist.revokeToken({ subject }))).toBe('missing_claim');
  });

  it('leaves other tokens of the same subject alone', async () => {
    const { blocklist, tokens } = await blocking();
    const [one, other] = [await tokens.issue('ada'), await tokens.issue('ada')];
    await blocklist.revokeToken(await tokens.verify(one.accessToken, { kind: 'access' }));
    expect(await codeOf(tokens.verify(one.accessToken, { kind: 'access' }))).toBe('token_revoked');
    expect(await codeOf(tokens.verify(other.accessToken, { kind: 'access' }))).toBe('accepted');
  });

  it('keeps issuers apart: the same id of another issuer stays valid', async () => {
    const { blocklist } = await blocking();
    await blocklist.revokeToken({ subject: { issuer: 'https://other.example', id: 'ada' }, jti: 'same' });
    const verified = { kind: 'user', claims: {}, scopes: [], own: true, subject, jti: 'same', issuedAt: 1 } as const;
    expect(await codeOf(blocklist.assertNotRevoked(verified))).toBe('accepted');
  });
});

describe('the lifetime of an entry for a login or a subject', () => {
  it.each([
    [
      'a login',
      (blocklist: Awaited<ReturnType<typeof blocking>>['blocklist']) =>
        blocklist.revokeLogin({ issuer: ISSUER, sid: 's' }),
    ],
    ['a subject', (blocklist: Awaited<ReturnType<typeof blocking>>['blocklist']) => blocklist.revokeSubject(subject)],
  ])('is that of the longest login for %s', async (_, block) => {
    const { blocklist, entries, clock } = await blocking();
    await block(blocklist);
    expect(entries[0]?.expiresAt).toBe(clock.nowSeconds() + 30 * 86_400 + 5 + 1);
  });
});

describe('operators', () => {
  it('list current entries, and prune expired ones', async () => {
    const { blocklist, clock } = await blocking();
    await blocklist.revokeToken({ subject, jti: 'short', expiresAt: clock.nowSeconds() + 10 });
    await blocklist.revokeLogin({ issuer: ISSUER, sid: 'long' });
    expect((await blocklist.list()).map(({ id }) => id).toSorted()).toEqual(['long', 'short']);
    clock.advance(20);
    expect(await blocklist.prune()).toBe(1);
    expect((await blocklist.list()).map(({ id }) => id)).toEqual(['long']);
  });
});
